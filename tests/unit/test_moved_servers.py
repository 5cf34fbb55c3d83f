"""A connect that took long: its server may have moved meanwhile."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from hostshift import Policy, UndecidedError
from hostshift.drivers import dial as dials
from hostshift.drivers import peer
from hostshift.drivers.databases import DatabaseDialer
from hostshift.drivers.dial import Dial
from hostshift.drivers.dialer import Dialer
from hostshift.errors import WrongServerError
from hostshift.resolution import resolver
from hostshift.routing.model import Address, Decision, Route, Target
from hostshift.routing.outcomes import undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.routing.model import RouteRequest
    from hostshift_pytest import Pretend

OLD, NEW, OTHER = "172.18.0.5", "172.18.0.6", "172.18.0.7"


def _at(
    host: str, *, port: int = 5432, others: tuple[str, ...] = (), numbers: tuple[str, ...] = ()
) -> Decision:
    """Return the decision that the server is at an address."""
    return Decision(
        before=Address(host="localhost", port=5432),
        after=Address(host=host, port=port),
        target=Target(kind="service", name="db", port=5432),
        certainty="known",
        reason="db publishes 5432",
        alternatives=tuple(
            Route(address=Address(host=other, port=port), certainty="known", reason="")
            for other in others
        ),
        numbers=numbers,
        settled=False,
    )


def _stays(*, missing: str = "") -> Decision:
    return _at("localhost").replace(target=Target(kind="undecided"), missing=missing)


class Closed(list[str]):
    """A connection, which notes that it was closed."""

    def close(self) -> None:
        self.append("closed")

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.append("closed")


Way = Callable[[Dialer, Closed], object]


def _sync(dialer: Dialer, connection: Closed) -> object:
    dial = Dial(dialer, "localhost", 5432)
    with dial as address:
        dial.opened(connection.close)
    return address


def _async(dialer: Dialer, connection: Closed) -> object:
    async def connect() -> object:
        dial = Dial(dialer, "localhost", 5432)
        async with dial as address:
            dial.opened(connection.aclose)
        return address

    return asyncio.run(connect())


WAYS: dict[str, Way] = {"sync": _sync, "async": _async}
both = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def decided(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[Decision]], list[Decision]]:
    """Give what lets the rules decide one thing after another; it returns those left."""
    pretend("user-network")
    monkeypatch.setattr(dials, "TRUSTED", 0.0)

    def decide(decisions: list[Decision]) -> list[Decision]:
        def next_one(request: RouteRequest, _: object) -> Decision:
            decision = decisions.pop(0)
            if decision.undecided and decision.missing:
                return undecided(request, "late", missing=decision.missing)
            return decision

        monkeypatch.setattr(resolver.current(), "_decide_number", next_one)
        return decisions

    return decide


@both
@pytest.mark.parametrize(
    "now",
    [
        _at(NEW),
        _at(OLD, port=15432),
        _at(NEW, numbers=(NEW, OTHER)),
        _at(NEW, others=(OTHER,)),
        _stays(),
        _stays(missing="the engine"),
    ],
    ids=["elsewhere", "another port", "other numbers", "other routes", "gone", "nobody can say"],
)
def test_a_connection_to_an_address_that_is_not_its_any_more_is_closed(
    decided: Callable[[list[Decision]], list[Decision]], way: str, now: Decision
) -> None:
    left = decided([_at(OLD), now])
    connection = Closed()
    with pytest.raises(WrongServerError, match=rf"was at {OLD}:5432 when .* Connect again"):
        WAYS[way](Dialer("postgresql", "a client"), connection)
    assert connection == ["closed"]
    assert not left


@both
@pytest.mark.parametrize(
    "now",
    [_at(OLD), _at(NEW, numbers=(NEW, OLD)), _at(NEW, others=(OTHER, OLD))],
    ids=["there", "one of its numbers", "another route"],
)
def test_a_connection_to_an_address_that_is_still_its_stays(
    decided: Callable[[list[Decision]], list[Decision]], way: str, now: Decision
) -> None:
    left = decided([_at(OLD), now])
    connection = Closed()
    assert WAYS[way](Dialer("postgresql", "a client"), connection) == (OLD, 5432)
    assert connection == []
    assert not left


@both
@pytest.mark.parametrize("kind", ["kept", "here", "host", "elsewhere", "declared"])
def test_what_no_other_container_can_get_is_not_looked_at_again(
    decided: Callable[[list[Decision]], list[Decision]], way: str, kind: Any
) -> None:
    decided([_at(OLD).replace(target=Target(kind=kind))])
    connection = Closed()
    assert WAYS[way](Dialer("postgresql", "a client"), connection) == (OLD, 5432)
    assert connection == []


@both
def test_a_name_that_stays_is_the_drivers_own(
    decided: Callable[[list[Decision]], list[Decision]], way: str
) -> None:
    decided([_at("localhost")])
    assert WAYS[way](Dialer("postgresql", "a client"), Closed()) == ("localhost", 5432)


@both
def test_a_connect_that_is_quick_is_not_looked_at_again(
    decided: Callable[[list[Decision]], list[Decision]], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    decided([_at(OLD)])
    monkeypatch.setattr(dials, "TRUSTED", 60.0)
    assert WAYS[way](Dialer("postgresql", "a client"), Closed()) == (OLD, 5432)


def test_the_error_says_why_nobody_can_say(
    decided: Callable[[list[Decision]], list[Decision]],
) -> None:
    """Not that the server has moved: the source is named, and the next step."""
    decided([_at(OLD), _stays(missing="the engine")])
    with pytest.raises(WrongServerError, match=r"Since then, late: .*, or say where it is with"):
        _sync(Dialer("postgresql", "a client"), Closed())


@both
def test_strict_closes_it_too(pretend: Pretend, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    pretend("user-network", policy=Policy(strict=True))
    monkeypatch.setattr(dials, "TRUSTED", 0.0)
    answers: Iterator[Decision] = iter([_at(OLD), _stays()])
    monkeypatch.setattr(resolver.current(), "_decide_number", lambda *_: next(answers))
    connection = Closed()
    with pytest.raises(UndecidedError):
        WAYS[way](Dialer("postgresql", "a client"), connection)
    assert connection == ["closed"]


class TestDrivers:
    """What a driver of databases connects to is one of several hosts."""

    class OperationalError(Exception):
        """A driver's own."""

    class Connection(Closed):
        """A connection of libpq: it has a number of a socket."""

        def __init__(self, own: socket.socket) -> None:
            super().__init__()
            self._socket = own

        def fileno(self) -> int:
            return self._socket.fileno()

    def _connect(self, connection: Closed, hosts: str) -> object:
        dialer = DatabaseDialer("psycopg", "postgresql", "a client", self.OperationalError)
        ports = ",".join("5432" for _ in hosts.split(","))
        return dialer.connect(lambda **_: connection, {"host": hosts, "port": ports})

    def test_the_error_is_the_drivers_own(
        self, decided: Callable[[list[Decision]], list[Decision]]
    ) -> None:
        decided([_at(OLD), _at(NEW)])
        connection = Closed()
        with pytest.raises(self.OperationalError, match="Connect again"):
            self._connect(connection, "localhost")
        assert connection == ["closed"]

    @pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
    def test_only_the_host_that_it_connected_to_counts(
        self, decided: Callable[[list[Decision]], list[Decision]], name: str
    ) -> None:
        """The first host is down, which is why the driver has the second."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as own:
                connection = self.Connection(own)
                port = server.getsockname()[1]
                there = _at(name, port=port)
                left = decided([_at(OLD), there, there, _stays()])
                assert self._connect(connection, "a,b") is connection
                assert len(left) == 1
            assert connection == []

    def test_a_host_by_its_name_counts_by_its_port(
        self, decided: Callable[[list[Decision]], list[Decision]]
    ) -> None:
        """A published port of this machine has no number of its own."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as own:
                connection = self.Connection(own)
                port = server.getsockname()[1]
                decided([_at("localhost", port=1), _at("localhost", port=port), _at(NEW)])
                with pytest.raises(self.OperationalError, match="Connect again"):
                    self._connect(connection, "a,b")
            assert connection == ["closed"]

    def test_a_driver_that_can_end_a_connection_at_once_does_so(
        self, decided: Callable[[list[Decision]], list[Decision]]
    ) -> None:
        """The ``close()`` of asyncpg waits for the server, which may be gone."""

        class Adapter(Closed):
            def __init__(self) -> None:
                super().__init__()
                self.driver_connection = self

            def terminate(self) -> None:
                self.append("terminated")

        decided([_at(OLD), _at(NEW)])
        connection = Adapter()
        with pytest.raises(self.OperationalError, match="Connect again"):
            self._connect(connection, "localhost")
        assert connection == ["terminated"]

    def test_the_other_end_of_a_closed_connection(self) -> None:
        own = socket.socket()
        own.close()
        assert peer.address(self.Connection(own)) is None
        assert peer.address(object()) is None


def test_what_led_to_a_connect_that_failed_counts_no_longer(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look of this dial was too early: an engine sees some time after us who stopped."""
    pretend("user-network")
    looked: list[float] = []
    since: list[float] = []

    def decide(*_: object) -> Decision:
        looked.append(time.monotonic())
        return _at(OLD)

    monkeypatch.setattr(resolver.current(), "_decide_number", decide)
    monkeypatch.setattr(resolver.current(), "look_again", since.append)
    with (
        pytest.raises(OSError, match="refused"),
        Dial(Dialer("postgresql", "c"), "localhost", 5432),
    ):
        raise OSError("refused")
    assert since >= looked
    assert len(since) == len(looked) == 1
