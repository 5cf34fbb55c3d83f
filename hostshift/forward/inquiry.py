"""Answers other processes of hostshift: where would a connection to a port go at this moment?

Our own listener accepts whether there is a server behind it or not. So who waits for that server
(``exec --wait``) asks at the port's mark (:mod:`hostshift.detect.forwarders`), and dials itself.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from hostshift.detect.forwarders import QUESTION, written
from hostshift.forward.descriptors import NO_ROOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from hostshift.forward.contract import Serving
    from hostshift.forward.entry import Entry
    from hostshift.forward.target import Answer

MOST = 64
"""The most processes that ask at a time. Beyond them, who asked first gets no answer."""


class Inquiries:
    """The processes that ask a loop."""

    def __init__(self, loop: Serving, pause: Callable[[], None]) -> None:
        """Have none yet.

        Args:
            loop: serves the ports.
            pause: is called where no descriptor is free.

        """
        self._loop, self._pause = loop, pause
        self._open: dict[int, socket.socket] = {}

    def accept(self, entry: Entry, sign: socket.socket, _: int) -> None:
        """Accept who has connected to the mark of a port. Most only look whether it is one.

        Their answer came from the kernel, and they have closed.
        """
        try:
            while True:
                asker, _address = sign.accept()
                asker.setblocking(False)
                while len(self._open) >= MOST:
                    self._close(next(iter(self._open.values())))
                self._open[asker.fileno()] = asker
                self._read(entry, asker)
        except OSError as error:
            if error.errno in NO_ROOM:
                self._pause()

    def close(self) -> None:
        """Answer nobody any more."""
        for asker in list(self._open.values()):
            self._close(asker)

    def abandon(self) -> None:
        """Close the descriptors alone, in a forked child."""
        for asker in self._open.values():
            asker.close()

    def _read(self, entry: Entry, asker: socket.socket, _: int = 0) -> None:
        try:
            asked = asker.recv(len(QUESTION))
        except BlockingIOError:
            if asker.fileno() not in self._loop.handlers:
                self._loop.watch(asker.fileno(), partial(self._read, entry, asker))
            return
        except OSError:
            asked = b""
        if asked == QUESTION:
            self._loop.unwatch(asker.fileno())
            entry.ask(self._loop.workers, partial(self._tell, asker))
        else:
            self._close(asker)

    def _tell(self, asker: socket.socket, answer: Answer) -> None:
        if self._open.get(asker.fileno()) is not asker:
            return
        peers = () if answer.refusal else answer.peers
        with suppress(OSError):  # it does not wait any more
            asker.send(written([address[:2] for _, address in peers]))
        self._close(asker)

    def _close(self, asker: socket.socket) -> None:
        self._open.pop(asker.fileno(), None)
        self._loop.unwatch(asker.fileno())
        asker.close()
