"""What a situation is: a name, what is true in it, and a way to stand in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.lab.containers import Outcome
    from tests.lab.situations.grounds import Grounds

User = Literal["root", "nobody"]
USERS: tuple[User, ...] = ("root", "nobody")


class Unavailable(Exception):  # noqa: N818 - the state of a machine
    """A situation cannot exist on this machine; the message is one line that says why."""


@dataclass(frozen=True)
class Truth:
    """What is right in a situation, in the words of ``hostshift vantage``."""

    isolation: str
    network: str
    naming: str
    host: tuple[str, ...] = ()
    """How the host is reached, best first. ``<net>`` stands for an address that only
    the entered situation knows, or for none where it knows none."""


class Run(Protocol):
    """Runs a command in a situation."""

    def __call__(self, command: Sequence[str], user: User = "root") -> Outcome:
        """Run it to its end as a user and give what it said."""
        ...


@dataclass(frozen=True)
class Standing:
    """A situation that has been entered."""

    run: Run
    addresses: Mapping[str, str] = field(default_factory=dict)
    """What the placeholders of the truth stand for."""
    remark: str = ""
    """What the reader of the table must know."""


@dataclass(frozen=True)
class Situation:
    """A place where a process can stand, and what is true there."""

    name: str
    truth: Truth
    enter: Callable[[Grounds], AbstractContextManager[Standing]]
    """Raises :class:`Unavailable` where it cannot exist; leaves nothing behind."""


def as_user(command: Sequence[str], user: User) -> list[str]:
    """Run a command as another user, who then has no capability at all."""
    if user == "root":
        return list(command)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
