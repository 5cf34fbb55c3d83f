"""The queries of the rules to the machine, and its answers. Pure types, and the words for them.

The rules of :mod:`hostshift.routing` are plain functions. They get a :class:`Look`, so they
touch nothing themselves, and the caller (the resolver, a test) decides how to look.

Every answer has three outcomes: yes, no, or *could not say*
(None, ``failed``, or :attr:`Topology.gaps`). No rule takes the third for the second.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Protocol

    from hostshift.discovery import Topology

    Outcome = Literal["open", "closed", "refused", "silent", "unreachable", "failed"]
    """The result of a dial. ``open``: the server accepts, and stays open a moment later.
    ``closed``: it accepts and hangs up at once, as a published port's proxy does while its
    container is not ready. ``refused``. ``silent``: no answer in time. ``unreachable``: no
    route, or an address that we may not dial. ``failed``: this process could not dial."""

    Addresses = Sequence[tuple[str, int]]

    class Look(Protocol):
        """Answers about this machine, within the time of one decision."""

        def listening(self, host: str, port: int) -> bool | None:
            """Return True if something else listens here so that a client of ``host`` reaches it.

            Something else is a socket that neither this process nor its ancestors hold.
            None: we could read neither netlink nor the kernel's files.
            """
            ...

        def foreign_listener(self, host: str, port: int) -> bool | None:
            """Return True if another user, who is not root, listens here on an address."""
            ...

        def mysql_socket(self) -> str | None:
            """Return the Unix socket here that MySQL's clients take for ``localhost``.

            Empty: none is here. None: we could not look.
            """
            ...

        def resolves(self, name: str) -> tuple[str, ...] | None:
            """Return the addresses of a name, as drivers resolve it.

            Empty: no such name exists. None: no answer (EAI_AGAIN, a time-out).
            """
            ...

        def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
            """Return for each address whether it is on a container network of this process."""
            ...

        def around(self, names: tuple[str, ...] | None = None) -> Topology:
            """Return the services that can be seen from here.

            Args:
                names: ask name servers as well, also for these names. None: do not ask them.

            """
            ...

        def reach(
            self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
        ) -> tuple[Outcome, ...]:
            """Dial addresses, and return the result of each.

            Args:
                addresses: hosts with ports.
                near: addresses of containers that an engine of this machine lists; we may dial
                    them as well.
                protocol: the endpoint's protocol, if it shows one: MySQL blocks a client that
                    hangs up on it.

            """
            ...

        def greets(
            self, addresses: Addresses, protocol: str, *, proof: bool = False
        ) -> tuple[bool | None, ...]:
            """Return for each address whether it answers the first message of a protocol.

            Args:
                addresses: hosts with ports.
                protocol: the protocol.
                proof: count only an answer that no other server gives.

            """
            ...


OUTCOME_TEXT: dict[Outcome, str] = {
    "open": "accepts",
    "closed": "accepts and hangs up: not ready",
    "refused": "refuses",
    "silent": "does not answer in time",
    "unreachable": "cannot be reached",
    "failed": "could not be dialled by this process",
}
"""The outcomes of a dial, in words for people."""
