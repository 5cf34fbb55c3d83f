"""What the rules may ask of the world, and how it may answer. Pure values.

The rules of :mod:`hostshift.routes` are generators: they yield a question where
they cannot go on without looking, and are sent the answer. So they touch
nothing, and whoever drives them (the resolver, a test) decides how to look.
"""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Literal, TypeVar

    from hostshift.decision import Decision

    Outcome = Literal["open", "closed", "refused", "silent", "unreachable", "failed"]
    Result = TypeVar("Result")
    Steps = Generator["Question", Any, Result]
    """A rule: yields questions, is sent the answers, returns a result."""
    Asking = Steps[Decision]


class Question(Record):
    """Base of all questions."""


class Listening(Question):
    """Does something else listen on this port of this network namespace? ``bool``.

    Something else: not this process or its ancestors, and bound so that a client
    of ``host`` reaches it.
    """

    host: str
    port: int


class Reach(Question):
    """What happens when these addresses are dialled? A tuple of outcomes, in order.

    ``open``: accepted, and still open a moment later. ``closed``: accepted and
    hung up at once, as a published port's proxy does while its container is not
    ready. ``refused``. ``silent``: no answer in time. ``unreachable``: no route,
    or not an address that may be tried. ``failed``: this process could not dial it,
    for want of descriptors, of IPv6, of a port that is one.
    """

    addresses: tuple[tuple[str, int], ...]


class Greets(Question):
    """Do these addresses answer the first question of a protocol? A tuple of ``bool``."""

    addresses: tuple[tuple[str, int], ...]
    protocol: str


class Resolves(Question):
    """Which addresses has a name, as drivers resolve it? A tuple of numbers.

    Empty where there is no such name; None where nobody could say in time, which is
    no reason to take it for missing.
    """

    name: str


class Connected(Question):
    """Are these addresses on networks of containers that this process is on? ``bool`` for each."""

    addresses: tuple[str, ...]


class Around(Question):
    """Which services are around? A :class:`hostshift.topology.Neighbourhood`.

    ``names``: also those that only a name server tells of, which takes questions
    to it and is of no use for ports.
    """

    names: bool = False
