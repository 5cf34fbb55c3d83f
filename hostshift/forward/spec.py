"""What a user asks to forward: SPECs as words, read into endpoints. Pure."""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.addresses import format_address, is_host, is_loopback, is_odd_number
from hostshift.base.record import Record
from hostshift.errors import ForwardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AUTO = "auto"
LOCALHOST = "localhost"
FORMS = (
    "a port (5432), LOCAL=TARGET (5433=db:5432 or 5432=postgresql), HOST:PORT, the name of a"
    " variable, or auto"
)
_MOST_DIGITS = 7


class Endpoint(Record):
    """One port to listen on, and what a connection to it means."""

    local: int
    host: str = LOCALHOST
    port: int
    protocol: str = ""
    """The protocol of the server; empty if unknown."""
    origin: str = ""
    """The variable that named it; empty if the user named the port."""

    @property
    def is_loopback(self) -> bool:
        """Return True if it means what `localhost` means here, not a target by its name."""
        return is_loopback(self.host)

    @property
    def is_as_dialled(self) -> bool:
        """Return True if a client without the forwarder would dial the same."""
        return self.is_loopback and self.local == self.port

    def __str__(self) -> str:
        """Write the port, and the target if that is another address."""
        local = format_address(LOCALHOST, self.local)
        return local if self.is_as_dialled else f"{local} for {self.target}"

    @property
    def target(self) -> str:
        """Write what the user means by it."""
        return redaction.address(self.host, self.port)


class Specs(Record):
    """What a list of SPECs asks for."""

    endpoints: tuple[Endpoint, ...] = ()
    variables: tuple[str, ...] = ()
    auto: bool = False


def read(words: Iterable[str], environ: Mapping[str, str]) -> Specs:
    """Read SPECs: each word may hold several, with commas between them.

    Args:
        words: as the user wrote them.
        environ: the variables that may be named.

    Raises:
        ForwardError: a SPEC is wrong, or two are for one port; shows only the shape of what
            could be a connection string.

    """
    endpoints: dict[int, Endpoint] = {}
    variables: dict[str, None] = {}
    auto = False
    for spec in _split(words):
        if spec == AUTO:
            auto = True
        elif _is_name(spec):
            variables[_variable(spec, environ)] = None
        else:
            endpoint = _endpoint(spec)
            if endpoint.local in endpoints:
                raise ForwardError(f"two SPECs are for port {endpoint.local}: leave one out")
            endpoints[endpoint.local] = endpoint
    if not (endpoints or variables or auto):
        raise ForwardError(f"there is no SPEC: name {FORMS}")
    return Specs(endpoints=tuple(endpoints.values()), variables=tuple(variables), auto=auto)


def _split(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        for part in word.split(","):
            if spec := part.strip():
                yield spec


def _is_name(spec: str) -> bool:
    """Return True for the form of a variable's name."""
    plain = spec.replace("_", "").replace(".", "").replace("-", "")
    return plain.isalnum() and plain.isascii() and (spec[0].isalpha() or spec[0] == "_")


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if name in environ:
        return name
    raise ForwardError(f"{redaction.name(name)} is not a variable that is set. A SPEC is {FORMS}")


def _endpoint(spec: str) -> Endpoint:
    local, equals, target = spec.partition("=")
    if equals:
        return _with_target(_port(local, spec), target, spec)
    if ":" not in spec:
        port = _port(spec, spec)
        return Endpoint(local=port, port=port)
    host, port = _address(spec, spec)
    return Endpoint(local=port, host=host, port=port)


def _with_target(local: int, target: str, spec: str) -> Endpoint:
    """Read the TARGET of ``LOCAL=TARGET``: a port, an address, or a protocol."""
    if target.isascii() and target.isdigit():
        return Endpoint(local=local, port=_port(target, spec))
    if ":" in target:
        host, port = _address(target, spec)
        return Endpoint(local=local, host=host, port=port)
    protocol = _protocol(target)
    if not protocol:
        raise _unknown(spec)
    return Endpoint(local=local, port=local, protocol=protocol)


def _protocol(name: str) -> str:
    """Return the protocol that a scheme stands for; empty if it is none."""
    from hostshift.dsn import schemes

    known = schemes.find(name) if _is_name(name) else None
    return known.protocol if known is not None else ""


def _address(text: str, spec: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if host[:1] == "[" and host[-1:] == "]":
        host = host[1:-1]
    elif ":" in host:  # a URL, or an IPv6 address without its brackets
        raise _unknown(spec)
    if not host or not is_host(host):
        raise _unknown(spec)
    if is_odd_number(host) and not is_loopback(host):
        raise _unknown(spec, _hint(host, port, spec))
    return host, _port(port, spec)


def _hint(host: str, port: str, spec: str) -> str:
    """Return what somebody may mean who writes a number in the place of a host."""
    if not _is_port(host) or not _is_port(port):
        return ": the address of a host is four numbers, such as 10.0.0.1"
    if "=" in spec:
        return f": {host} is no host"
    return f": {host} is no host, but {host}={port} listens on {host} for localhost:{port}"


def _port(text: str, spec: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _unknown(spec)
    if _is_port(text):
        return int(text)
    shown = text if len(text) <= _MOST_DIGITS else redaction.shape(text)
    raise ForwardError(f"{shown} is no port: a port is a number from 1 to 65535")


def _is_port(text: str) -> bool:
    digits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return digits and 0 < int(text) < 65536


def _unknown(spec: str, hint: str = "") -> ForwardError:
    return ForwardError(f"{redaction.shape(spec)} is no SPEC{hint}. A SPEC is {FORMS}")
