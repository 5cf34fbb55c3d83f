"""One accepted connection until its target is connected, or it is refused with a reset."""

from __future__ import annotations

import errno
import math
import os
import socket
import time
from functools import partial

from hostshift.base.addresses import format_address
from hostshift.drivers.dial import TRUSTED
from hostshift.forward import target
from hostshift.forward.descriptors import NO_ROOM
from hostshift.forward.ending import reset
from hostshift.forward.poller import OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.forward.contract import Serving
    from hostshift.forward.entry import Entry
    from hostshift.forward.target import Answer
    from hostshift.forward.workers import Work

_AFTER_IT_ACCEPTED = frozenset((errno.ECONNRESET, errno.EPIPE))
"""What a connect ends with where a reset followed the accept (``tcp_reset()``): it is no refusal,
and what the target sent before is still to be read."""
_UNDER_WAY = frozenset((errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR))
LONGEST_LOOK = 5.0
"""Seconds that a decision may take once a thread has begun it: the resolver's limit for a dial."""
ENDED = "the forwarder ended"
"""Why clients are refused that still wait when it ends."""
ONE_RESEND = 1.25
"""The least seconds for a connect: after one the kernel sends a lost SYN again."""


class Attempt:
    """A client that waits for its target."""

    __slots__ = (
        *("_began", "_connecting", "_index", "answer", "client", "ends", "entry", "loop"),
        *("_confirmation", "_error", "_step", "_why"),
    )

    def __init__(self, loop: Serving, entry: Entry, client: socket.socket) -> None:
        """Take a client that was accepted."""
        self.loop, self.entry, self.client = loop, entry, client
        self.answer: Answer | None = None
        self.ends = 0.0
        self._connecting: socket.socket | None = None
        self._index, self._began, self._error, self._why = 0, 0.0, 0, ""
        self._step: Callable[[], None] = self._ask
        self._confirmation: Work | None = None
        loop.attempts.add(self)
        self._ask()

    @property
    def has_socket(self) -> bool:
        """Return True if it has the descriptor that it needs for its target."""
        return self._connecting is not None

    def expire(self) -> None:
        """Look at the target once more, and refuse the client if there is no answer."""
        sock = self._connecting
        if self._has_more_time():
            return
        if self.answer is None:
            self.refuse("no decision in time")
        elif sock is None:  # it waits for a descriptor
            self.ends = math.inf
        elif sock.fileno() not in self.loop.handlers:
            self.refuse("it was not confirmed in time whose the address is")
        elif not self._has_answered(sock):
            self._failed_at(errno.ETIMEDOUT)

    def _has_more_time(self) -> bool:
        """Return True if a thread began the look later than this waits for it, or not yet.

        No client waits for ever: looks end in time, so each gets its thread.
        """
        work = self.entry.look if self.answer is None else self._confirmation
        if work is None:
            return False
        now = self.loop.clock.now()
        self.ends = (now if work.began is None else work.began) + LONGEST_LOOK
        return self.ends > now

    def refuse(self, why: str) -> None:
        """Reset the client, and log the reason once."""
        if self in self.loop.attempts:
            self._leave()
            reset(self.client)
            self.loop.refused(self.entry, why)

    def close(self) -> None:
        """Reset the client because the loop ends."""
        self._leave()
        reset(self.client)
        self.entry.stats.failed(ENDED)
        self.entry.stats.open -= 1

    def abandon(self) -> None:
        """Close the descriptors in a forked child: the client and the target do not notice."""
        self.client.close()
        if self._connecting is not None:
            self._connecting.close()

    # --- steps ----------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Do again what no descriptor was free for."""
        self._step()

    def _starve(self, step: Callable[[], None]) -> None:
        """Wait until a descriptor is free, as those do that are not accepted yet."""
        self._step, self.ends = step, math.inf
        self.loop.starving.starve(self)

    def _ask(self) -> None:
        self.ends = self.loop.clock.now() + LONGEST_LOOK
        self.entry.ask(self.loop.workers, self._located)

    def _located(self, answer: Answer) -> None:
        if self not in self.loop.attempts:
            return
        if answer.starved:
            self._starve(self._ask)
            return
        self.answer = answer
        if answer.gives_way:
            self.refuse(answer.refusal)
            self.loop.give_way(self.entry, answer.refusal)
        elif answer.refusal:
            self.refuse(answer.refusal)
        else:
            self._connect()

    def _connect(self) -> None:
        """Begin a connect to the next address."""
        peers = () if self.answer is None else self.answer.peers
        if self._index >= len(peers):
            self._unreachable()
            return
        family, address = peers[self._index]
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            self._no_socket(error)
            return
        sock.setblocking(False)
        self._connecting, self._began = sock, time.monotonic()
        self.ends = self.loop.clock.now() + self.loop.patience
        code = sock.connect_ex(address)
        if code in _UNDER_WAY:
            self.loop.poller.register(sock.fileno(), OUT)
            self.loop.handlers[sock.fileno()] = self._ready
        elif code:
            self._failed_at(code, registered=False)
        else:
            self._connected()

    def _no_socket(self, error: OSError) -> None:
        if error.errno in NO_ROOM:
            self._starve(self._connect)
        else:
            self._failed_at(error.errno or 0, registered=False)

    def _ready(self, _: int) -> None:
        if self._connecting is not None:
            self._has_answered(self._connecting)

    def _has_answered(self, sock: socket.socket) -> bool:
        """Go on if the target has accepted or refused, and return True then."""
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code in _AFTER_IT_ACCEPTED:
            self._error = code
        elif code:
            self._failed_at(code)
            return True
        elif not _is_connected(sock):
            return False
        self._forget(sock)
        self._connected()
        return True

    def _failed_at(self, code: int, *, registered: bool = True) -> None:
        """Go on with the next address."""
        if self._connecting is not None:
            if registered:
                self._forget(self._connecting)
            self._connecting.close()
            self._connecting = None
        if self.answer is not None:
            address = self.answer.peers[self._index][1]
            self._why = f"{format_address(*address[:2])}: {os.strerror(code).lower()}"
        self._index += 1
        self._connect()

    def _unreachable(self) -> None:
        """Refuse: no address of the target accepts."""
        self.entry.outdate()
        if self.answer is not None:
            target.look_again(self.answer, self._began)
            self.refuse(f"it would go to {self.answer.shown} ({self._why})")

    def _connected(self) -> None:
        answer = self.answer
        if answer is None:
            return
        if self.entry.locator.must_confirm(answer, TRUSTED):
            self._confirm()
        else:
            self._begin(answer)

    def _confirm(self) -> None:
        answer = self.answer
        if answer is not None:
            self.ends = self.loop.clock.now() + LONGEST_LOOK
            confirm = partial(self.entry.confirm, answer)
            workers = self.loop.workers
            self._confirmation = workers.do(confirm, self._confirmed, lambda why: why != "")

    def _confirmed(self, result: object) -> None:
        self._confirmation = None
        if self not in self.loop.attempts or self.answer is None:
            return
        if result is None:
            self._starve(self._confirm)
            return
        why = result if isinstance(result, str) else f"{type(result).__name__} while looking"
        if why:
            self.entry.outdate()
            self.refuse(why)
        else:
            self._begin(self.answer)

    def _begin(self, answer: Answer) -> None:
        sock = self._connecting
        if sock is not None:
            self._connecting = None
            self._leave()
            self.loop.begin(self.entry, self.client, sock, answer.shown, self._error)

    def _forget(self, sock: socket.socket) -> None:
        if self.loop.handlers.pop(sock.fileno(), None) is not None:
            self.loop.poller.unregister(sock.fileno())

    def _leave(self) -> None:
        self.loop.attempts.discard(self)
        if self._connecting is not None:
            self._forget(self._connecting)
            self._connecting.close()
            self._connecting = None


def _is_connected(sock: socket.socket) -> bool:
    """Return False for an event of the descriptor's last owner: it says nothing about this one."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
