"""A file's values under the names that environment variables of theirs would have. Pure.

``spring.datasource.url`` becomes ``SPRING_DATASOURCE_URL``. So the rules for variables choose
what holds an address. A name can stand twice in a file: then there is more than one environment.
"""

from __future__ import annotations

import re

from hostshift.base import server_names
from hostshift.base.record import Record
from hostshift.documents.model import LONGEST, NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from hostshift.documents.model import Document

    View: TypeAlias = "dict[tuple[str, ...], int]"
    """The values of a mapping by their paths."""

_PRODUCTS = re.compile(
    r"(?i:postgresql|mysql|mariadb|mongodb|rabbitmq|clickhouse|sqlserver)|[hH]ostName"
)
"""What is one word, however it is written: ``PostgreSQL``."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_PLACES = frozenset(("HOST", "HOSTNAME", "SERVER", "PORT"))
_PORTS = ("PORT", "PORT_NUMBER", "PORTS")
_ENGINE_KEYS = frozenset(
    (
        "ADAPTER",
        "CLIENT",
        "CONN_TYPE",
        "DBMS",
        "DIALECT",
        "DRIVER",
        "DRIVER_CLASS_NAME",
        "ENGINE",
        "TYPE",
    )
)
"""Keys beside ``host`` whose value names the server: ``adapter`` (Rails), ``type`` (dbt),
``conn_type`` (Airflow), …"""
_LONGEST_KEY = 60
_NO_KEY = ("://", "@", "?", "=")
"""What keys do not have, and addresses do: a key that is one can hold a password."""


_MARKS = frozenset(":=,")


class Environment(Record):
    """Values by names, and the scalars that they come from."""

    values: Mapping[str, str]
    numbers: Mapping[str, int]
    fixed: frozenset[str] = frozenset()
    """Hosts and ports that stay if nothing here is about them: other mappings share them."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Name the field that may hold a secret."""
        return frozenset(("values",))


def environments(document: Document, form: str, prefix: str = "") -> list[Environment]:
    """Return a file's values by names, in as many environments as a name stands in views.

    The documents of a file are apart from each other.
    """
    made: dict[tuple[int, int], _Names] = {}
    free: dict[tuple[int, str], int] = {}
    for view, is_shared in _views(document):
        named = {prefix + name: number for name, number in _named(view, document, form).items()}
        part = max((document.scalars[number].part for number in view.values()), default=0)
        at = max((free.get((part, name), 0) for name in named), default=0)
        into = made.setdefault((part, at), _Names())
        into.numbers.update(named)
        into.fixed |= {
            name
            for name, number in named.items()
            if name.rpartition("_")[2] in _PLACES and (is_shared or number in document.shared)
        }
        free.update({(part, name): at + 1 for name in named})
    return [_environment(names, document) for names in made.values() if names.numbers]


class _Names:
    """An environment that is not complete."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.fixed: set[str] = set()


def _environment(names: _Names, document: Document) -> Environment:
    scalars = document.scalars
    values = {name: scalars[number].value.strip() for name, number in names.numbers.items()}
    return Environment(values=values, numbers=names.numbers, fixed=frozenset(names.fixed))


def _views(document: Document) -> Iterator[tuple[View, bool]]:
    """Yield each mapping; once more for each name that it has more than once.

    True goes with those that take values of others.
    """
    groups = _groups(document)
    known: set[frozenset[int]] = set()
    for first, *others in groups:
        beside = _beside(first)
        known.add(frozenset(beside.values()))
        yield first, False
        yield from ((beside | other, False) for other in others)
    for given in document.views:
        view = _beside(given)
        if frozenset(view.values()) not in known:
            known.add(frozenset(view.values()))
            yield view, True


def _groups(document: Document) -> Iterable[list[View]]:
    """Return the mappings, each with a further one for what stands there again."""
    groups: dict[int, list[View]] = {}
    times: dict[tuple[int, tuple[str, ...]], int] = {}
    for number, scalar in enumerate(document.scalars):
        if scalar.span[1] - scalar.span[0] > LONGEST:
            continue
        if scalar.style == NUMBER and not name_of(scalar.path, "").endswith(_PORTS):
            continue
        views = groups.setdefault(scalar.group, [{}])
        key = scalar.group, scalar.path
        at = times.get(key, 0)
        if at and not (_may_be_address(scalar.value) or _is_place(scalar.path)):
            continue
        times[key] = at + 1
        if at == len(views):
            views.append({})
        views[at][scalar.path] = number
    return groups.values()


def _may_be_address(value: str) -> bool:
    """Return False for most values that are none: there may be many of one name."""
    return not _MARKS.isdisjoint(value) or value.strip().lower() == "localhost"


def _beside(view: Mapping[tuple[str, ...], int]) -> View:
    """Return what a second value of some name is beside: hosts, ports and their servers."""
    return {path: number for path, number in view.items() if _is_place(path)}


def _is_place(path: Sequence[str]) -> bool:
    """Return True for a key of a host, a port or a socket, or one that names the server."""
    key = name_of(path[-1:], "")
    words = key.split("_")
    return (
        key in server_names.SOCKET_NAMES
        or words[-1] in _PLACES | _ENGINE_KEYS
        or words == ["DRIVER", "CLASS", "NAME"]
    )


def _named(view: View, document: Document, form: str) -> dict[str, int]:
    """Return the values of a mapping by names; a second one of a name gets another name."""
    named: dict[str, int] = {}
    engines = {} if form == "dotenv" else _engines(view, document)
    for path, number in view.items():
        name = name_of(path, form)
        before, _, last = name.rpartition("_")
        engine = engines.get(path[:-1])
        if engine and last in _PLACES and name_of(path[-1:], form) == last:
            if engine not in before.split("_")[-1:]:
                before = f"{before}_{engine}".lstrip("_")
            name = f"{before}_{last}"
        while name in named:
            name = f"{name}_2" if not name.endswith(tuple(_PLACES)) else f"SECOND_{name}"
        named[name] = number
    return named


def _engines(view: View, document: Document) -> dict[tuple[str, ...], str]:
    """Return the words for servers, by the path of the keys beside which one is named."""
    engines: dict[tuple[str, ...], str] = {}
    for path, number in view.items():
        if path and name_of(path[-1:], "") in _ENGINE_KEYS:
            protocol = server_names.protocol_of(document.scalars[number].value)
            engines[path[:-1]] = protocol.upper() or engines.get(path[:-1], "")
    return engines


def name_of(path: Iterable[str], form: str) -> str:
    """Return the name of a variable for a path of keys: that of a .env file is one."""
    if form == "dotenv":
        return ".".join(path)
    words = (word for key in path for word in _words(key))
    return "_".join(words).upper() or "VALUE"


def _words(key: str) -> list[str]:
    """Return the words of a key: ``connectionString`` has two."""
    if len(key) > _LONGEST_KEY or any(mark in key for mark in _NO_KEY):
        return ["KEY"]
    joined = _PRODUCTS.sub(lambda match: match[0].capitalize(), key)
    return [word for word in _WORDS.split(joined) if word]
