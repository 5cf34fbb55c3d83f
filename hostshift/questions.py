"""What the rules may ask of the machine, and how it may answer. Pure types.

The rules of :mod:`hostshift.routes` are plain functions. They are handed a
:class:`Look`, so they touch nothing themselves, and whoever calls them (the
resolver, a test) decides how to look.

Every answer has three outcomes: it says yes, it says no, or it *could not say*
(None, ``failed``, or :attr:`Neighbourhood.gaps`). The third is never taken for the second.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Protocol

    from hostshift.topology import Neighbourhood

    Outcome = Literal["open", "closed", "refused", "silent", "unreachable", "failed"]
    """What became of a dial. ``open``: accepted, and still open a moment later. ``closed``:
    accepted and hung up at once, as a published port's proxy does while its container is
    not ready. ``refused``. ``silent``: no answer in time. ``unreachable``: no route, or not
    an address that may be tried. ``failed``: this process could not dial."""

    Addresses = Sequence[tuple[str, int]]

    Resolve = Callable[[str], tuple[str, ...] | None]
    """Returns the addresses of a name, none where there is no such name; None: could not say."""

    class Look(Protocol):
        """Answers about this machine, within one question's time."""

        def listening(self, host: str, port: int) -> bool | None:
            """Return True if something else listens here so that a client of ``host`` reaches it.

            Something else is a socket that neither this process nor its ancestors hold.
            None: neither netlink nor the kernel's files could be read.
            """
            ...

        def foreign_listener(self, host: str, port: int) -> bool | None:
            """Return True if another user, who is not root, listens here on an address."""
            ...

        def resolves(self, name: str) -> tuple[str, ...] | None:
            """Return the addresses of a name, as drivers resolve it.

            Empty: there is no such name. None: nobody could say (EAI_AGAIN, a time-out).
            """
            ...

        def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
            """Return for each address whether it is on a container network of this process."""
            ...

        def around(self, names: tuple[str, ...] | None = None) -> Neighbourhood:
            """Return which services are around.

            Args:
                names: ask name servers as well, also for these names. None: do not ask them.

            """
            ...

        def reach(
            self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
        ) -> tuple[Outcome, ...]:
            """Dial addresses, and return what became of each.

            Args:
                addresses: hosts with ports.
                near: addresses of containers that an engine of this machine lists; they may be
                    dialled as well.
                protocol: what is spoken there, as far as the endpoint tells: MySQL blocks who
                    hangs up on it.

            """
            ...

        def greets(
            self, addresses: Addresses, protocol: str, *, proof: bool = False
        ) -> tuple[bool | None, ...]:
            """Return for each address whether it answers the first question of a protocol.

            Args:
                addresses: hosts with ports.
                protocol: what is spoken.
                proof: only count an answer that no other server gives.

            """
            ...
