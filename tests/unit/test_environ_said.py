"""What is said of an environment: every change once, and nothing that stays in silence."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, UndecidedError
from hostshift.environment import resolve
from hostshift.environment.model import Report
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)
MAP = "localhost:3307=orders:3306,127.0.0.1:6380=cache:6379"
SECRET = "Tr0ub4dor"


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hostshift")


def _lines(caplog: pytest.LogCaptureFixture, level: str = "INFO") -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelname == level]


# --- what changes -------------------------------------------------------------------------------


def test_each_changed_address_is_one_line_with_the_variables_name(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    given = {
        "ORDERS_URL": f"mysql://app:{SECRET}@localhost:3307/orders",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": "6380",
        "OTHER_URL": "mysql://db.example.com/orders",
    }
    for _ in range(3):
        hostshift.resolve_environ(given)
    changes = [line for line in _lines(caplog) if "->" in line]
    assert [line.partition(" (")[0] for line in changes] == [
        "ORDERS_URL: localhost:3307 -> orders:3306",
        "REDIS_HOST: 127.0.0.1:6380 -> cache:6379",
    ]
    assert all("HOSTSHIFT_MAP has" in line for line in changes)
    assert SECRET not in caplog.text


def test_from_env_says_it_once_and_again_when_it_changes(
    pretend: Pretend, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    monkeypatch.setenv("ORDERS_URL", f"mysql://app:{SECRET}@localhost:3307/orders")
    for _ in range(3):
        assert "@orders:3306/" in hostshift.from_env("ORDERS_URL")
    monkeypatch.setenv("ORDERS_URL", "redis://127.0.0.1:6380/0")
    for _ in range(3):
        assert hostshift.from_env("ORDERS_URL") == "redis://cache:6379/0"
    changes = [line.partition(" (")[0] for line in _lines(caplog) if "->" in line]
    assert changes == [
        "ORDERS_URL: localhost:3307 -> orders:3306",
        "ORDERS_URL: 127.0.0.1:6380 -> cache:6379",
    ]
    assert SECRET not in caplog.text


def test_report_says_what_it_would_change(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", policy=Policy(map=MAP, mode="report"))
    given = {"ORDERS_URL": "mysql://localhost:3307/orders"}
    assert hostshift.resolve_environ(given) == given
    assert "localhost:3307 -> orders:3306" in caplog.text
    assert "HOSTSHIFT_MODE=report: nothing is changed" in caplog.text


@pytest.mark.parametrize("mode", ["on", "report"])
def test_what_does_not_change_is_no_word(
    mode: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("host", policy=Policy(mode=mode))
    hostshift.resolve_environ({"ORDERS_URL": "mysql://db.example.com/orders", "A_URL": "x://"})
    assert _lines(caplog) == _lines(caplog, "WARNING") == []


# --- what is listed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "after"),
    [
        ({"REDIS_HOST": "127.0.0.1:6380"}, {"REDIS_HOST": "cache:6379"}),
        ({"WIKI_DB_HOST": "localhost:3307"}, {"WIKI_DB_HOST": "orders:3306"}),
        (
            {"WIKI_DB_HOST": "localhost:3307", "WIKI_DB_PORT": "9"},
            {"WIKI_DB_HOST": "orders:3306", "WIKI_DB_PORT": "9"},
        ),
        (
            {"MONGO_HOST": "localhost:3307,127.0.0.1:6380"},
            {"MONGO_HOST": "orders:3306,cache:6379"},
        ),
        ({"DB_SERVER": "localhost", "DB_PORT": "3307"}, {"DB_SERVER": "orders", "DB_PORT": "3306"}),
        ({"DB_HOST": "mysql://localhost:3307/d"}, {"DB_HOST": "mysql://orders:3306/d"}),
    ],
)
@pytest.mark.parametrize("by", ["name", "pattern"])
def test_a_listed_host_may_have_its_port(
    env: dict[str, str], after: dict[str, str], by: str, pretend: Pretend
) -> None:
    listed = next(iter(env)) if by == "name" else "*"
    pretend("bridge", policy=Policy(map=MAP, env=listed))
    assert hostshift.resolve_environ(env) == after


UNREADABLE = {
    "a word": {"LISTED": "soon"},
    "a host alone": {"LISTED": "localhost"},
    "a raw mark in a password": {"LISTED": f"redis://u:a#{SECRET}@localhost:3307/1"},
    "a port that is none": {"LISTED": "localhost:http"},
    "an object": {"LISTED": '{"host": "localhost"}'},
    "a list with escapes": {"LISTED": '["redis:\\/\\/127.0.0.1:6380"]'},
    "a pair with a port that is none": {"DB_HOST": "localhost", "DB_PORT": "mysql"},
    "a pair with a port out of range": {"DB_HOST": "localhost", "DB_PORT": "70000"},
    "a pair without a port": {"DB_HOST": "localhost"},
    "a pair of other numbers": {"DB_HOST": "localhost,a", "DB_PORT": "1,2,3"},
    "a host with a port that is none": {"DB_HOST": "localhost:mysql"},
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_listed_and_cannot_be_read_is_a_warning(
    kind: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    env = UNREADABLE[kind]
    pretend("bridge", policy=Policy(env=("LISTED", "DB_HOST")))
    for _ in range(2):
        assert hostshift.resolve_environ(env) == env
    (line,) = _lines(caplog, "WARNING")
    assert line.startswith(f"{next(iter(env))} stays as it is: ")
    assert "Next: " in line
    assert SECRET not in line


@pytest.mark.parametrize("kind", UNREADABLE)
def test_under_strict_it_is_an_error(kind: str, pretend: Pretend) -> None:
    env = UNREADABLE[kind]
    pretend("bridge", policy=Policy(env=("LISTED", "DB_HOST"), strict=True))
    with pytest.raises(UndecidedError, match=f"^{next(iter(env))}: ") as caught:
        hostshift.resolve_environ(env)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "env",
    [
        {"APP_DEBUG": "1"},
        {"APP_NAME": "shop"},
        {"APP_DIR": "/srv/app"},
        {"APP_RATIO": "0.5"},
        {"APP_DB_HOST": "/run/mysqld/mysqld.sock"},
        {"APP_STORE": "sqlite:///shop.db"},
        {"APP_MONGO": "mongodb+srv://cluster.example.com/d"},
        {"APP_LIST": "[]"},
        {"APP_NUMBERS": "[1, 2]"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_a_pattern_does_not_mean_what_holds_no_address(
    env: dict[str, str], pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", policy=Policy(env="APP_*"))
    assert hostshift.resolve_environ(env) == env
    assert _lines(caplog, "WARNING") == []


def test_an_address_of_a_data_service_that_cannot_be_read_is_said_unlisted(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable text says no protocol; its scheme still does."""
    env = {"ORDERS_URL": f"redis://u:a#{SECRET}@localhost:3307/1"}
    pretend("bridge")
    assert hostshift.resolve_environ(env) == env
    (line,) = _lines(caplog, "WARNING")
    assert line.startswith("ORDERS_URL stays as it is: ")
    assert SECRET not in line
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match=r"^ORDERS_URL: "):
        hostshift.resolve_environ(env)


def test_a_connection_string_in_a_variable_for_a_host_is_one(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    env = {"DB_HOST": "mysql://localhost:3307/d"}
    assert hostshift.resolve_environ(env) == {"DB_HOST": "mysql://orders:3306/d"}


@pytest.mark.parametrize("port", ["70000", "0", "mysql", "³", "99999999999"])
def test_a_pair_with_a_port_that_cannot_be_stays_everywhere(port: str, pretend: Pretend) -> None:
    env = {"DB_HOST": "localhost", "DB_PORT": port}
    for place in ("host", "bridge"):
        pretend(place, policy=Policy(map="localhost=orders:1"))
        assert hostshift.resolve_environ(env) == env


# --- exec and env -------------------------------------------------------------------------------


def _exec(*words: str, **env: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        [COMMAND, "exec", *words, "--", "true"],
        cwd="/",
        env={"PATH": PATH, "HOSTSHIFT_SOURCES": "saved", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


class TestExec:
    """Warnings are heard by default, the rest with -v."""

    ENV: dict[str, Any] = {
        "ORDERS_URL": f"mysql://app:{SECRET}@localhost:3307/orders",
        "HOSTSHIFT_MAP": MAP,
    }

    def test_changes_and_rules_without_use_are_told_with_v(self) -> None:
        assert _exec(**self.ENV) == (0, "", "")
        code, out, err = _exec("-v", **self.ENV)
        assert (code, out) == (0, "")
        lines = err.splitlines()
        assert all(line.startswith("hostshift: ") for line in lines)
        assert any("ORDERS_URL: localhost:3307 -> orders:3306 (" in line for line in lines)
        unused = "HOSTSHIFT_MAP: 127.0.0.1:6380=cache:6379 matched no address of the environment"
        assert [line for line in lines if "matched no" in line] == [f"hostshift: {unused}"]
        assert SECRET not in err

    def test_rules_are_told_where_there_is_no_address_at_all(self) -> None:
        _, _, err = _exec("-v", HOSTSHIFT_MAP=MAP, PUBLIC_URL="http://localhost")
        assert err.count("matched no address") == 2

    def test_an_environment_without_an_address(self) -> None:
        code, _, err = _exec("-v", PUBLIC_URL="http://localhost")
        assert code == 0
        for part in ("no variable holds an address", "HOSTSHIFT_ENV", "integration"):
            assert part in err
        assert _exec(PUBLIC_URL="http://localhost") == (0, "", "")

    def test_entries_of_the_list_that_name_nothing_are_told_with_v(self) -> None:
        env = {"HOSTSHIFT_ENV": "LISTED,NO_SUCH_*,-TYPO", "LISTED": "redis://db.example.com"}
        assert _exec(**env) == (0, "", "")
        _, _, err = _exec("-v", **env)
        told = [line for line in err.splitlines() if "names no variable" in line]
        assert [line.split()[2] for line in told] == ["NO_SUCH_*", "-TYPO"]
        assert "names no variable" not in _exec("-v", HOSTSHIFT_MODE="off", **env)[2]

    def test_a_warning_is_readable(self) -> None:
        code, out, err = _exec(HOSTSHIFT_ENV="LISTED", LISTED="soon")
        assert (code, out) == (0, "")
        assert err.startswith("hostshift: warning: LISTED stays as it is: ")
        assert err.count("\n") == 1

    def test_under_strict_nothing_is_started(self) -> None:
        code, _, err = _exec(HOSTSHIFT_ENV="LISTED", LISTED="soon", HOSTSHIFT_STRICT="1")
        assert code == 2
        assert err.startswith("hostshift: LISTED: ")


def test_env_tells_rules_without_use() -> None:
    env = {"PATH": PATH, "HOSTSHIFT_MAP": MAP, "ORDERS_URL": "mysql://localhost:3307/orders"}
    ran = subprocess.run(
        [COMMAND, "-v", "env"], cwd="/", env=env, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "export ORDERS_URL=mysql://orders:3306/orders\n"
    assert ran.stderr.count("matched no address") == 1


# --- what clients log in with -------------------------------------------------------------------

CREDENTIALS = {"login": "localhost", "password": "localhost:5432", "schema": "localhost"}


@pytest.mark.parametrize("kind", ["postgres", "http", "some"])
def test_what_a_client_logs_in_with_is_no_address_and_no_error(
    pretend: Pretend, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG, "hostshift")
    pretend("bridge", policy=Policy(map="localhost=db", strict=True))
    fields = {"conn_type": kind, "host": "localhost", "port": 5432, **CREDENTIALS}
    after = hostshift.resolve_environ({"AIRFLOW_CONN_X": json.dumps(fields)})
    assert json.loads(after["AIRFLOW_CONN_X"]) == {**fields, "host": "db"}
    assert "LOGIN" not in caplog.text
    assert "PASSWORD" not in caplog.text


def test_a_pattern_makes_no_address_of_what_a_client_logs_in_with(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="localhost=db", env="BACKEND_*"))
    given = {f"BACKEND_{name.upper()}": value for name, value in CREDENTIALS.items()}
    after = hostshift.resolve_environ({**given, "BACKEND_AT": "localhost:1"})
    assert after == {**given, "BACKEND_AT": "db:1"}


def test_a_pair_of_an_unknown_service_has_a_line_with_how_to_list_it(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="localhost=db"))
    report = Report()
    given = {"FOO_HOST": "localhost", "FOO_PORT": "5432", "HOST": "localhost", "PORT": "1"}
    assert resolve.resolved(given, resolver.current(), report=report) == {}
    listing = "if only clients dial it, list the pair: HOSTSHIFT_ENV=FOO_HOST:FOO_PORT"
    assert len(report.lines) == 1
    assert report.lines[0].startswith("FOO_HOST stays as it is: its name does not show")
    assert report.lines[0].endswith(f"Next: {listing}")


def test_env_explain_tells_entries_of_the_list_that_name_nothing() -> None:
    env = {"PATH": PATH, "HOSTSHIFT_ENV": "A_URL,B_URL", "A_URL": "redis://db.example.com"}
    ran = subprocess.run(
        [COMMAND, "env", "--explain"], cwd="/", env=env, capture_output=True, text=True, check=True
    )
    told = [line for line in ran.stdout.splitlines() if "names no variable" in line]
    assert told == ["HOSTSHIFT_ENV: B_URL names no variable of the environment"]
