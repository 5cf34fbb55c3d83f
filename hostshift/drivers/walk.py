"""Addresses in a value, however deep: texts, pairs of a host and a port, and dicts with both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import dsn
from hostshift.drivers.containers import with_items
from hostshift.environment.values import is_data

if TYPE_CHECKING:
    from hostshift.drivers.visitors import Visitor

PAIRED = {"hosts": None, "sentinels": 26379, "startup_nodes": 6379}
"""Keys under which a text and a number are a host and a port, and the default if it is not
the protocol's."""


def address(
    visitor: Visitor, place: str, host: object, port: Any, protocol: str, default: int | None = None
) -> tuple[str, Any] | None:
    """Visit a host and a port; None where they are none, or stay.

    A port keeps its kind, text or number.
    """
    number = dsn.default_port(protocol) if default is None else default
    if isinstance(port, int) or (isinstance(port, str) and port.isdecimal()):
        number = int(port)
    if not isinstance(host, str) or not _is_host(host) or number is None or not 0 < number < 65536:
        return None
    after = visitor.pair(place, host, number, protocol)
    if after == (host, number):
        return None
    if after[1] == number:
        return after[0], port
    return after[0], str(after[1]) if isinstance(port, str) else after[1]


def _is_host(host: str) -> bool:
    """Return True for a name or a number; False for a socket, a URL, and a host with its port."""
    return bool(host) and host[0] not in "/@" and "/" not in host and host.count(":") != 1


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
        """Take what to look for.

        Args:
            visitor: visits each address.
            protocol: what the servers speak, where it is known.
            pairs: a text and a number are a host and a port; else only under :data:`PAIRED`.
            texts: a text without a data service's scheme is an address as well.
            dialect: the grammar of the code that reads the texts.

        """
        self._visitor, self._protocol, self._dialect = visitor, protocol, dialect
        self._pairs, self._texts = pairs, texts

    def visit(self, place: str, value: Any) -> Any:
        """Return a value with the addresses of the visitor; itself if they all stay."""
        return self._visit(place, value, pairs=self._pairs, port=None)

    def _visit(self, place: str, value: Any, *, pairs: bool, port: int | None) -> Any:
        if isinstance(value, str):
            return self._text(place, value)
        if isinstance(value, dict):
            return self._dict(place, value)
        if not isinstance(value, (list, tuple)):
            return value
        if pairs and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int):
            after = address(self._visitor, place, value[0], value[1], self._protocol, port)
            return value if after is None else with_items(value, lambda at, _: after[at])
        return with_items(
            value, lambda at, item: self._visit(f"{place}[{at}]", item, pairs=pairs, port=port)
        )

    def _text(self, place: str, text: str) -> str:
        if not self._texts and not is_data(text):
            return text
        reading = dsn.read(text, self._dialect)
        nowhere = reading.dialect == "none" or not reading.trouble or "://" not in text
        if not reading.endpoints and nowhere:
            return text  # a socket, a table, a word
        after = self._visitor.text(place, text, self._dialect, self._protocol)
        return text if after == text else after

    def _dict(self, place: str, value: dict[Any, Any]) -> Any:
        """Visit a dict: its host with its port, and what is in it."""
        keys = {key.lower(): key for key in value if isinstance(key, str)}
        host, port = keys.get("host"), keys.get("port")
        after = None
        if host is not None:
            configured = value[port] if port is not None else None
            after = address(self._visitor, place, value[host], configured, self._protocol)

        def change(key: Any, item: Any) -> Any:
            if after is not None and key in (host, port):
                return after[0] if key == host else after[1]
            name = key.lower() if isinstance(key, str) else ""
            within = f"{place}[{key!r}]"
            return self._visit(within, item, pairs=name in PAIRED, port=PAIRED.get(name))

        changed = with_items(value, change)
        if after is not None and host is not None and port is None and after[1] is not None:
            changed = {**changed, "PORT" if host.isupper() else "port": after[1]}
        return changed
