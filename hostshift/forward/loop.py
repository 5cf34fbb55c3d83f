"""The event loop of a forwarder: accepts, connects, carries, and ends."""

from __future__ import annotations

import socket
import sys
import time
from functools import partial

from hostshift.base.log import debug, warning
from hostshift.forward import poller as polling
from hostshift.forward.attempt import NO_ROOM, ONE_RESEND, Attempt
from hostshift.forward.pipes import Pipes
from hostshift.forward.poller import IN
from hostshift.forward.relay import Flow, Relay, reset
from hostshift.forward.workers import Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostshift.forward.entry import Entry

MOST_ACCEPTED = 64
"""Connections that are accepted at a time, before those that are open get their turn."""
PAUSE = 0.1
"""Seconds without accepting where no descriptor is free. The end of a connection ends it too."""
SPARE = 4
"""Descriptors that stay free for look-ups. The kernel gives the lowest number that is free
(open(2)), so the number of a new one shows how many there are."""
TICK = 0.25
"""Seconds between two looks at the clock while clients wait for their target."""
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""Seconds after which a silent peer is asked, between two questions, and how many. Two minutes
after a peer has vanished its connection is reset. (macOS calls the first TCP_KEEPALIVE.)"""


class Loop:
    """Serves some ports, in the thread that calls :meth:`run`."""

    def __init__(
        self, entries: Iterable[Entry], *, budget: float = 1.0, splices: bool = True
    ) -> None:
        """Take the ports; :meth:`run` begins.

        Args:
            entries: the ports, which listen already.
            budget: seconds that a target may be silent (HOSTSHIFT_BUDGET).
            splices: False makes it copy, as on systems without ``splice``.

        """
        self.entries = list(entries)
        self.patience = max(budget, ONE_RESEND)
        self.poller = polling.best()
        self.pipes = Pipes(splices=splices)
        self.handlers: dict[int, Callable[[int], None]] = {}
        self.relay = Relay(self.poller, self.pipes, self.handlers)
        self.attempts: set[Attempt] = set()
        self.requests: list[Callable[[], None]] = []
        """What other threads and signal handlers want done in the loop: see :meth:`call`."""
        self._starved: list[Attempt] = []
        self._paused_until = 0.0
        self._accepting = False
        self._was_full = False
        self._ends: float | None = None
        self._waker, self._woken = socket.socketpair()
        for each in (self._waker, self._woken):
            each.setblocking(False)
        self._watch(self._woken.fileno(), self._wake_up)
        self.workers = Workers(self.wake)

    # --- from outside ---------------------------------------------------------------------------

    def call(self, request: Callable[[], None]) -> None:
        """Do something in the loop. Any thread and any signal handler may call this."""
        self.requests.append(request)
        self.wake()

    def wake(self) -> None:
        """Make the loop look at what is to be done."""
        try:
            self._waker.send(b"\0")
        except OSError:  # it is full, so the loop wakes up anyway; or the loop has ended
            pass

    def once(self, fd: int, ready: Callable[[], None]) -> None:
        """Call something when a descriptor can be read for the first time."""

        def handle(_: int) -> None:
            self._unwatch(fd)
            ready()

        self._watch(fd, handle)

    def stop(self, grace: float, *, only_ended: bool = False) -> None:
        """Stop listening, and end when the open connections have, or the grace is over.

        Args:
            grace: seconds for the connections that are open.
            only_ended: give them to those alone whose client has closed.

        """
        for entry in self.entries:
            self._drain_backlog(entry)
            self._unlisten(entry)
        now = time.monotonic()
        self._ends = min(self._ends or now + grace, now + grace)
        if only_ended:
            for flow in self._flows():
                if not _is_ending(flow):
                    flow.abort()

    # --- the loop -------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until :meth:`stop` was called and the last connection has ended."""
        self._accept_again()
        try:
            while not self._is_over():
                for fd, mask in self.poller.wait(self._timeout()):
                    handler = self.handlers.get(fd)
                    if handler is not None:
                        handler(mask)
                self._work_off()
                self._expire()
        finally:
            self.close()

    def close(self) -> None:
        """Give everything back; connections that are open are reset."""
        self.workers.end()
        for attempt in list(self.attempts):
            attempt.close()
        for flow in self._flows():
            flow.abort()
        for entry in self.entries:
            self._unlisten(entry)
        self.pipes.close()
        self.poller.close()
        self._waker.close()
        self._woken.close()

    def abandon(self) -> None:
        """Close the descriptors in a forked child: no connection of the parent's changes."""
        for entry in self.entries:
            for flow in list(entry.flows):
                flow.client.sock.close()
                flow.target.sock.close()
            entry.port.close()
        self.poller.close()
        self._waker.close()
        self._woken.close()

    def _is_over(self) -> bool:
        if self._ends is None:
            return False
        busy = bool(self.attempts) or any(entry.flows for entry in self.entries)
        return not busy or time.monotonic() >= self._ends

    def _timeout(self) -> float | None:
        if self._ends is not None:
            return min(TICK, max(0.0, self._ends - time.monotonic()))
        if self._paused_until:
            return max(0.0, self._paused_until - time.monotonic())
        return TICK if self.attempts else None

    def _work_off(self) -> None:
        while self.workers.done:
            self.workers.done.popleft()()
        while self.requests:
            self.requests.pop(0)()

    def _expire(self) -> None:
        """Refuse the clients whose time is over, and accept again after a pause."""
        now = time.monotonic()
        if self.attempts:
            for attempt in [each for each in self.attempts if each.ends <= now]:
                attempt.expire()
        if self._paused_until and now >= self._paused_until:
            self._accept_again()

    def _wake_up(self, _: int) -> None:
        try:
            while len(self._woken.recv(4096)) == 4096:
                continue
        except BlockingIOError:
            pass

    # --- accepting ------------------------------------------------------------------------------

    def _watch(self, fd: int, handler: Callable[[int], None]) -> None:
        self.poller.register(fd, IN)
        self.handlers[fd] = handler

    def _accept_again(self) -> None:
        """Listen to all ports, and go on with the connections that had no descriptor."""
        self._paused_until = 0.0
        starved, self._starved = self._starved, []
        for attempt in starved:
            if attempt in self.attempts:
                attempt.connect()
        if self._accepting or self._paused_until:
            return
        if self._is_full(_lowest_free(self._woken), limit()):
            self._pause()
            return
        self._accepting = True
        for entry in self.entries:
            for listener in entry.port.sockets:
                self._watch(listener.fileno(), partial(self._accept, entry, listener))
            for sign in entry.port.marks:
                if sign.fileno() not in self.handlers:
                    self._watch(sign.fileno(), partial(_dismiss, sign))

    def _pause(self) -> None:
        """Stop accepting for a moment: clients wait in the kernel's queue meanwhile."""
        if not self._was_full:
            self._was_full = True
            warning("no descriptor is free: connections wait (raise `ulimit -n`)")
        self._paused_until = time.monotonic() + PAUSE
        if self._accepting:
            self._accepting = False
            for entry in self.entries:
                for listener in entry.port.sockets:
                    self._unwatch(listener.fileno())

    def _unwatch(self, fd: int) -> None:
        if self.handlers.pop(fd, None) is not None:
            self.poller.unregister(fd)

    def _is_full(self, lowest: int, most: int) -> bool:
        """Return True if too few descriptors are left for the clients that wait and one more."""
        return bool(most) and most - lowest <= len(self.attempts) + SPARE

    def starve(self, attempt: Attempt) -> None:
        """Let a client wait until a descriptor is free."""
        self._starved.append(attempt)
        self._pause()

    def _accept(self, entry: Entry, listener: socket.socket, _: int) -> None:
        most = limit()
        for _ in range(MOST_ACCEPTED):
            try:
                client, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in NO_ROOM:
                    self._pause()
                return
            client.setblocking(False)
            entry.stats.accepted += 1
            entry.stats.open += 1
            Attempt(self, entry, client)
            if self._is_full(client.fileno(), most):
                self._pause()
            if not self._accepting:  # the port was given away, or no descriptor is free
                return

    def _drain_backlog(self, entry: Entry) -> None:
        """Accept what the kernel has accepted already: those clients count as connected."""
        if self._accepting:
            for listener in list(entry.port.sockets):
                self._accept(entry, listener, IN)

    def _unlisten(self, entry: Entry) -> None:
        for each in (*entry.port.sockets, *entry.port.marks):
            self._unwatch(each.fileno())
        entry.port.close()

    # --- what attempts report -------------------------------------------------------------------

    def refused(self, entry: Entry, why: str) -> None:
        """Count a client that was refused, and log each reason once."""
        entry.stats.open -= 1
        if entry.stats.failed(why):
            warning("%s: connection refused: %s", entry.endpoint, why)
        else:
            debug("%s: connection refused: %s", entry.endpoint, why)
        self._has_room()

    def give_way(self, entry: Entry, why: str) -> None:
        """Close a port that is somebody else's; its open connections go on."""
        if entry.port.sockets:
            self._unlisten(entry)
            warning("%s is not forwarded any more: %s", entry.endpoint, why)

    def begin(
        self, entry: Entry, client: socket.socket, target: socket.socket, shown: str
    ) -> None:
        """Carry a connection."""
        try:
            for each in (client, target):
                _tune(each)
        except OSError:  # one of the two is reset already
            entry.stats.open -= 1
            reset(client)
            reset(target)
            return
        entry.stats.connected(shown)
        entry.flows.add(Flow(self.relay, client, target, partial(self._ended, entry)))

    def _ended(self, entry: Entry, flow: Flow, why: str) -> None:
        stats = entry.stats
        stats.open -= 1
        stats.sent += flow.client.moved
        stats.received += flow.target.moved
        if why:
            stats.failed(why)
        entry.flows.discard(flow)
        self._has_room()

    def _has_room(self) -> None:
        """Accept at once again after a pause: a descriptor is free."""
        if self._paused_until:
            self._paused_until = time.monotonic()

    def _flows(self) -> list[Flow]:
        return [flow for entry in self.entries for flow in entry.flows]


def limit() -> int:
    """Return how many descriptors this process may have; 0 if that is unknown."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(0, soft)


def _lowest_free(some: socket.socket) -> int:
    """Return the lowest descriptor that is free; a high number if there is none."""
    try:
        with some.dup() as copy:
            return copy.fileno()
    except OSError:
        return sys.maxsize


def _tune(sock: socket.socket) -> None:
    """Send small messages at once, and find out about peers that have vanished."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, number in KEEPALIVE:
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), number)


_ESTABLISHED = 1
"""The state of a connection that neither side has closed (tcp_states.h)."""


def _is_ending(flow: Flow) -> bool:
    """Return True if a client has closed, whether its last bytes were read or not."""
    option = getattr(socket, "TCP_INFO", None)
    if flow.client.ended or option is None:
        return flow.client.ended
    return flow.client.sock.getsockopt(socket.IPPROTO_TCP, option, 1)[0] != _ESTABLISHED


def _dismiss(sign: socket.socket, _: int) -> None:
    """Close what has connected to a mark: it has its answer from the kernel."""
    try:
        while True:
            sign.accept()[0].close()
    except OSError:
        return
