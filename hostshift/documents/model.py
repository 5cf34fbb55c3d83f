"""A configuration file as texts with their positions. Pure."""

from __future__ import annotations

import re

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol, TypeAlias

    Leaf: TypeAlias = "tuple[tuple[str, ...], str, str]"
    """A value as a reference parser reads it: path, kind, text."""
    Unit: TypeAlias = "tuple[str, int, int]"
    """A character of a value, with the positions that it has in the file."""

    class Format(Protocol):
        """What a module of a format has."""

        def read(self, text: str) -> Document:
            """Return the values of a file; raise DocumentError if it is not of this format."""
            ...

        def units(self, text: str, scalar: Scalar) -> list[Unit]:
            """Return each character of a value with its positions; empty if they are unknown."""
            ...

        def encoded(self, piece: str, scalar: Scalar) -> str | None:
            """Return how a piece of a value is written in its style; None if it cannot be."""
            ...


LONGEST = 1 << 16
"""The longest value that counts, in characters of the file: a longer one is no address."""
NUMBER = "number"
"""The style of a number without quotes: a port."""


def may_be_port(path: Sequence[str], word: str) -> bool:
    """Return True for a number that a port's key holds in another form: ``0x1538``, ``5_432``.

    It is not read, and its host stays, as it would beside any port that is not known.
    """
    return word[:1] in "+-.0123456789" and bool(path) and path[-1].lower().endswith("port")


class DocumentError(Exception):
    """A file is not what its format says. It never quotes the file, which may hold secrets."""

    def __init__(self, line: int | None, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why if line is None else f"line {line}: {why}")


class Scalar(Record):
    """A value that is a text or a port, and where it is in the file."""

    path: tuple[str, ...]
    """The keys that lead to it."""
    value: str
    """What a program reads, without quotes and escapes."""
    span: tuple[int, int]
    """Where it begins and ends in the file, quotes included."""
    style: str
    """How it is written: for the format's module to know."""
    group: int = 0
    """The number of its mapping. Values of one mapping stand beside each other."""
    part: int = 0
    """The number of the document in a file with several. A program reads each on its own."""
    leaf: int = -1
    """The number of the leaf that the reference parser reads there; -1 if it reads none, as
    where a later value of the same name overrides this one."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Name the fields that may hold a secret."""
        return frozenset(("value", "path"))


class Document(Record):
    """The values of a file."""

    scalars: tuple[Scalar, ...]
    leaves: tuple[Leaf, ...]
    """All that the reference parser reads, in an order that depends on the structure alone."""
    views: tuple[Mapping[tuple[str, ...], int], ...] = ()
    """Further mappings that a program sees, by paths: those that take values of others (YAML's
    merge keys, the defaults of an INI file). The numbers are those of scalars."""
    shared: frozenset[int] = frozenset()
    """The numbers of scalars to which others refer, so that they stand in several mappings."""
    skipped: tuple[int, ...] = ()
    """The numbers of lines that programs skip, because they are nothing of this format."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Name the fields that may hold a secret."""
        return frozenset(("leaves", "views"))


def line_of(text: str, position: int) -> int:
    r"""Return the number of the line at a position. Lines end with ``\n``, ``\r`` or both."""
    before = text[:position]
    return before.count("\n") + before.count("\r") - before.count("\r\n") + 1


_BLANKS = re.compile(r"[^\S\r\n]{1000}")


def check_blanks(text: str) -> None:
    """Refuse long runs of blanks, before a parser whose time grows with the square of them.

    Raises:
        DocumentError: there is one.

    """
    if run := _BLANKS.search(text):
        raise DocumentError(line_of(text, run.start()), "it has too many blanks in a row")


def plain_units(text: str, start: int, end: int) -> list[Unit]:
    """Return the characters of a text that stands for itself."""
    return [(text[at], at, at + 1) for at in range(start, end)]
