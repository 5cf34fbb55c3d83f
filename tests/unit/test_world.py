"""What the world holds on to, for how long, and who looks where many ask."""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from hostshift import Policy, discovery
from hostshift.base import workers
from hostshift.base.deadline import Deadline
from hostshift.detect.sources import INTERFACES
from hostshift.discovery import Gap, Topology
from hostshift.machine import probe
from hostshift.machine.answers import Machine
from hostshift.machine.freshness import SHORT_PAUSE
from hostshift.testing import PLACES

if TYPE_CHECKING:
    from hostshift.routing.queries import Outcome

THREADS = 50
PORT = (("127.0.0.1", 1),)
LATE = Topology(gaps=(Gap(source="engine", where="/run/engine.sock", what="is silent"),))
BROKEN = Topology(
    gaps=(Gap(source="saved", where="hostshift.topology.json", what="is broken", passing=False),)
)
OF_ANOTHER = Topology(gaps=(LATE.gaps[0].replace(passing=False, container="blog-db-1"),))


class Looks:
    """Stands where the world sends packets: counts looks, and the most at one time."""

    def __init__(self) -> None:
        self.world, self.seconds = Machine(), 0.05
        self.asked: list[str] = []
        self.most = 0
        self.answer = Topology()
        self.fails: BaseException | None = None
        self._now: list[None] = []

    def look(self, what: str) -> None:
        self.asked.append(what)
        self._now.append(None)
        self.most = max(self.most, len(self._now))
        time.sleep(self.seconds)
        self._now.pop()
        if self.fails is not None:
            raise self.fails

    def around(self, seconds: float = 5, limit: float = 10) -> Topology:
        return self.world.look(Policy(), Deadline(seconds, limit)).around()

    def reach(self, seconds: float = 5) -> tuple[Outcome, ...]:
        return self.world.look(Policy(), Deadline(seconds)).reach(PORT)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    made = Looks()

    def discover(*_: object, **__: object) -> Topology:
        made.look("around")
        return made.answer

    def reach(*_: object) -> tuple[Outcome, ...]:
        made.look("reach")
        return ("refused",)

    def greets(*_: object) -> tuple[bool, ...]:
        made.look("greets")
        return (True,)

    monkeypatch.setattr(discovery, "discover", discover)
    monkeypatch.setattr(probe, "reach", reach)
    monkeypatch.setattr(probe, "greets", greets)
    return made


def test_looking_again_forgets_services_and_nothing_else(looks: Looks) -> None:
    for look in range(3):
        if look == 2:
            looks.world.look_again()
        looks.around()
        looks.world.look(Policy(), Deadline(1)).greets(PORT, "redis")
    assert looks.asked == ["around", "greets", "around"]


def test_what_was_seen_after_the_dial_began_stands(looks: Looks) -> None:
    looks.around()
    began = time.monotonic()
    looks.world.look_again(began)
    looks.around()
    looks.world.look_again(began)
    looks.around()
    assert len(looks.asked) == 2


def _at_once(looks: Looks, *, since: bool) -> None:
    """Dial, fail and ask again in many threads together."""
    together = Barrier(THREADS)

    def fail() -> object:
        looks.around()
        together.wait()
        began = time.monotonic()
        together.wait()
        looks.world.look_again(began if since else None)
        return looks.around()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(fail) for _ in range(THREADS)]
        assert {one.result() for one in answers} == {Topology()}
    assert looks.most == 1


def test_many_dials_that_fail_together_make_for_one_look(looks: Looks) -> None:
    _at_once(looks, since=True)
    assert len(looks.asked) == 2  # with the one before they failed


def test_a_look_that_began_too_early_is_followed_by_one_for_all(looks: Looks) -> None:
    """By default what failed failed now: later than a look that is under way."""
    looks.seconds = 0.5
    _at_once(looks, since=False)
    assert 2 <= len(looks.asked) <= 3


def test_a_look_under_way_when_the_dial_failed_is_not_taken(looks: Looks) -> None:
    looks.seconds = 0.3
    first = Thread(target=looks.around)
    first.start()
    while not looks.asked:
        time.sleep(0.001)
    looks.world.look_again()
    looks.around()
    first.join()
    assert (len(looks.asked), looks.most) == (2, 1)


def test_one_probe_for_all_who_ask_at_once(looks: Looks) -> None:
    together = Barrier(THREADS)

    def ask() -> object:
        together.wait()
        return looks.reach()

    looks.seconds = 0.5
    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(ask) for _ in range(THREADS)]
        assert {one.result() for one in answers} == {("refused",)}
    assert len(looks.asked) == 1
    looks.reach()
    assert len(looks.asked) == 2  # a refusal is asked again at once


def test_a_working_look_is_waited_for_up_to_the_limit_and_not_longer(looks: Looks) -> None:
    """It is busy, not silent: the budget for silence does not end it."""
    looks.seconds = 0.6
    assert looks.around(seconds=0.1, limit=5) == Topology()
    looks.world.look_again()
    looks.seconds, began = 2, time.monotonic()
    (gap,) = looks.around(seconds=0.1, limit=0.3).gaps
    assert 0.3 <= time.monotonic() - began < 1
    assert gap.passing
    # Nobody knows which source was late, or whether any was.
    assert f"{gap.where} {gap.what}" == "the search for services did not answer in time"


def test_a_look_that_breaks_is_one_that_could_not_say(looks: Looks) -> None:
    looks.fails = RuntimeError("secret")
    (gap,) = looks.around().gaps
    assert gap.what == "could not be asked (RuntimeError)"
    looks.fails = None
    time.sleep(SHORT_PAUSE + 0.1)
    assert looks.around() == Topology()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_does_not_wait_for_its_parents_thread(looks: Looks) -> None:
    looks.seconds = 1
    slow = Thread(target=looks.around)
    slow.start()
    while not looks.asked:
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        looks.seconds, began = 0, time.monotonic()
        looks.around(seconds=30)
        os._exit(0 if time.monotonic() - began < 0.5 else 1)
    slow.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("answer", "looked"),
    [(LATE, 2), (BROKEN, 2), (OF_ANOTHER, 2), (Topology(), 1)],
    ids=["late", "until somebody repairs it", "of one container", "it has said"],
)
def test_a_source_that_could_not_say_is_soon_asked_again(
    looks: Looks, answer: Topology, looked: int
) -> None:
    looks.answer = answer
    looks.around()
    looks.around()
    assert len(looks.asked) == 1, "a hundred strings do not wait a hundred times"
    time.sleep(SHORT_PAUSE + 0.1)
    looks.around()
    assert len(looks.asked) == looked


def test_where_no_thread_can_be_started_the_look_is_made_in_place(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "start_new_thread", start)
    assert looks.around() == Topology()
    assert looks.reach() == ("refused",)
    # A name server may keep us for ever: without a thread nobody can say.
    assert Machine().look(Policy(), Deadline(1)).resolves("localhost") is None


def test_one_thread_is_enough(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that should start a named one works itself where there can be no second."""

    def start(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert looks.around() == Topology()
    assert "127.0.0.1" in (Machine().look(Policy(), Deadline(5)).resolves("localhost") or ())


# --- names --------------------------------------------------------------------------------------


class NameServer:
    """Stands where the C library looks names up."""

    def __init__(self) -> None:
        self.real = socket.getaddrinfo
        self.asked: list[str] = []
        self.answers, self.go_on = Event(), Event()
        self.error: socket.gaierror | None = None
        self.go_on.set()

    def __call__(self, name: str, port: int | None, **more: Any) -> Any:
        if more.get("flags", 0) & socket.AI_NUMERICHOST:  # nobody is asked
            return self.real(name, port, **more)
        self.asked.append(name)
        self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        return [(2, 1, 6, "", ("192.168.7.8", 0))]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    made = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    return made


def _threads() -> int:
    return sum(one.name.startswith("hostshift") for one in threading.enumerate())


def test_many_who_ask_for_one_name_ask_once(server: NameServer) -> None:
    world, together = Machine(), Barrier(THREADS + 1)
    server.go_on.clear()

    def ask() -> object:
        together.wait()
        return world.look(Policy(), Deadline(5)).resolves("inventory")

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(ask) for _ in range(THREADS)]
        together.wait()
        time.sleep(0.3)
        assert _threads() == 1
        server.go_on.set()
        assert {one.result() for one in answers} == {("192.168.7.8",)}
    assert len(server.asked) == 1


def test_a_dead_name_server_takes_a_few_threads_and_no_more(server: NameServer) -> None:
    """However many names are asked for, and the other looks go on."""
    world = Machine()
    server.go_on.clear()
    try:
        for at in range(20):
            assert world.look(Policy(), Deadline(0.05)).resolves(f"store{at}") is None
        assert _threads() <= workers.MOST_UNBOUNDED
        seen = world.look(Policy(), Deadline(1)).reach((("127.0.0.1", 1),))
        assert seen == ("refused",)
    finally:
        server.go_on.set()
    for _ in range(100):
        if not _threads():
            break
        time.sleep(0.05)
    assert not _threads()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (socket.EAI_AGAIN, None),
        (socket.EAI_FAIL, None),
        (socket.EAI_MEMORY, None),
        (socket.EAI_NONAME, ()),
    ],
)
def test_a_name_server_that_fails_says_nothing_of_a_name(
    server: NameServer, code: int, expected: tuple[str, ...] | None
) -> None:
    server.error = socket.gaierror(code, "")
    assert Machine().look(Policy(), Deadline(1)).resolves("ledger") == expected


@pytest.mark.usefixtures("server")
def test_tables_do_not_grow_without_end() -> None:
    world = Machine()
    look = world.look(Policy(), Deadline(60, 60))
    for at in range(1100):
        look.resolves(f"store{at}")
    assert len(world.looks._last) <= 1024


@pytest.mark.parametrize("unread", [(), ("proc/net/route",), ("proc/net/route", INTERFACES)])
def test_networks_that_could_not_be_read_are_not_absent(unread: tuple[str, ...]) -> None:
    world = Machine()
    world._vantages[()] = PLACES["user-network"].replace(subnets=(), unread=unread)
    look, at = world.look(Policy(), Deadline(1)), ("172.18.0.5", 5432)
    could_say = len(unread) < 2
    assert look.connected([at[0]]) == (False if could_say else None,)
    assert look.reach([at]) == ("unreachable" if could_say else "failed",)
    assert look.greets([at], "postgresql") == (False if could_say else None,)


def test_a_name_that_nobody_could_look_up_is_not_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hostshift.machine.name_lookup.lookup", lambda _: None)
    look = Machine().look(Policy(), Deadline(1))
    assert look.reach([("ledger", 5432)]) == ("failed",)
    assert look.greets([("ledger", 5432)], "postgresql") == (None,)


@pytest.mark.parametrize(
    ("first", "second", "greets"),
    [
        (b"+PONG\r\n", None, True),
        (None, b"+PONG\r\n", True),
        (b"220 mail\r\n", b"+PONG\r\n", False),
        (None, None, False),
    ],
)
def test_a_host_is_greeted_where_it_first_accepts(
    first: bytes | None, second: bytes | None, greets: bool
) -> None:
    """As a driver does it: what refuses is passed over, what accepts is the server."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        if first is None:
            listener.close()
        else:
            _answer(listener, first)
        if second is not None:
            six = socket.create_server(("::1", port), family=socket.AF_INET6)
            _answer(stack.enter_context(six), second)
        look = Machine().look(Policy(), Deadline(2))
        assert look.greets([("localhost", port)], "redis") == (greets,)


def _answer(listener: socket.socket, said: bytes) -> None:
    """Say the same to all who connect, until the listener is closed."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(said)

    Thread(target=serve, daemon=True).start()
