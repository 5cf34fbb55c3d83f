"""The event loop of a forwarder: accepts, connects, carries, and ends."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from functools import partial

from hostshift.base.forks import FORK_LOCK
from hostshift.base.log import debug, warning
from hostshift.forward import poller as polling
from hostshift.forward.acceptor import Acceptor
from hostshift.forward.attempt import ONE_RESEND
from hostshift.forward.clock import TICK, Clock
from hostshift.forward.ending import STEP, reset
from hostshift.forward.messages import Messages
from hostshift.forward.pipes import Pipes
from hostshift.forward.poller import IN, MOST_EVENTS
from hostshift.forward.relay import Flow, Relay
from hostshift.forward.sweep import PAUSE, Sweep
from hostshift.forward.workers import Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.forward.contract import Waiting
    from hostshift.forward.entry import Entry

SPIN = 50e-6
"""Seconds for which a forwarder with a process of its own stays awake after a message: the answer
mostly comes within them, and to sleep and be woken up takes longer than that on a machine with
processors to spare. It costs no more processor time than the sleep does."""
LAST_PASSES = 32
"""How often a loop that ends looks once more at what has come: enough for all that the kernel keeps
of a connection by default."""
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""Seconds after which a silent peer is asked, between two questions, and how many. Two minutes
after a peer has vanished its connection is reset. (macOS calls the first TCP_KEEPALIVE.)"""


class Loop:
    """Serves some ports, in the thread that calls :meth:`run`."""

    def __init__(
        self,
        entries: Iterable[Entry],
        *,
        budget: float = 1.0,
        splices: bool = True,
        spins: bool = False,
    ) -> None:
        """Take the ports; :meth:`run` begins.

        Args:
            entries: the ports, which listen already.
            budget: seconds that a target may be silent (HOSTSHIFT_BUDGET).
            splices: False makes it copy, as on systems without ``splice``.
            spins: stay awake for a moment after each message, for a process of its own.

        """
        self.entries = list(entries)
        self.spins = spins
        self.patience = max(budget, ONE_RESEND)
        self.poller = polling.best()
        self.pipes = Pipes(splices=splices)
        self.handlers: dict[int, Callable[[int], None]] = {}
        self.relay = Relay(self.poller, self.pipes, self.handlers)
        self.attempts: set[Waiting] = set()
        self.requests: list[Callable[[], None]] = []
        """What other threads and signal handlers want done in the loop: see :meth:`call`."""
        self.messages = Messages()
        self.clock = Clock()
        self._ends: float | None = None
        self._sweep: Sweep | None = None
        self._waker, self.woken = socket.socketpair()
        for each in (self._waker, self.woken):
            each.setblocking(False)
        self.watch(self.woken.fileno(), self._wake_up)
        self.workers = Workers(self.wake, self.clock)
        self.acceptor = self.starving = Acceptor(self)

    # --- from outside ---------------------------------------------------------------------------

    def call(self, request: Callable[[], None]) -> None:
        """Do something in the loop. Any thread and any signal handler may call this."""
        self.requests.append(request)
        self.wake()

    def wake(self) -> None:
        """Make the loop look at what is to be done."""
        with suppress(OSError):  # it is full, so the loop wakes up anyway; or the loop has ended
            self._waker.send(b"\0")

    def once(self, fd: int, ready: Callable[[], None]) -> None:
        """Call something when a descriptor can be read for the first time."""

        def handle(_: int) -> None:
            self.unwatch(fd)
            ready()

        self.watch(fd, handle)

    def stop(self, grace: float, *, last_bytes: bool = False) -> None:
        """Stop listening, and end when the open connections have, or the grace is over.

        Args:
            grace: seconds for the connections that are open.
            last_bytes: give them only to what clients wrote before they closed.

        """
        for entry in self.entries:
            self.acceptor.drain(entry)
            self.acceptor.unlisten(entry)
        ends = self.clock.now() + grace
        self._ends = ends if self._ends is None else min(self._ends, ends)
        if last_bytes and self._sweep is None:
            self._sweep = Sweep()

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until :meth:`stop` was called and the last connection has ended.

        Another thread of this process may fork, but only while this one waits: each socket that
        the child has a copy of is noted then, and it can close them all.
        """
        try:
            with FORK_LOCK:
                self.acceptor.resume()
            self._serve()
            with FORK_LOCK:
                self._take_the_last()
        finally:
            with FORK_LOCK:
                self.close()
            self.messages.log()

    def _serve(self) -> None:
        wait, handlers = self.poller.wait, self.handlers
        acceptor, workers, endings = self.acceptor, self.workers, self.relay.endings
        timed, active, over = True, False, self._is_over()
        while not over:
            # Each message of each connection comes by here: what is rare is not called.
            seconds = self._timeout() if timed else None
            ready = (self._soon() if active else None) or wait(seconds)
            active = self.spins and bool(ready)
            with FORK_LOCK:
                for fd, mask in ready:
                    handler = handlers.get(fd)
                    if handler is not None:
                        handler(mask)
                if workers.done or self.requests:
                    self._work_off()
                if endings.flows:
                    endings.look()
                timed = bool(self.attempts or workers.under_way or acceptor.paused_until)
                timed = timed or bool(endings.flows) or self._ends is not None
                if timed:
                    self.clock.count()
                    self._expire()
                    over = self._is_over()
            if self.messages.kept:
                self.messages.log()

    def _soon(self) -> list[tuple[int, int]]:
        """Return what is ready within a moment, without going to sleep."""
        wait, clock = self.poller.wait, time.perf_counter
        ready, ends = wait(0), clock() + SPIN
        while not ready and clock() < ends:
            ready = wait(0)
        return ready

    def close(self) -> None:
        """Give everything back; connections that are open are reset."""
        self.workers.end()
        for attempt in list(self.attempts):
            attempt.close()
        for flow in self._flows():
            flow.abort()
        self.acceptor.inquiries.close()
        for entry in self.entries:
            self.acceptor.unlisten(entry)
        self.pipes.close()
        self.poller.close()
        self._waker.close()
        self.woken.close()

    def abandon(self) -> None:
        """Close the descriptors in a forked child: no connection of the parent's changes."""
        for attempt in self.attempts:
            attempt.abandon()
        for flow in self._flows():
            flow.abandon()
        self.acceptor.inquiries.abandon()
        for entry in self.entries:
            entry.port.abandon()
        self.pipes.close()
        self.poller.close()
        self._waker.close()
        self.woken.close()

    def _is_over(self) -> bool:
        if self._ends is None:
            return False
        if self._sweep is not None:
            self._sweep.look(self._flows())
        busy = bool(self.attempts) or any(entry.flows for entry in self.entries)
        return not busy or self.clock.now() >= self._ends

    def _take_the_last(self) -> None:
        """Carry what had come before the end, perhaps while this process did not run."""
        for _ in range(LAST_PASSES + len(self.handlers) // MOST_EVENTS):
            ready = self.poller.wait(0)
            self._work_off()
            for fd, mask in ready:
                handler = self.handlers.get(fd)
                if handler is not None:
                    handler(mask)
            if not ready:
                break
        if self._sweep is not None:
            self._sweep.look(self._flows())

    def _timeout(self) -> float:
        return min(self._until_due(), STEP if self.relay.endings.flows else TICK)

    def _until_due(self) -> float:
        if self._ends is not None:
            most = TICK if self._sweep is None else PAUSE
            return min(most, max(0.0, self._ends - self.clock.now()))
        if self.acceptor.paused_until:
            return max(0.0, self.acceptor.paused_until - time.monotonic())
        return TICK

    def _work_off(self) -> None:
        while self.workers.done:
            self.workers.done.popleft()()
        while self.requests:
            self.requests.pop(0)()

    def _expire(self) -> None:
        """Accept again after a pause, and refuse the clients whose time is over.

        What has come for them counts, though it came while this process did not run.
        """
        paused_until, late = self.acceptor.paused_until, self._late()
        if paused_until and (late or time.monotonic() >= paused_until):
            self.acceptor.resume()
        if late:
            self._work_off()
            for attempt in self._late():
                if attempt in self.attempts:
                    attempt.expire()

    def _late(self) -> list[Waiting]:
        now = self.clock.now()
        return [each for each in self.attempts if each.ends <= now]

    def _wake_up(self, _: int) -> None:
        try:
            while len(self.woken.recv(4096)) == 4096:
                continue
        except BlockingIOError:
            pass

    # --- the poller -----------------------------------------------------------------------------

    def watch(self, fd: int, handler: Callable[[int], None]) -> None:
        """Call a handler whenever a descriptor can be read."""
        self.poller.register(fd, IN)
        self.handlers[fd] = handler

    def unwatch(self, fd: int) -> None:
        """Forget a descriptor, if it is known."""
        if self.handlers.pop(fd, None) is not None:
            self.poller.unregister(fd)

    # --- what attempts report -------------------------------------------------------------------

    def refused(self, entry: Entry, why: str) -> None:
        """Count a client that was refused, and log each reason once."""
        if entry.stats.failed(why):
            self.messages.keep(warning, "%s: connection refused: %s", entry.endpoint, why)
        else:
            self.messages.keep(debug, "%s: connection refused: %s", entry.endpoint, why)
        self.acceptor.ended()
        entry.stats.open -= 1

    def give_way(self, entry: Entry, why: str) -> None:
        """Close a port that is somebody else's; its open connections go on."""
        if entry.port.sockets:
            self.acceptor.unlisten(entry)
            self.messages.keep(warning, "%s is not forwarded any more: %s", entry.endpoint, why)

    def begin(
        self, entry: Entry, client: socket.socket, target: socket.socket, shown: str, error: int
    ) -> None:
        """Carry a connection.

        Args:
            entry: its port.
            client: connected to the port.
            target: is connected to where that leads.
            shown: the target's address for people.
            error: what the target has broken with since it accepted; 0 if it has not.

        """
        try:
            for each in (client, target):
                _tune(each)
        except OSError:  # one of the two is reset already
            reset(client)
            reset(target)
            self.acceptor.ended()
            entry.stats.open -= 1
            return
        entry.stats.connected(shown)
        flow = Flow(self.relay, client, target, partial(self._ended, entry))
        entry.flows.add(flow)
        if error:
            flow.broke(flow.target, error)

    def _ended(self, entry: Entry, flow: Flow, why: str) -> None:
        stats = entry.stats
        stats.sent += flow.client.moved
        stats.received += flow.target.moved
        if why:
            stats.failed(why)
        entry.flows.discard(flow)
        self.acceptor.ended()
        stats.open -= 1  # the last: who sees it in another thread sees all the rest

    def _flows(self) -> list[Flow]:
        return [flow for entry in self.entries for flow in entry.flows]


def _tune(sock: socket.socket) -> None:
    """Send small messages at once, and find out about peers that have vanished."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, number in KEEPALIVE:
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), number)
