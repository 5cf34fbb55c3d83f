"""Reading what an engine says of one container: what cannot be read is left out, and told.

One container's odd value must not hide the others: any user who may start a container
chooses its labels, aliases and exposed ports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem, gap, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.topology.model import Gap, Note

_Value = TypeVar("_Value")
_MOST_PORTS = 1 << 18
"""Exposed ports of all containers together. Four characters of a range are 65,535 of them."""


class Reading:
    """What was left out so far.

    A *note* is made of everything. A *gap* besides where an answer could hang on it: which
    port of the host leads here, which address, whose network, whether it runs. What
    cannot be a name or a port could decide nothing, so a note is enough there.

    Args:
        where: the engine's socket.

    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._who = ""
        self.notes: list[Note] = []
        self.gaps: list[Gap] = []
        self._ports = 0

    def affords(self, ports: int) -> bool:
        """Count exposed ports, and return True if there are not too many of them yet."""
        self._ports += ports
        return self._ports <= _MOST_PORTS

    def begin(self, who: str) -> None:
        """Go on with a container.

        Args:
            who: its name or id; both are known to be printable.

        """
        self._who = who

    def leave_out(self, what: str, *, decides: bool = False, passing: bool = False) -> None:
        """Note that something of this container is left out.

        Args:
            what: what it is, without its value.
            decides: whether an answer could hang on it.
            passing: whether the next look may find it.

        """
        told = f"container {self._who}: {what}" if self._who else what
        self.notes.append(note(self._where, told))
        if decides:
            fix = f"see what is odd about it: docker inspect {self._who}" if self._who else ""
            found = gap(self._where, Problem(told, passing=passing, fix=fix))
            self.gaps.append(found.replace(container=self._who))

    def try_(
        self, read: Callable[[], _Value], otherwise: _Value, what: str, *, decides: bool = False
    ) -> _Value:
        """Return what a reader of :mod:`.shapes` returns, or something else where it cannot."""
        try:
            return read()
        except Problem:
            self.leave_out(f"{what} is left out: it is not what an engine says", decides=decides)
            return otherwise

    def text(self, tree: object, *path: str, decides: bool = False) -> str:
        """Return the text at a path of keys, "" where there is none."""
        return self.try_(lambda: shapes.text(tree, *path), "", ".".join(path[-2:]), decides=decides)

    def mapping(self, tree: object, *path: str, decides: bool = False) -> dict[str, Any]:
        """Return the object at a path of keys, {} where there is none."""
        return self.try_(
            lambda: shapes.mapping(tree, *path), {}, ".".join(path[-2:]), decides=decides
        )

    def listing(self, tree: object, *path: str, decides: bool = False) -> list[Any]:
        """Return the list at a path of keys, [] where there is none."""
        return self.try_(
            lambda: shapes.listing(tree, *path), [], ".".join(path[-2:]), decides=decides
        )

    def flag(self, tree: object, *path: str, decides: bool = False) -> bool:
        """Return the truth value at a path of keys, False where there is none."""
        return self.try_(
            lambda: shapes.flag(tree, *path), False, ".".join(path[-2:]), decides=decides
        )

    def address(self, tree: object, *path: str, decides: bool = False) -> str:
        """Return the address at a path of keys, "" where there is none."""
        return self.try_(
            lambda: shapes.address(tree, *path), "", ".".join(path[-2:]), decides=decides
        )

    def texts(self, tree: object, *path: str) -> Iterator[str]:
        """Yield the texts of a list."""
        for entry in self.listing(tree, *path):
            if type(entry) is str:
                yield entry
            else:
                self.leave_out(f"an entry of {'.'.join(path[-2:])} is left out: it is no text")
