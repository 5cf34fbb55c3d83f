"""Oracle's connect descriptors: ``(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=p))…)``.

Drivers dial only a HOST directly inside of an ADDRESS. Values in double quotes may
hold parentheses. Source: python-oracledb, ``impl/base/parsers.pyx``,
_parse_descriptor_key_value_pair; Oracle Net Services Reference, "Protocol
Address Configuration".
"""

from __future__ import annotations

from hostshift.dsn import authority, host_port
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.masking import is_secret, secret_parameters
from hostshift.dsn.model import Endpoint, Slot, Unreadable

Fields = dict[str, shared.Span]

_PARENTS = frozenset(("description_list", "description", "address_list"))
_DIALLED = frozenset(("", "tcp", "tcps"))
_NOT_DIALLED = frozenset(("ipc", "beq", "nmp"))
_OFF = frozenset(("off", "no", "false"))
_LONGEST_NAME = 100
_DEEPEST = 16


def endpoints(
    text: str, start: int, default_port: int, secrets: list[shared.Span]
) -> list[Endpoint]:
    """Read the descriptor that begins at an offset, and add its secrets to the list."""
    reader = _Reader(text, start, default_port, secrets)
    end = _skipped(text, reader.read())
    if end < len(text) and text[end] != "?":
        raise Unreadable("something stands behind the descriptor", refused=True)
    secrets += secret_parameters(text, end)
    return reader.endpoints


def _skipped(text: str, at: int) -> int:
    """Return the offset of the next character that is not white space."""
    while text[at : at + 1].isspace():
        at += 1
    return at


class _Reader:
    """One pass over a descriptor, with the names of the open parentheses."""

    def __init__(
        self, text: str, start: int, default_port: int, secrets: list[shared.Span]
    ) -> None:
        self.text, self.at, self.default_port = text, start, default_port
        self.secrets = secrets
        self.endpoints: list[Endpoint] = []
        self.open: list[str] = []
        self.address: Fields = {}

    def read(self) -> int:
        """Read to the parenthesis that closes the first one; return the offset behind it."""
        while True:
            self.at = _skipped(self.text, self.at)
            mark = self.text[self.at : self.at + 1]
            if mark == "(":
                self._begin()
            elif mark == ")":
                self._close()
                if not self.open:
                    return self.at
            else:
                raise Unreadable("a parenthesis is not closed, or holds what none may")

    def _begin(self) -> None:
        """Read ``(NAME=`` and, if no parenthesis follows, the value."""
        equals = self.text.find("=", self.at, self.at + _LONGEST_NAME)
        name = self.text[self.at + 1 : max(equals, self.at)].strip().lower()
        if not name.replace("_", "").replace(".", "").isalnum() or len(self.open) > _DEEPEST:
            raise Unreadable("a name in a descriptor is missing or odd, or stands too deep")
        self._check(name)
        self.open.append(name)
        self.at = _skipped(self.text, equals + 1)
        if self.text[self.at : self.at + 1] not in ("(", ")"):
            self._value(name)

    def _check(self, name: str) -> None:
        """Refuse an address with an unknown purpose, and doubled names in an address."""
        if name == "address":
            if not _PARENTS.issuperset(self.open):
                raise Unreadable("an address stands where none is known to")
            self.address = {}
        elif self.open[-1:] == ["address"] and name in self.address:
            raise Unreadable("an address says something twice")

    def _value(self, name: str) -> None:
        """Read a value up to the closing parenthesis."""
        start, end = self._quoted() if self.text[self.at : self.at + 1] == '"' else self._bare()
        if self.open[-2:-1] == ["address"]:
            self.address[name] = start, end
        if is_secret(name):
            self.secrets.append((start, end))
        if name == "source_route" and self.text[start:end].lower() not in _OFF:
            raise Unreadable("the hosts are a route, of which only the first is dialled")

    def _quoted(self) -> shared.Span:
        """Return the span between double quotes, and go behind them."""
        start = self.at + 1
        end = self.text.find('"', start)
        if end < 0:
            raise Unreadable("a quote is not closed", refused=True)
        self.at = end + 1
        return start, end

    def _bare(self) -> shared.Span:
        """Return the span of a value without quotes, and go behind it."""
        start = self.at
        end = self.at = authority.first_of(self.text, ")", start)
        value = self.text[start:end]
        if any(mark in value for mark in "('\""):
            raise Unreadable("a value holds marks that drivers read differently")
        return start, start + len(value.rstrip())

    def _close(self) -> None:
        """Close the innermost parenthesis; read the address that it may end."""
        self.at += 1
        if self.open.pop() == "address":
            endpoint = _endpoint(self.text, self.address, self.default_port)
            self.endpoints += [endpoint] if endpoint is not None else []


def _endpoint(text: str, fields: Fields, default_port: int) -> Endpoint | None:
    """Read the endpoint of an ADDRESS; return None if it is no network address."""
    protocol = text[slice(*fields.get("protocol", (0, 0)))].lower()
    start, end = fields.get("host", (0, 0))
    if protocol in _NOT_DIALLED or start == end:
        return None
    if protocol not in _DIALLED or "https_proxy" in fields:
        raise Unreadable("a proxy is named, or a protocol that is not known here")
    host = text[start:end]
    host_port.check_host(host)
    if ":" in host and not shared.is_ipv6(host):
        raise Unreadable("a host holds a colon")
    return Endpoint(
        host=host,
        port=_port(text, fields),
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=host_port.as_is),
        port_at=_port_at(text, fields, end),
    )


def _port(text: str, fields: Fields) -> int | None:
    """Return the port of an ADDRESS."""
    start, end = fields.get("port", (0, 0))
    return host_port.port_number(text[start:end]) if start < end else None


def _port_at(text: str, fields: Fields, host_end: int) -> Slot:
    """Return the place of the port, or of a new one: a parenthesis behind the host's."""
    if "port" in fields:
        start, end = fields["port"]
        return Slot(start=start, end=end, write=host_port.as_is)
    at = host_end + 1 if text.startswith('"', host_end) else host_end
    return Slot(start=at, end=at, write=_in_parentheses)


def _in_parentheses(port: str) -> str:
    """Write a port behind the value of HOST, so that HOST's parenthesis closes the port's."""
    return f")(PORT={port}"
