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
    assert "DB_HOST stays as it is: it holds a port, and DB_PORT holds another" in caplog.text
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
