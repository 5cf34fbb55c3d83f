"""A text in the place of a host may hold a password: nobody looks it up, and nobody shows it."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostshift
from hostshift import Policy
from hostshift.base import redaction
from hostshift.base.addresses import ipv6_value, is_host
from hostshift.cli import main
from hostshift.discovery.engine import tcp
from hostshift.discovery.engine.chosen import Choice
from hostshift.discovery.engine.problems import Problem
from hostshift.drivers import libpq
from hostshift.drivers.dialer import Dialer
from hostshift.drivers.visitors import Explaining, Resolving
from hostshift.machine import name_lookup
from hostshift.resolution import readiness, resolver
from hostshift.routing.model import Address, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2"
TEXTS = [
    f"host=db password={SECRET}",
    f"Server=db;Password={SECRET}",
    f"{SECRET}@db",
    f"u:{SECRET}@db",
    f"u:{SECRET}@db:5432",
    f"db?password={SECRET}",
    f"db/x?password={SECRET}",
    f"db;PWD={SECRET}",
    f"//u:{SECRET}@db",
    f"db\\{SECRET}",
    f"db,u:{SECRET}@x",
    f"[{SECRET}]",
    f"{SECRET}:5432:x",
    f"a{SECRET}" * 40,
]
POLICIES = [
    Policy(),
    Policy(strict=True),
    Policy(mode="report"),
    Policy(isolation="docker", network="own", naming="docker"),
    Policy(isolation="docker", network="own", naming="docker", strict=True),
    Policy(map="localhost=db", env=("PGHOST", "DB_HOST", "REDIS_HOST")),
]
VARIABLES = ("PGHOST", "DB_HOST", "MYSQL_HOST", "REDIS_HOST", "DATABASE_SERVER")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Return the names that are looked up. No engine answers here."""
    names: list[str] = []

    def look_up(host: object, *_: object, **__: object) -> list[object]:
        names.append(str(host))
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    caplog.set_level(logging.DEBUG)
    yield names
    assert [name for name in names if SECRET in name] == []
    assert SECRET not in caplog.text


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("text", TEXTS)
def test_a_variable_for_a_host(name: str, policy: Policy, text: str) -> None:
    port = {"PGHOST": "PGPORT"}.get(name, name.replace("HOST", "PORT").replace("SERVER", "PORT"))
    for environ in ({name: text}, {name: text, port: "5432"}, {name: "db", port: text}):
        assert _refused_or_same(environ, policy) == ""


def _refused_or_same(environ: dict[str, str], policy: Policy) -> str:
    """Return the error of STRICT if it shows the secret."""
    try:
        after = hostshift.resolve_environ(dict(environ), policy=policy)
    except hostshift.UndecidedError as error:
        shown = f"{error}{error.__dict__}"
        return shown if SECRET in shown else ""
    return "" if after == environ else "it changed"


def test_it_shows_the_shape_of_what_is_no_host(caplog: pytest.LogCaptureFixture) -> None:
    hostshift.resolve_environ({"PGHOST": TEXTS[0]})
    assert (
        "PGHOST stays as it is: its value 'xxxx=xx xxxxxxxx=xxxxxx9' is not a host" in caplog.text
    )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("policy", POLICIES[:5], ids=str)
def test_a_host_of_a_call_a_driver_or_a_setting(text: str, policy: Policy) -> None:
    place = resolver.enter(resolver.Resolver(policy=policy))
    try:
        assert hostshift.resolve_address(text, 5432) == (text, 5432)
        decision = Dialer("postgresql", "a test").decide(text, 5432)
        assert (decision.after.host, decision.target.kind) == (text, "elsewhere")
        route = Route(address=decision.after, certainty="known", reason="")
        shown = [repr(decision), json.dumps(decision.as_dict()), str(route), str(decision.after)]
        assert [part for part in shown if SECRET in part] == []
        assert Resolving().pair("EMAIL_HOST", text, 5432, "smtp") == (text, 5432)
        explaining = Explaining()
        explaining.pair("EMAIL_HOST", text, 5432, "smtp")
        for _, found in explaining.explained:
            assert SECRET not in f"{found}{found!r}{found.as_dict()}{found.reading!r}"
    finally:
        resolver.leave(place)


@pytest.mark.parametrize("text", TEXTS)
def test_whoever_looks_names_up(text: str, asked: list[str]) -> None:
    assert name_lookup.lookup(text) == ()
    assert readiness.is_ready(text, 5432, "postgresql") is False
    with pytest.raises(OSError, match="could not translate host name") as caught:
        libpq._numbers(text, 5432)
    assert SECRET not in str(caught.value)
    assert asked == []


@pytest.mark.parametrize("host", [f"db;pwd={SECRET}", f"db password={SECRET}", f"db={SECRET}"])
def test_an_engine_of_such_a_name(host: str) -> None:
    choice = Choice(where="DOCKER_HOST", url=f"tcp://{host}:2375")
    with pytest.raises(Problem) as caught:
        tcp.judge(choice, (), name_lookup.lookup)
    assert SECRET not in str(caught.value.what)


def test_the_command_waits_and_shows_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS:
        problem = readiness.wait("X", {"X": text}, 0)
        assert problem
        assert SECRET not in problem
    assert main(["-v", "explain", "--dialect", "hosts", "--", TEXTS[2]]) == 0
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err


def test_a_place_to_pretend_that_is_a_connection_string() -> None:
    from hostshift.testing import pretend

    with pytest.raises(ValueError, match="does not exist") as caught, pretend(TEXTS[1]):
        pass
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "db", "db.", "shop-db-1", "shop_db_1", "a.b-c_d.example", "_sip._tcp.x", "DB"),
        *("127.0.0.1", "127.1", "0x7f.1", "2130706433", "::", "::1", "fe80::1%eth0", "1::"),
        *("::ffff:127.0.0.1", "2001:db8::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4"),
        *("müller.example", "例え.jp", "उदाहरण.परीक्षा", "xn--mller-kva.example"),
    ],
)
def test_what_is_a_host(text: str) -> None:
    assert is_host(text)
    assert redaction.host(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        *("a b", "a:b", "a:deadbeef:5432", "face:b00c:1", "1:2:3:4:5:6:7", "1::2::3", ":", ":::"),
        *(
            "1:2:3:4:5:6:7:8:9",
            "::1%a b",
            "a\nb",
            "a\0b",
            "a*",
            "(local)",
            "a\uff20b",
            "a$b",
            "é@db",
        ),
    ],
)
def test_what_is_no_host(text: str) -> None:
    assert not is_host(text)
    assert redaction.host(text) == redaction.shape(text)


@given(st.text("0123456789abcdefF:.", max_size=40) | st.ip_addresses(v=6).map(str))
def test_each_ipv6_address_is_a_host(text: str) -> None:
    if ipv6_value(text) is not None:
        assert is_host(text)


def test_an_address_of_other_types_shows_no_value() -> None:
    given: list[tuple[Any, Any]] = [
        (SECRET.encode(), 1),
        ([SECRET], None),
        ("db", f"x{SECRET}"),
        ("db", [1]),
    ]
    for host, port in given:
        address = Address(host=host, port=port)
        for shown in (str(address), repr(address), json.dumps(address.as_dict())):
            assert SECRET not in shown
    assert str(Address(host="::1", port=1)) == "[::1]:1"
    assert repr(Address(host="db", port=1)) == "Address(host='db', port=1)"
    assert repr(Address.__new__(Address)) == "Address()"
