"""Connection strings as text: every vector, and the laws of splicing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostshift
from hostshift import Policy, UnknownDialectError, dsn

FILES = sorted((Path(__file__).parent.parent / "vectors").glob("*.json"))
VECTORS: list[dict[str, Any]] = [
    vector for file in FILES for vector in json.loads(file.read_text(encoding="utf-8"))
]
SHIFTED = ("db.test", 15999)


def test_vector_ids_are_unique() -> None:
    ids = [vector["id"] for vector in VECTORS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_endpoints(vector: dict[str, Any]) -> None:
    reading = dsn.read(vector["text"], vector.get("dialect"))
    found = [[end.host, end.effective_port] for end in reading.endpoints]
    assert found == vector["hosts"]
    assert vector.get("trouble", "") in reading.trouble
    assert bool(reading.trouble) == ("trouble" in vector)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_splicing(vector: dict[str, Any]) -> None:
    text = vector["text"]
    ends = dsn.read(text, vector.get("dialect")).endpoints
    if ends and "shifted" not in vector:  # a place that cannot hold such a port
        with pytest.raises(dsn.Unwritable):
            dsn.splice(text, ends, [SHIFTED] * len(ends))
        return
    assert dsn.splice(text, ends, [SHIFTED] * len(ends)) == vector.get("shifted", text)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_splicing_the_same_is_identity(vector: dict[str, Any]) -> None:
    text = vector["text"]
    ends = dsn.read(text, vector.get("dialect")).endpoints
    same = [(end.host, end.effective_port) for end in ends]
    assert dsn.splice(text, ends, same) == text


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_masking(vector: dict[str, Any]) -> None:
    text = vector["text"]
    assert dsn.mask(text, dsn.read(text, vector.get("dialect"))) == vector["masked"]


def test_ipv6_goes_into_brackets() -> None:
    ends = dsn.read("redis://localhost/0").endpoints
    assert dsn.splice("redis://localhost/0", ends, [("fd00::1", 6379)]) == "redis://[fd00::1]/0"


@pytest.mark.parametrize(
    "text", ["sqlserver://sa:a;b@localhost:1433", "mssql://sa:a;b@localhost/d"]
)
def test_a_semicolon_in_a_password_is_no_property(text: str) -> None:
    assert [end.host for end in dsn.read(text).endpoints] == ["localhost"]


def test_an_unknown_dialect_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UnknownDialectError, match="libpq"):
        dsn.read("redis://localhost", "klingon")


def test_a_default_port_of_the_consumer_is_taken() -> None:
    (end,) = dsn.read("mongodb://localhost/x", default_port=27018).endpoints
    assert end.effective_port == 27018


SCHEMES = ("mongodb", "postgresql", "redis", "amqp", "http", "mysql+pymysql", "acme")
WORD = st.text(st.sampled_from("abcxyz019-._~%25"), min_size=1, max_size=8)
PASSWORD = st.text(st.characters(codec="utf-8", exclude_characters="@:/?#\\[],"), max_size=12)
HOST = st.sampled_from(("localhost", "127.0.0.1", "[::1]", "db", "a-b.c_d", "LocalHost"))
PORT = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))


@st.composite
def uris(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return a URI as (before the address, address, behind it)."""
    before = f"{draw(st.sampled_from(SCHEMES))}://"
    if draw(st.booleans()):
        before += f"{draw(WORD)}:{draw(PASSWORD)}@"
    behind = f"/{draw(WORD)}?{draw(WORD)}=localhost" if draw(st.booleans()) else ""
    return before, draw(HOST) + draw(PORT), behind


@given(uris())
def test_only_the_address_changes(parts: tuple[str, str, str]) -> None:
    before, address, behind = parts
    text = before + address + behind
    reading = dsn.read(text)
    if reading.trouble:  # control characters in a password
        assert not reading.endpoints
        return
    spliced = dsn.splice(text, reading.endpoints, [SHIFTED])
    assert spliced == f"{before}db.test:15999{behind}"
    again = dsn.read(spliced).endpoints
    assert [(end.host, end.effective_port) for end in again] == [SHIFTED]


@given(st.text(max_size=60) | st.text(st.sampled_from("ab:/@[]?#%,.1&="), max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for scheme in ("", *(f"{scheme}://" for scheme in SCHEMES)):
        whole = scheme + text
        reading = dsn.read(whole)
        same = [(end.host, end.effective_port) for end in reading.endpoints]
        assert dsn.splice(whole, reading.endpoints, same) == whole
        dsn.mask(whole, reading)


@given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=20), st.sampled_from(SCHEMES))
def test_a_password_never_shows(password: str, scheme: str) -> None:
    text = f"{scheme}://u:{password}@h/d"
    shown = dsn.mask(text, dsn.read(text))
    shown = shown.removeprefix(f"{scheme}://").removeprefix("u:")
    assert password not in shown.replace("@h/d", "")


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("http://localhost:8000/a@b", ["localhost"]),
        ("http://db:8000/@scope/package/@x", ["db"]),
        ("redis://10.0.0.5/0@x", ["10.0.0.5"]),
        ("redis://[fd00::5]/0@x", ["fd00::5"]),
        ("amqp://host.docker.internal/v@x", ["host.docker.internal"]),
        ("postgresql://db/x?application_name=me@example.com", ["db"]),
        ("mongodb://a:b@a.example:10255/?ssl=true&appName=@a@", ["a.example"]),
        ("nats://tok@a:1,nats://tok@b:2", ["a", "b"]),
        ("http://u:p@db/?a=b&mail=me@example.com&c=d:e/f", ["db"]),
        ("http://u:a@hunter2?host=b@localhost:5432/", []),
        ("http://u:a@hunter2?host=b@localhost", []),
        ("http://u:a@hunter2/?host=b@localhost:5432", []),
        ("http://u:a@hunter2/x?host=b@localhost/x", []),
        ("http://u:a@hunter2/?b=c&host=b@localhost:5432/", []),
        ("etcd://u:a@hunter2?host=b@localhost:5432/", []),
        ("elasticsearch://u:a@hunter2?host=b@localhost:5432/", []),
        ("mongodb://u:a@hunter2?host=b@localhost:5432/", []),
        ("nats://u:a@hunter2?host=b@localhost:5432/", []),
        ("clickhouse://u:a@hunter2?h=b@localhost:5432/", []),
        ("grpc://u:a@hunter2?host=b@localhost:5432/", []),
        ("http://u:a@hunter2/@localhost:5432/x", []),
        ("redis://1234/5@x/0", []),
        ("redis://db/0@x", []),
        ("redis://db/0?a@x", []),
        ("redis://db/0?a=b#c@x", []),
        ("http://db/a@x", []),
    ],
)
def test_an_at_behind_the_host(text: str, hosts: list[str]) -> None:
    """It may end a password, unless the host is plainly one or the @ is a parameter's.

    A parameter's has a path before the parameters, and neither a port nor a path behind it.
    """
    found = dsn.read(text)
    explained = hostshift.explain(
        text, policy=Policy(mode="report", probe="never", sources="saved")
    )
    assert "hunter2" not in f"{explained} {explained!r}"
    assert [end.host for end in found.endpoints] == hosts
    assert bool(hosts) != bool(found.trouble)
    reasons = ("an @ stands behind", "a parameter names another address")
    assert hosts or any(reason in found.trouble for reason in reasons)
