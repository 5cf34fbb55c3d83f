"""Addresses in a value, however deep: texts, pairs of a host and a port, and dicts with both."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from hostshift import environ, strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_django._visitors import Visitor

PAIRED = {"hosts": None, "sentinels": 26379, "startup_nodes": 6379}
"""Keys under which a text and a number are a host and a port, and the default if it is not
the protocol's."""


def address(
    visitor: Visitor, place: str, host: Any, port: Any, protocol: str, default: int | None = None
) -> tuple[str, Any] | None:
    """Visit a host and a port; None where they are none, or stay.

    A port keeps its kind, text or number.
    """
    number = strings.default_port(protocol) if default is None else default
    if isinstance(port, int) or (isinstance(port, str) and port.isdecimal()):
        number = int(port)
    if not _is_host(host) or number is None or not 0 < number < 65536:
        return None
    found = visitor.pair(place, host, number, protocol)
    if found == (host, number):
        return None
    if found[1] == number:
        return found[0], port
    return found[0], str(found[1]) if isinstance(port, str) else found[1]


def _is_host(host: object) -> bool:
    """Tell a name or a number from a socket, a URL, and a host with its port."""
    plain = isinstance(host, str) and bool(host) and host[0] not in "/@" and "/" not in host
    return plain and isinstance(host, str) and host.count(":") != 1


def mapped(value: Any, change: Callable[[Any, Any], Any]) -> Any:
    """Change a dict's values, in a copy; without a change it is the dict itself."""
    new = {key: change(key, one) for key, one in value.items()}
    new = {key: one for key, one in new.items() if one is not value[key]}
    if not new:
        return value
    changed = copy(value)
    changed.update(new)
    return changed


def _like(value: Any, new: Any) -> Any:
    return list(new) if isinstance(value, list) else tuple(new)


class Walk:
    """Looks for addresses in a value, however deep."""

    def __init__(
        self,
        visitor: Visitor,
        *,
        protocol: str = "",
        pairs: bool = False,
        texts: bool = False,
        dialect: str | None = None,
    ) -> None:
        """Know what to look for.

        Args:
            visitor: is shown what is found.
            protocol: what is spoken there, where it is known.
            pairs: a text and a number are a host and a port; else only under keys that say so.
            texts: a text without a data service's scheme is an address as well.
            dialect: the grammar of whoever reads the texts.

        """
        self._visitor, self._protocol, self._dialect = visitor, protocol, dialect
        self._pairs, self._texts = pairs, texts

    def visit(self, place: str, value: Any) -> Any:
        """Return a value with the addresses that the visitor wants; itself if they stay."""
        return self._visit(place, value, pairs=self._pairs, port=None)

    def _visit(self, place: str, value: Any, *, pairs: bool, port: int | None) -> Any:
        if isinstance(value, str):
            return self._text(place, value)
        if isinstance(value, dict):
            return self._dict(place, value)
        if not isinstance(value, (list, tuple)):
            return value
        if pairs and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int):
            found = address(self._visitor, place, value[0], value[1], self._protocol, port)
            return value if found is None else _like(value, found)
        new = [
            self._visit(f"{place}[{at}]", one, pairs=pairs, port=port)
            for at, one in enumerate(value)
        ]
        same = all(a is b for a, b in zip(new, value, strict=True))
        return value if same else _like(value, new)

    def _text(self, place: str, text: str) -> str:
        if not self._texts and not environ.is_data(text):
            return text
        reading = strings.read(text, self._dialect)
        nowhere = reading.dialect == "none" or not reading.trouble or "://" not in text
        if not reading.endpoints and nowhere:
            return text  # a socket, a table, a word
        after = self._visitor.text(place, text, self._dialect, self._protocol)
        return text if after == text else after

    def _dict(self, place: str, value: dict[Any, Any]) -> Any:
        """Visit a dict: its host with its port, and what is in it."""
        keys = {key.lower(): key for key in value if isinstance(key, str)}
        host, port = keys.get("host"), keys.get("port")
        found = None
        if host is not None:
            given = value[port] if port is not None else None
            found = address(self._visitor, place, value[host], given, self._protocol)

        def one(key: Any, inner: Any) -> Any:
            if found is not None and key in (host, port):
                return found[0] if key == host else found[1]
            name = key.lower() if isinstance(key, str) else ""
            within = f"{place}[{key!r}]"
            return self._visit(within, inner, pairs=name in PAIRED, port=PAIRED.get(name))

        changed = mapped(value, one)
        if found is not None and host is not None and port is None and found[1] is not None:
            changed = {**changed, "PORT" if host.isupper() else "port": found[1]}
        return changed
