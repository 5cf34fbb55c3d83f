"""One dial: decided, logged, refused, and looked again for where the connect fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from hostshift import Policy, UndecidedError
from hostshift.drivers.databases import DatabaseDialer
from hostshift.drivers.dial import Dial
from hostshift.drivers.dialer import Dialer
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift.routing.model import Address, Decision, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

GATEWAY = "172.17.0.1"


class Refused(Exception):  # noqa: N818 - what a client's users know
    """The error of a client."""


class OwnDialer(Dialer):
    """A dialer with an error of its own."""

    def refusal(self, error: OSError) -> Exception:
        return Refused(str(error))


def _dialer() -> Dialer:
    return Dialer("postgresql", "a client")


def _sync(dialer: Dialer, port: int, host: str = "localhost") -> tuple[str, int]:
    with Dial(dialer, host, port) as address:
        return address


def _async(dialer: Dialer, port: int, host: str = "localhost") -> tuple[str, int]:
    async def dial() -> tuple[str, int]:
        async with Dial(dialer, host, port) as address:
            return address

    return asyncio.run(dial())


WAYS: dict[str, Callable[..., tuple[str, int]]] = {"sync": _sync, "async": _async}
both = pytest.mark.parametrize("way", WAYS)


@both
def test_it_dials_where_the_address_is_and_logs_that_once(
    pretend: Pretend, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.INFO, "hostshift")
    pretend("bridge", answers=[f"{GATEWAY}:5432"])
    for _ in range(2):
        assert WAYS[way](_dialer(), 5432) == (GATEWAY, 5432)
        assert _dialer().locate("localhost", 5432) == (GATEWAY, 5432)
    lines = [line for line in caplog.messages if " -> " in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"localhost:5432 -> {GATEWAY}:5432 for a client (")


def test_only_what_has_to_be_looked_up_takes_a_thread(pretend: Pretend) -> None:
    """What nothing can change is known after the first dial; the rest is looked up each time."""
    where: list[threading.Thread] = []

    class Spy(Dialer):
        def decide(self, host: str, port: int | None) -> Decision:
            where.append(threading.current_thread())
            return super().decide(host, port)

    dialer = Spy("postgresql", "a client")
    pretend("bridge", policy=Policy(map="db:5432=other:1"), answers=[f"{GATEWAY}:5432"])
    for _ in range(3):
        assert _async(dialer, 5432, "db") == ("other", 1)
    assert len(where) == 1
    for _ in range(3):
        assert _async(dialer, 5432) == (GATEWAY, 5432)
    assert len(where) == 4
    assert threading.main_thread() not in where
    _sync(dialer, 5432)
    assert where[-1] is threading.main_thread()


@pytest.mark.parametrize(
    ("host", "looks"),
    [("localhost", 1), ("not-yet-there", 1), ("declared", 1), ("db.example.com", 0)],
)
@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt, asyncio.CancelledError])
def test_a_connect_that_fails_looks_again(
    pretend: Pretend, host: str, looks: int, error: type[BaseException]
) -> None:
    """Whatever the driver's error, and for a time-out that cancels. What is elsewhere stays."""
    pretend("bridge", policy=Policy(map="declared=other"), answers=[f"{GATEWAY}:5432"])

    def fail() -> None:
        with Dial(_dialer(), host, 5432):
            raise error

    async def fail_async() -> None:
        async with Dial(_dialer(), host, 5432):
            raise error

    with mock.patch.object(resolver.current(), "look_again") as look:
        with pytest.raises(error):
            fail()
        assert look.call_count == looks
        with pytest.raises(error):
            asyncio.run(fail_async())
        assert look.call_count == 2 * looks


def test_a_connect_that_succeeds_looks_at_nothing_again(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{GATEWAY}:5432"])
    with mock.patch.object(resolver.current(), "look_again") as look:
        for way in WAYS.values():
            way(_dialer(), 5432)
    assert not look.called


def _misleading(monkeypatch: pytest.MonkeyPatch) -> None:
    def dial(host: str, port: int | None, protocol: str = "") -> Decision:
        del protocol
        address = Address(host=host, port=port)
        return Decision(
            before=address,
            after=address,
            target=Target(kind="undecided"),
            certainty="assumed",
            reason="another project answers",
            misleads=True,
            settled=False,
        )

    monkeypatch.setattr(resolver.current(), "dial", dial)


@both
@pytest.mark.parametrize(("kind", "error"), [(Dialer, WrongServerError), (OwnDialer, Refused)])
def test_what_leads_to_another_server_is_refused(
    pretend: Pretend,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    kind: type[Dialer],
    error: type[Exception],
) -> None:
    pretend("bridge")
    _misleading(monkeypatch)
    with (
        mock.patch.object(resolver.current(), "look_again") as look,
        pytest.raises(error, match=r"another project answers.*HOSTSHIFT_MAP=") as refused,
    ):
        WAYS[way](kind("postgresql", "a client"), 5432)
    assert look.call_count == 1
    assert error is WrongServerError or isinstance(refused.value.__cause__, WrongServerError)


@both
def test_mode_report_dials_as_it_is_written(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """That mode changes nothing, and so refuses nothing."""
    pretend("bridge", policy=Policy(mode="report"))
    _misleading(monkeypatch)
    assert WAYS[way](_dialer(), 5432) == ("localhost", 5432)


@both
def test_strict_raises_and_looks_again(pretend: Pretend, way: str) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with (
        mock.patch.object(resolver.current(), "look_again") as look,
        pytest.raises(UndecidedError),
    ):
        WAYS[way](_dialer(), 5432)
    assert look.call_count == 1


class OperationalError(Exception):
    """A database driver's own."""


@pytest.mark.parametrize(
    ("driver", "number"),
    [("psycopg", None), ("pymysql", 0), ("mysqldb", 0), ("mysqlconnector", 1), ("pg8000", None)],
)
def test_the_error_of_a_database_driver(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, driver: str, number: int | None
) -> None:
    """MySQL's drivers have a number in it, which retries look for."""
    pretend("host")
    _misleading(monkeypatch)
    dialer = DatabaseDialer(driver, "mysql", "a client", OperationalError)
    with pytest.raises(OperationalError) as refused:
        dialer.connect(lambda **_: pytest.fail("dialled"), {"host": "db", "port": 1})
    arguments = refused.value.args
    assert (number is None) == (2003 not in arguments)
    assert number is None or arguments[number] == 2003


def test_several_hosts_are_dialled_as_one(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", policy=Policy(map="a:1=10.0.0.1:1,b:2=10.0.0.2:3"))
    dialer = DatabaseDialer("psycopg", "postgresql", "a client", OperationalError)
    caplog.set_level(logging.INFO, "hostshift")
    given: dict[str, Any] = {"host": "a,b,c.example.com", "port": "1,2,5432", "user": "u"}
    moved = dialer.connect(lambda **parameters: parameters, given)
    assert moved == dialer.dials(given).locate()
    del moved["passfile"]
    hosts = {"hostaddr": "10.0.0.1,10.0.0.2,", "port": "1,3,5432"}
    assert moved == {**given, **hosts}
    assert [line.partition(" (")[0] for line in caplog.messages if " -> " in line] == [
        "a:1 -> 10.0.0.1:1 for a client",
        "b:2 -> 10.0.0.2:3 for a client",
    ]


def test_parameters_without_a_host_reach_the_driver_as_they_are(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{GATEWAY}:5432"])
    dialer = DatabaseDialer("psycopg", "postgresql", "a client", OperationalError)
    service: dict[str, object] = {"host": "localhost", "service": "x"}
    configured: list[dict[str, object]] = [{}, {"host": "/run/postgresql"}, service]
    for given in configured:
        assert dialer.connect(dict, given) == given
        assert dialer.configured(given) == []
