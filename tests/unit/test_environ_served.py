"""What programs bind, or register as their address, stays under whatever service's name it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, UndecidedError
from hostshift.cli import render
from hostshift.environment import by_name, find, served
from hostshift.environment.model import Kept, Pair, Report
from hostshift.environment.resolve import resolved
from hostshift.resolution import resolver
from hostshift.testing import pretend

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
PORTS = (25, 1734, 1883, 2525, 3306, 4317, 4318, 5000, 5001, 5044, 5432, 5433, 6379, 8080, 8086)
MORE = (8125, 8500, 8888, 9090, 9091, 9411, 9464, 14317)
ANSWERS = [f"{HOST}:{port}" for port in (*PORTS, *MORE)]
VECTORS = Path(__file__).parents[1] / "vectors"


def _rows(*names: str) -> list[dict[str, Any]]:
    return list(json.loads(VECTORS.joinpath(*names).read_text(encoding="utf-8")))


def _touched(environ: dict[str, str]) -> set[str]:
    return {
        place.host if isinstance(place, Pair) else place.name for place in find.touched(environ)
    }


@pytest.mark.parametrize("row", _rows("environment", "served.json"), ids=lambda row: row["id"])
def test_what_is_the_programs_stays_with_a_line_and_what_it_dials_moves(
    row: dict[str, Any],
) -> None:
    env = row["env"]
    assert _touched(env) & set(row["stays"]) == set()
    assert set(row["touched"]) <= _touched(env)
    kept = {place.name: place for place in find.places(env) if isinstance(place, Kept)}
    assert set(row["stays"]) <= kept.keys()
    assert not any(kept[name].recognised for name in row["stays"])


@pytest.mark.parametrize(
    "row", _rows("documents", "listeners.json"), ids=lambda row: f"{row['format']}-{row['id']}"
)
def test_what_becomes_of_a_file_with_listeners(row: dict[str, Any], pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    after = render.rendered(row["text"].encode(), row["format"], "file")
    assert after.decode() == row["after"].replace("HOST:", f"{HOST}:").replace("HOST", HOST)


# --- ports in variables of other names ----------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"MYSQL_HOST": "localhost", "DB_PORT": "3307"}, "MYSQL_HOST"),
        ({"POSTGRES_HOST": "localhost", "DATABASE_PORT": "5433"}, "POSTGRES_HOST"),
        ({"REDIS_HOST": "localhost", "CACHE_PORT": "6380"}, "REDIS_HOST"),
        ({"RABBITMQ_HOST": "localhost", "BROKER_PORT": "5673"}, "RABBITMQ_HOST"),
        ({"APP_MYSQL_HOST": "localhost", "APP_DB_PORT": "3307"}, "APP_MYSQL_HOST"),
        ({"mysql.host": "localhost", "db.port": "3307"}, "mysql.host"),
        (
            {"DB_HOST": "localhost", "DB_CONNECTION": "pgsql", "POSTGRES_PORT": "5433"},
            "DB_HOST",
        ),
        ({"MYSQL_HOST": "localhost", "DB_PORT": "${P}"}, "MYSQL_HOST"),
    ],
)
def test_a_port_under_the_name_of_a_kind_speaks_against_the_default(
    env: dict[str, str], name: str
) -> None:
    (place,) = (each for each in find.places(env) if isinstance(each, Kept) and each.recognised)
    assert place.name == name
    assert "its port may be in" in place.reason
    assert _touched(env) == set()


def test_a_published_port_beside_the_name_of_a_service_is_no_error_for_strict(
    pretend: Pretend,
) -> None:
    env = {"MYSQL_HOST": "mysql", "DB_PORT": "3307"}
    pretend("bridge", names=["mysql"], policy=Policy(strict=True))
    assert hostshift.resolve_environ(env) == env


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"MYSQL_HOST": "localhost", "DB_PORT": "3306"}, "MYSQL_HOST"),
        ({"MYSQL_HOST": "localhost", "DB_HOST": "pg", "DB_PORT": "5432"}, "MYSQL_HOST"),
        ({"MYSQL_HOST": "localhost", "MYSQL_PORT": "3307", "DB_PORT": "1"}, "MYSQL_HOST"),
        ({"MYSQL_HOST": "localhost", "CACHE_PORT": "6380"}, "MYSQL_HOST"),
        ({"MYSQL_HOST": "localhost", "ORDERS_DB_PORT": "3307"}, "MYSQL_HOST"),
        ({"REDIS_HOST": "localhost", "DB_PORT": "5433"}, "REDIS_HOST"),
    ],
)
def test_the_port_of_another_server_speaks_against_nothing(env: dict[str, str], name: str) -> None:
    assert name in _touched(env)


def test_the_port_beside_a_json_list_speaks_against_it_as_against_a_text() -> None:
    beside = {"COUCHDB_PORT": "5985"}
    for value in ("http://localhost", '["http://localhost"]'):
        assert _touched({"COUCHDB_HOSTS": value, **beside}) == set()
        assert _touched({"COUCHDB_HOSTS": value}) == {"COUCHDB_HOSTS"}


HOST = "172.17.0.1"
_UNCLEAR = ["ELASTICSEARCH_URL", "ELASTICSEARCH_HOSTS", "OPENSEARCH_HOST", "CLICKHOUSE_URL"]


@pytest.mark.parametrize(
    "value",
    ["http://localhost", '["http://localhost"]', "https://localhost/", "http://localhost,http://a"],
)
@pytest.mark.parametrize("name", _UNCLEAR)
def test_a_url_without_a_port_stays_where_clients_take_different_ones(
    name: str, value: str
) -> None:
    with pretend("bridge", answers=[f"{HOST}:{port}" for port in (80, 443, 8123, 9200)]):
        assert hostshift.resolve_environ({name: value}) == {name: value}
    with pretend("bridge", policy=Policy(map="localhost=es")):
        new = value.replace("localhost", "es")
        assert hostshift.resolve_environ({name: value}) == {name: new}


@pytest.mark.parametrize("name", [*_UNCLEAR, "MILVUS_URI", "QDRANT_URL"])
@pytest.mark.parametrize("value", ["https://x.es.amazonaws.com", '["https://x.example.com"]'])
def test_strict_takes_one_of_a_hosted_service(name: str, value: str) -> None:
    with pretend("bridge", policy=Policy(strict=True)):
        assert hostshift.resolve_environ({name: value}) == {name: value}


@pytest.mark.parametrize("name", ["SMTP_HOST", "MAIL_HOST", "COCKROACH_HOST", "CLICKHOUSE_HOST"])
def test_a_host_alone_is_decided_as_far_as_that_takes_no_port(name: str) -> None:
    hosted, local = {name: "mail.example.com"}, {name: "localhost"}
    with pretend("bridge", policy=Policy(strict=True)):
        assert hostshift.resolve_environ(hosted) == hosted
        with pytest.raises(UndecidedError, match=name):
            hostshift.resolve_environ(local)
    with pretend("bridge", policy=Policy(map="localhost=mailhog")):
        assert hostshift.resolve_environ(local) == {name: "mailhog"}
    with pretend("bridge", answers=[f"{HOST}:{port}" for port in (25, 587, 8123, 26257)]):
        assert hostshift.resolve_environ(local) == local
    with pretend("host"):
        assert hostshift.resolve_environ({name: "host.docker.internal"}) == local


@pytest.mark.parametrize(
    ("port", "moves"), [("", True), ("6333", True), ("443", False), ("80", False)]
)
@pytest.mark.parametrize("listed", [(), ("QDRANT_URL",)])
def test_a_url_of_qdrant_without_a_port_is_that_of_its_client(
    port: str, moves: bool, listed: tuple[str, ...]
) -> None:
    given = {"QDRANT_URL": "http://localhost", **({"QDRANT_PORT": port} if port else {})}
    policy = Policy(env=listed)
    with pretend("bridge", answers=[f"{HOST}:80", f"{HOST}:443"], policy=policy):
        assert hostshift.resolve_environ(given) == given
    with pretend("bridge", answers=[f"{HOST}:6333"], policy=policy):
        found = hostshift.resolve_environ(given)["QDRANT_URL"]
        assert found == f"http://{HOST if moves or listed else 'localhost'}"


@pytest.mark.parametrize(
    ("before", "port"), [("MAIL_INVOICES", "25"), ("MAIL_ALERTS", "587"), ("COCKROACH_A", "26257")]
)
def test_one_of_several_is_known_by_any_of_its_usual_ports(before: str, port: str) -> None:
    given = {f"{before}_HOST": "localhost", f"{before}_PORT": port}
    with pretend("bridge", answers=[f"{HOST}:{port}"]):
        assert hostshift.resolve_environ(given)[f"{before}_HOST"] == HOST


# --- STRICT -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("REDIS_NODES", "6"), ("MYSQL_SERVER", "1"), ("CASSANDRA_NODES", "3")),
        *(("RAY_ADDRESS", "auto"), ("DB_SERVER", "enabled"), ("REDIS_SERVER", "off")),
        *(("ES_NODES", "*"), ("DB_HOSTNAME", "%"), ("GRAPHITE_HOST", "-")),
        *(("STATSD_ADDR", ":8125"), ("TRAEFIK_ENTRYPOINTS_REDIS_ADDRESS", ":6379")),
    ],
)
def test_what_is_no_host_is_no_doubt_for_strict(name: str, value: str, pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    assert hostshift.resolve_environ({name: value}) == {name: value}


@pytest.mark.parametrize(("name", "value"), [("REDIS_HOST", "re dis"), ("REDIS_ADDR", ":6379")])
def test_strict_refuses_what_a_client_may_dial(name: str, value: str, pretend: Pretend) -> None:
    """go-redis takes a port alone for one of localhost."""
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match=name):
        hostshift.resolve_environ({name: value})


# --- what is said -------------------------------------------------------------------------------


def test_in_the_mode_report_a_line_says_that_nothing_changes(pretend: Pretend) -> None:
    env = {"REDIS_URL": "redis://localhost:6379", "MYSQL_HOST": "localhost"}
    lines = {}
    for mode in ("on", "report"):
        pretend("bridge", answers=ANSWERS, policy=Policy(mode=mode))
        report = Report()
        changes = resolved(env, resolver.current(), report=report)
        assert bool(changes) == (mode == "on")
        lines[mode] = report.lines
    assert len(lines["on"]) == len(env)
    suffix = "; HOSTSHIFT_MODE=report: nothing is changed"
    assert lines["report"] == [f"{line}{suffix}" for line in lines["on"]]


@pytest.mark.parametrize(
    "name",
    [
        *("CUSTOMCONNSTR_Token", "ConnectionStrings:Token", "ConnectionStrings__Token"),
        *("AIRFLOW_CONN_TOKEN", "POSTGRESQLCONNSTR_Api"),
    ],
)
def test_a_connection_may_be_called_as_its_owner_likes(name: str) -> None:
    assert _touched({name: "http://localhost:8080"}) == {name}


def test_what_may_be_a_connection_or_a_secret_stays_with_a_line() -> None:
    url = "http://localhost:8080"
    (place,) = find.places({"AIRFLOW_CONN_HTTP_TOKEN": url, "AIRFLOW_CONN_SHOP_PASSWORD": url})
    assert isinstance(place, Kept)
    assert (place.name, place.reason) == ("AIRFLOW_CONN_HTTP_TOKEN", find.MAY_BE_A_LOGIN)


@pytest.mark.parametrize("name", ["MINIO_SECRETKEY", "REDIS_AUTH", "S3_ACCESSKEY", "NEO4J_AUTH"])
def test_a_secret_is_no_address(name: str) -> None:
    assert [*find.places({name: "localhost:6379"})] == []


def test_each_rule_has_a_word_for_which_its_table_is_loaded() -> None:
    patterns = [pattern for pattern, _, _ in served.ROWS]
    for pattern in (*patterns, *served._REGISTRIES, *served._VECTOR, "SELENIUM"):
        assert not by_name._OWN.isdisjoint(pattern.split("_")), pattern
