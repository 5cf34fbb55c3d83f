"""The password file: read as libpq reads it, and what drivers are given of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from hostshift import Policy
from hostshift.drivers import libpq, pgpass
from tests.integrations.drivers import stand_in

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift_pytest import Pretend

MOVED = Policy(map="localhost:15432=10.0.0.1:5432,localhost:15433=10.0.0.2:5432")
LINE = "localhost:15432:app:app:s3cret"
LIBPQ = ["psycopg", "psycopg2"]


def asked(**parameters: Any) -> str:
    """Ask libpq itself: what is no number is not dialled, and the password is known by then."""
    conninfo = make_conninfo(**parameters, hostaddr="-")
    return pq.PGconn.connect_start(conninfo.encode()).password.decode()


def write(path: Path, *lines: str) -> None:
    path.touch()
    path.chmod(0o600)
    path.write_bytes("\n".join(lines).encode())


fields = st.lists(
    st.sampled_from(["*", "a", "b", "5432", "15432", ":", "\\", "\\:", "\\\\", "ä", "#", " ", ""]),
    max_size=4,
).map("".join)
words = st.sampled_from(["*", "a", "a\\:b", "\\a", "a\\\\b"])
likely = st.tuples(words, st.sampled_from(["*", "15432"]), words, words, fields)
lines = likely.map(":".join) | st.lists(fields, max_size=7).map(":".join)


@given(
    text=st.lists(lines, max_size=6).map("\n".join),
    ends=st.sampled_from(["", "\n", "\r\n", "\r\r"]),
    host=st.sampled_from(["a", "a:b", "ä", "*", "b"]),
    names=st.tuples(*[st.sampled_from(["a", "a:b", "a\\b", "*", "15432"])] * 2),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_read_as_libpq_reads_it(
    tmp_path: Path, text: str, ends: str, host: str, names: tuple[str, str]
) -> None:
    file = tmp_path / "pgpass"
    write(file, text + ends)
    given = {"passfile": str(file), "dbname": names[0], "user": names[1]}
    ours = pgpass.password(given, host, 15432) or ""
    assert ours == asked(**given, host=host, port=15432)


@pytest.mark.parametrize(
    ("line", "parameters", "variables"),
    [
        ("a:5432:d:u:x", {"dbname": "d", "user": "u"}, {}),
        ("a:5432:d:d:x", {}, {"PGUSER": "d"}),
        ("a:5432:e:d:x", {}, {"PGUSER": "d", "PGDATABASE": "e"}),
        ("a:5432:u:u:x", {"user": "u"}, {}),
        ("a:5432:f:u:x", {"user": "u", "dbname": "f"}, {"PGDATABASE": "e", "PGUSER": "v"}),
        ("a:5432:*:*:x", {}, {}),
    ],
)
@pytest.mark.parametrize("way", ["parameter", "variable", "home"])
def test_what_libpq_takes_where_nothing_is_said(
    line: str,
    parameters: dict[str, str],
    variables: dict[str, str],
    way: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PGUSER", "PGDATABASE", "PGPASSFILE", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**variables, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / (".pgpass" if way == "home" else "file")
    write(file, "b:*:*:*:y", line)
    if way == "variable":
        monkeypatch.setenv("PGPASSFILE", str(file))
    given = {**parameters, **({"passfile": str(file)} if way == "parameter" else {})}
    assert pgpass.password(given, "a", None) == asked(**given, host="a") == "x"


@pytest.mark.parametrize("kind", ["readable by others", "a directory", "missing"])
def test_a_file_that_libpq_does_not_read(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    if kind == "readable by others":
        write(file, "*:*:*:*:x")
        file.chmod(0o640)
    elif kind == "a directory":
        file.mkdir()
    given = {"passfile": str(file), "user": "u"}
    assert pgpass.password(given, "a", 1) is None
    assert asked(**given, host="a", port=1) == ""


def test_what_no_driver_could_write_is_none(tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    file.write_bytes(b"*:*:*:*:s3cr\xe9t")
    file.chmod(0o600)
    assert pgpass.password({"passfile": str(file), "user": "u"}, "a", 1) is None


def test_libpq_says_nothing_of_the_file_that_cannot_be(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert asked(passfile=pgpass.NO_FILE, host="a", user="u") == ""
    assert capfd.readouterr().err == ""


class Stop(Exception):  # noqa: N818 - ends a connect before the network
    """Raised in the driver's place."""


def dialled(driver: str, query: str = "", **arguments: Any) -> dict[str, Any]:
    """Connect and return what the driver would have got."""
    make: Any = create_async_engine if driver == "asyncpg" else create_engine
    host = "" if "host=" in query else "localhost:15432"
    url = f"postgresql+{driver}://app@{host}/app{query}"
    engine = make(url, plugins=["hostshift"], **arguments)
    seen: list[dict[str, Any]] = []

    def stop(*_: Any, **parameters: Any) -> Any:
        seen.append(parameters)
        raise Stop

    stand_in(engine.dialect, stop)
    with pytest.raises(Stop):
        asyncio.run(_connect(engine)) if driver == "asyncpg" else engine.connect()
    return seen[0]


async def _connect(engine: Any) -> None:
    async with engine.connect():
        pass


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    file = tmp_path / "pgpass"
    monkeypatch.setenv("PGPASSFILE", str(file))
    return file


@pytest.mark.parametrize("driver", [*LIBPQ, "asyncpg"])
def test_the_password_of_the_configured_port(
    driver: str, file: Path, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write(file, "localhost:5432:*:*:other", LINE)
    pretend("bridge", policy=MOVED)
    got = dialled(driver)
    assert (got["port"], got["password"]) == (5432, "s3cret")
    assert "passfile" not in got
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("driver", LIBPQ)
def test_another_servers_line_is_not_for_libpq_to_find(
    driver: str, file: Path, pretend: Pretend
) -> None:
    write(file, "localhost:5432:*:*:other")
    pretend("bridge", policy=MOVED)
    got = dialled(driver)
    assert "password" not in got
    assert asked(host="localhost", port=5432, user="app", passfile=got["passfile"]) == ""


@pytest.mark.parametrize("driver", [*LIBPQ, "asyncpg"])
@pytest.mark.parametrize("how", ["parameter", "variable"])
def test_a_password_that_is_given_stays(
    driver: str, how: str, file: Path, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, LINE)
    pretend("bridge", policy=MOVED)
    if how == "variable":
        monkeypatch.setenv("PGPASSWORD", "given")
    arguments = {"password": "given"} if how == "parameter" else {}
    got = dialled(driver, connect_args=arguments)
    assert got.get("password") == arguments.get("password")
    assert "passfile" not in got


@pytest.mark.parametrize(
    ("second", "given"),
    [("s3cret", {"password": "s3cret"}), ("another", {})],
)
def test_several_hosts_have_one_password_or_none(
    second: str, given: dict[str, str], file: Path, pretend: Pretend
) -> None:
    """One is all that libpq takes; those whose port stays it finds by itself."""
    write(file, LINE, f"localhost:15433:app:app:{second}")
    pretend("bridge", policy=MOVED)
    got = dialled("psycopg", "?host=localhost:15432&host=localhost:15433")
    assert got["hostaddr"] == "10.0.0.1,10.0.0.2"
    assert {name: got[name] for name in ("password", "passfile") if name in got} == given


def test_the_file_is_not_read_where_ports_stay(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There libpq finds the line by itself."""
    write(file, "*:*:*:*:s3cret")
    monkeypatch.delattr(pgpass, "password")
    got = libpq.parameters({"user": "u"}, [("localhost", 5432)], [("10.0.0.1", 5432)])
    assert got == {"host": "localhost", "hostaddr": "10.0.0.1", "port": 5432}


def test_a_file_without_an_end_takes_little_memory(tmp_path: Path) -> None:
    """A sparse file takes no place on the disk, and its only line may have any length."""
    file = tmp_path / "pgpass"
    write(file, LINE, "localhost:5432")
    with file.open("r+b") as sparse:
        sparse.truncate(1 << 36)
    parameters = {"passfile": str(file), "user": "app", "dbname": "app"}
    assert pgpass.password(parameters, "localhost", 15432) == "s3cret"
    assert pgpass.password(parameters, "localhost", 5432) is None
