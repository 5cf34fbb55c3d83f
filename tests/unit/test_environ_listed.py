"""What HOSTSHIFT_ENV may list: names, patterns, pairs, protocols and exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, UndecidedError
from hostshift.config.readers import parse_listed
from hostshift.environment.model import Report
from hostshift.environment.resolve import resolved
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

MAP = "localhost:5432=db:5432,localhost:9200=search:9200,localhost:80=web:8080"


@pytest.mark.parametrize(
    ("listed", "env", "after"),
    [
        (
            "WHERE:WHICH",
            {"WHERE": "localhost", "WHICH": "9200"},
            {"WHERE": "search", "WHICH": "9200"},
        ),
        (
            "WHERE:WHICH=postgresql",
            {"WHERE": "localhost"},
            {"WHERE": "db"},
        ),
        ("WHERE=postgresql", {"WHERE": "localhost"}, {"WHERE": "db"}),
        ("WHERE=http", {"WHERE": "localhost:9200"}, {"WHERE": "search:9200"}),
        ("OLLAMA_HOST", {"OLLAMA_HOST": "localhost:9200"}, {"OLLAMA_HOST": "search:9200"}),
        (
            "*_AT",
            {"IT_AT": "http://localhost:9200/", "WE_AT": "noon"},
            {"IT_AT": "http://search:9200/", "WE_AT": "noon"},
        ),
        (
            "-DATABASE_URL",
            {"DATABASE_URL": "postgresql://localhost:5432/d"},
            {"DATABASE_URL": "postgresql://localhost:5432/d"},
        ),
        (
            "*_URL,-PUBLIC_*,-A_URL",
            {"A_URL": "http://localhost:9200", "B_URL": "http://localhost:9200"},
            {"A_URL": "http://localhost:9200", "B_URL": "http://search:9200"},
        ),
        (
            "-AWS_ENDPOINT_URL",
            {"AWS_ENDPOINT_URL": "http://localhost:9200", "S3_ENDPOINT": "http://localhost:9200"},
            {"AWS_ENDPOINT_URL": "http://localhost:9200", "S3_ENDPOINT": "http://search:9200"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_list_does(
    listed: str, env: dict[str, str], after: dict[str, str], pretend: Pretend
) -> None:
    pretend("bridge", policy=Policy(map=MAP, env=listed))
    assert hostshift.resolve_environ(env) == {**env, **after}


def test_a_pair_whose_new_port_no_variable_holds_stays(pretend: Pretend) -> None:
    """The program would take its own default port on the new host."""
    pretend("bridge", policy=Policy(map=MAP, env="WHERE=http"))
    assert hostshift.resolve_environ({"WHERE": "localhost"}) == {"WHERE": "localhost"}


@pytest.mark.parametrize(
    "text",
    [
        *("A=B", "A=", "A=postgres", "A:B:C", ":A", "A:", "-", "-A:B", "-A=http", "A B"),
        *("postgresql://u:s3cret@h/d", "A=redis://:s3cret@h", "A=s3cret"),
    ],
)
def test_an_entry_that_is_none_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"no name of a variable|no protocol behind") as error:
        parse_listed(text)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("value", ["${DB_URL}", "http://{{ host }}:9200", "<your host>"])
@pytest.mark.parametrize("listed", ["SEARCH_AT", ""])
def test_a_template_stays_and_is_named(
    value: str, listed: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    name = "SEARCH_AT" if listed else "ELASTICSEARCH_HOST"
    pretend("bridge", policy=Policy(map=MAP, env=listed))
    assert hostshift.resolve_environ({name: value}) == {name: value}
    assert f"{name} stays as it is: it is a template" in caplog.text
    pretend("bridge", policy=Policy(map=MAP, env=listed, strict=True))
    with pytest.raises(UndecidedError, match=f"^{name}: .*template"):
        hostshift.resolve_environ({name: value})


@pytest.mark.parametrize("listed", ["THING", "REDIS_NODES"])
def test_strict_refuses_what_is_listed_or_recognised_and_cannot_be_read(
    listed: str, pretend: Pretend
) -> None:
    env = {listed: "http://u:a#s3cret@localhost:80/x"}
    pretend("bridge", policy=Policy(map=MAP, strict=True, env="THING"))
    with pytest.raises(UndecidedError, match=f"^{listed}: ") as error:
        hostshift.resolve_environ(env)
    assert "s3cret" not in str(error.value)


def test_a_host_with_a_port_stays_beside_another_port(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    """Which of them the program takes, only the program knows."""
    pretend("bridge", policy=Policy(map=MAP))
    env = {"DB_HOST": "localhost:5432", "DB_PORT": "5433"}
    assert hostshift.resolve_environ(env) == env
    assert "DB_HOST stays as it is: it is a whole address, and DB_PORT holds another" in caplog.text
    same = {"DB_HOST": "localhost:5432", "DB_PORT": "5432"}
    assert hostshift.resolve_environ(same) == {**same, "DB_HOST": "db:5432"}


def test_each_variable_that_looks_like_an_address_has_its_line(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map=MAP, env="-SKIPPED_URL"))
    env = {
        "DATABASE_URL": "postgresql://u:s3cret@localhost:5432/d",
        "ELASTICSEARCH_HOST": "localhost",
        "PUBLIC_URL": "http://localhost:80",
        "OLLAMA_HOST": "localhost:9200",
        "LISTEN_URL": "http://localhost:80",
        "MY_URL": "http://u:s3cret@localhost:80",
        "SKIPPED_URL": "http://localhost:80",
        "S3_ENDPOINT": "https://s3.example.com",
        "PLAIN": "s3cret",
    }
    report = Report()
    resolved(env, resolver.current(), report=report)
    by_name = {line.partition(":")[0].partition(" ")[0]: line for line in report.lines}
    assert by_name.keys() == env.keys() - {"PLAIN"}
    assert by_name["DATABASE_URL"].startswith("DATABASE_URL: localhost:5432 -> db:5432 (")
    assert by_name["ELASTICSEARCH_HOST"].startswith("ELASTICSEARCH_HOST: localhost:9200 -> ")
    assert "browsers or others get it" in by_name["PUBLIC_URL"]
    assert "HOSTSHIFT_ENV=OLLAMA_HOST" in by_name["OLLAMA_HOST"]
    assert "server binds" in by_name["LISTEN_URL"]
    assert "HOSTSHIFT_ENV=MY_URL" in by_name["MY_URL"]
    assert "HOSTSHIFT_ENV excludes it" in by_name["SKIPPED_URL"]
    assert "s3.example.com:443 stays as it is" in by_name["S3_ENDPOINT"]
    assert "s3cret" not in "".join(report.lines)


@pytest.mark.parametrize(
    ("no_proxy", "warns"),
    [
        ("localhost,127.0.0.1", True),
        ("localhost:9200", True),
        ("localhost,search", False),
        ("localhost,.svc,SEARCH:9200", False),
        ("*", False),
        ("example.com", False),
    ],
)
def test_an_answer_that_leaves_no_proxy_is_a_warning(
    no_proxy: str, warns: bool, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    env = {
        "HTTP_PROXY": "http://proxy.example.com:3128",
        "NO_PROXY": no_proxy,
        "ELASTICSEARCH_URL": "http://localhost:9200",
    }
    assert hostshift.resolve_environ(env)["ELASTICSEARCH_URL"] == "http://search:9200"
    assert ("NO_PROXY does not list search" in caplog.text) is warns


@pytest.mark.parametrize(
    "env",
    [
        {"ES_HOST": "http://localhost", "ES_PORT": "9200"},
        {"QDRANT_HOST": "http://localhost:80", "QDRANT_PORT": "9200"},
        {"MYSQL_HOST": "localhost", "MYSQL_TCP_PORT": "3307"},
        {"MYSQL_HOST": "localhost", "MYSQL_TCP_PORT": "${PORT}"},
        {"MYSQL_HOST": "localhost", "MYSQL_PORT_NUMBER": "3307"},
        {"DB_JSON": '{"conn_type": "mysql", "host": "localhost"}', "MYSQL_TCP_PORT": "3307"},
        {"DD_AGENT_HOST": "localhost", "DD_TRACE_AGENT_PORT": "8127"},
        {"EMAIL_HOST": "localhost", "SMTP_PORT": "2525"},
        {"MONGO_URL": "localhost:27017/mydb"},
        {"MONGO_URL": "mongodb:localhost:27017/mydb"},
        {"DB_DSN": "mysql:host=localhost;port=x;dbname=d"},
        {"DATABASE_DSN": "user:p@tcp(127.0.0.1:x)/d"},
        {"DATABASE_URL": "host=localhost port=x dbname=d"},
        {"CELERY_BROKER_URL": "redis//localhost:6379"},
        {"ELASTICSEARCH_HOSTS": "['http://localhost:9200']"},
        {"REDIS_SENTINELS": "localhost:26379 localhost:26380"},
        {"DB_HOST": "localhost"},
        {"REDIS_HOST": "localhost", "REDIS_PORT": "abc"},
        {"DB_HOST": '"localhost"', "DB_PORT": "5432"},
    ],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items()),
)
def test_what_clients_dial_and_hostshift_cannot_read_stays_and_is_named(
    env: dict[str, str], pretend: Pretend
) -> None:
    """A port in another variable would be dialled on a host that was chosen by a default port."""
    everything = [f"172.17.0.1:{port}" for port in (25, 80, 3306, 3307, 8126, 8127, 9200)]
    pretend("bridge", answers=everything)
    report = Report()
    assert resolved(env, resolver.current(), report=report) == {}
    assert any(line.startswith(next(iter(env))) for line in report.lines)
    pretend("bridge", answers=everything, policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match=f"^{next(iter(env))}"):
        hostshift.resolve_environ(env)


@pytest.mark.parametrize(
    "env",
    [
        *({"AWS_URL": "http://localhost:9200"}, {"S3_BASE_URL": "http://localhost:9200"}),
        *({"EMAIL_BASE_URL": "http://localhost:9200"}, {"MAIL_APP_URL": "http://localhost:9200"}),
        *({"QDRANT__SERVICE__HOST": "127.0.0.1"}, {"SPARK_MASTER_HOST": "localhost"}),
        *({"SMTP_LOCAL_HOSTNAME": "localhost"}, {"REDIS_HOST": "null"}, {"MAIL_HOST": "None"}),
        {"GOTENBERG_DOCS_URL": "http://server:9200/public/"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_what_browsers_get_and_servers_bind_under_the_words_of_services_stays(
    env: dict[str, str], pretend: Pretend
) -> None:
    pretend("bridge", policy=Policy(map=f"{MAP},server:9200=search:9200"))
    assert hostshift.resolve_environ(env) == env


def test_no_line_shows_a_name_that_may_be_a_secret(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    name = "postgresql://app:s3cret@db/x?application_url"
    pretend("bridge", policy=Policy(map=MAP))
    caplog.set_level("DEBUG", "hostshift")
    report = Report()
    resolved(
        {name: "http://localhost:1", f"{name}\n_HOST": "a:1"}, resolver.current(), None, report
    )
    assert report.lines
    assert "s3cret" not in "".join(report.lines) + caplog.text
    assert not any("\n" in line for line in report.lines)
