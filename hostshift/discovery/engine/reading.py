"""Read an engine's description of one container, and note the fields that we leave out.

One container's odd value must not hide the others, because any user who may start a
container chooses its labels, aliases and exposed ports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hostshift.discovery.engine import json_fields
from hostshift.discovery.engine.problems import Problem, gap, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.model import Gap, Note

_Value = TypeVar("_Value")
_MOST_PORTS = 1 << 18
"""Exposed ports of all containers together. Four characters of a range are 65,535 of them."""


class Reading:
    """The notes and gaps of the fields that we left out so far.

    Each makes a *note*. It also makes a *gap* if an answer could depend on it: which port
    of the host leads here, which address, whose network, whether it runs. A value that
    cannot be a name or a port could decide nothing, so a note is enough.

    Args:
        where: the engine's socket.

    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._container = ""
        self.notes: list[Note] = []
        self.gaps: list[Gap] = []
        self._ports = 0

    def affords(self, ports: int) -> bool:
        """Count exposed ports, and return True unless there are too many of them now."""
        self._ports += ports
        return self._ports <= _MOST_PORTS

    def begin(self, container: str) -> None:
        """Continue with another container.

        Args:
            container: its name or id, printable; "" for no container.

        """
        self._container = container

    def leave_out(self, what: str, *, decides: bool = False, passing: bool = False) -> None:
        """Note that we left out something of this container.

        Args:
            what: what we left out and why, without its value.
            decides: True if an answer could depend on it.
            passing: True if the next look may find it.

        """
        name = self._container
        text = f"container {name}: {what}" if name else what
        self.notes.append(note(self._where, text))
        if decides:
            fix = f"see what is odd about it: docker inspect {name}" if name else ""
            problem = Problem(text, passing=passing, fix=fix)
            self.gaps.append(gap(self._where, problem).replace(container=name))

    def try_(
        self, read: Callable[[], _Value], otherwise: _Value, what: str, *, decides: bool = False
    ) -> _Value:
        """Return the result of a reader of :mod:`.json_fields`, or a default if it raises."""
        try:
            return read()
        except Problem:
            self.leave_out(f"left out {what}, because its value is unexpected", decides=decides)
            return otherwise

    def text(self, tree: Tree, *path: str, decides: bool = False) -> str:
        """Return the text at a path of keys; "" if it is missing or odd."""
        return self.try_(
            lambda: json_fields.text(tree, *path), "", ".".join(path[-2:]), decides=decides
        )

    def mapping(self, tree: Tree, *path: str, decides: bool = False) -> dict[str, Tree]:
        """Return the object at a path of keys; {} if it is missing or odd."""
        return self.try_(
            lambda: json_fields.mapping(tree, *path), {}, ".".join(path[-2:]), decides=decides
        )

    def listing(self, tree: Tree, *path: str, decides: bool = False) -> list[Tree]:
        """Return the list at a path of keys; [] if it is missing or odd."""
        return self.try_(
            lambda: json_fields.listing(tree, *path), [], ".".join(path[-2:]), decides=decides
        )

    def flag(self, tree: Tree, *path: str, decides: bool = False) -> bool:
        """Return the boolean at a path of keys; False if it is missing or odd."""
        return self.try_(
            lambda: json_fields.flag(tree, *path), False, ".".join(path[-2:]), decides=decides
        )

    def address(self, tree: Tree, *path: str, decides: bool = False) -> str:
        """Return the address at a path of keys; "" if it is missing or odd."""
        return self.try_(
            lambda: json_fields.address(tree, *path), "", ".".join(path[-2:]), decides=decides
        )

    def texts(self, tree: Tree, *path: str) -> Iterator[str]:
        """Yield the texts of the list at a path of keys; leave out its other entries."""
        for entry in self.listing(tree, *path):
            if type(entry) is str:
                yield entry
            else:
                self.leave_out(
                    f"left out an entry of {'.'.join(path[-2:])}, because it is not text"
                )
