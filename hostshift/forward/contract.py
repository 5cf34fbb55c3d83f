"""What the parts of a forwarder know of each other: types alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Protocol

    from hostshift.forward.clock import Clock
    from hostshift.forward.entry import Entry
    from hostshift.forward.messages import Messages
    from hostshift.forward.pipes import Pipes
    from hostshift.forward.poller import Poller
    from hostshift.forward.workers import Workers

    class Waiting(Protocol):
        """A client that was accepted and waits for its target."""

        ends: float
        """When its time is over, by the loop's clock."""

        @property
        def has_socket(self) -> bool:
            """Return True if it has the descriptor that it needs for its target."""
            ...

        def go_on(self) -> None:
            """Do again what no descriptor was free for."""
            ...

        def expire(self) -> None:
            """Give up: its time is over."""
            ...

        def close(self) -> None:
            """Give up: the loop ends."""
            ...

        def abandon(self) -> None:
            """Close the descriptors alone, in a forked child."""
            ...

    class Starving(Protocol):
        """What lets clients wait until a descriptor is free."""

        def starve(self, attempt: Waiting) -> None:
            """Let a client wait."""
            ...

    class Serving(Protocol):
        """The event loop, as the parts that it drives see it."""

        @property
        def entries(self) -> list[Entry]:
            """The ports."""
            ...

        @property
        def messages(self) -> Messages:
            """What is logged a moment later."""
            ...

        @property
        def poller(self) -> Poller:
            """Waits for descriptors."""
            ...

        @property
        def pipes(self) -> Pipes:
            """Pipes of busy connections."""
            ...

        @property
        def handlers(self) -> dict[int, Callable[[int], None]]:
            """What to call for each descriptor."""
            ...

        @property
        def attempts(self) -> set[Waiting]:
            """Clients that wait for their target."""
            ...

        @property
        def workers(self) -> Workers:
            """Threads for what may block."""
            ...

        @property
        def clock(self) -> Clock:
            """Counts the silence of others."""
            ...

        @property
        def patience(self) -> float:
            """Seconds that a connect may take."""
            ...

        @property
        def woken(self) -> socket.socket:
            """A socket that is always open."""
            ...

        @property
        def starving(self) -> Starving:
            """What lets clients wait for a descriptor."""
            ...

        def watch(self, fd: int, handler: Callable[[int], None]) -> None:
            """Call a handler whenever a descriptor can be read."""
            ...

        def unwatch(self, fd: int) -> None:
            """Forget a descriptor, if it is known."""
            ...

        def refused(self, entry: Entry, why: str) -> None:
            """Count a client that was refused."""
            ...

        def give_way(self, entry: Entry, why: str) -> None:
            """Close a port that is somebody else's."""
            ...

        def begin(
            self,
            entry: Entry,
            client: socket.socket,
            target: socket.socket,
            shown: str,
            error: int,
        ) -> None:
            """Carry a connection."""
            ...
