"""Engines that are asked over TCP: Docker in Docker, as GitLab has it.

``DOCKER_HOST=tcp://NAME`` is no other machine where every address of NAME is on a network
that this container is connected to: then NAME is a container with an engine of its own
(or one that shares this network namespace), and what its containers publish is at NAME.
Where NAME is loopback, the engine publishes in this network namespace: a daemon of the
host that listens on TCP as well, or a sidecar of the same pod.

Every other address is another machine's, and never dialled. An engine that wants TLS is
not asked: it would need the user's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift._record import Record
from hostshift.addresses import format_address, in_subnets, is_loopback
from hostshift.topology.engine.problems import Late, Problem
from hostshift.topology.engine.wire import Endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.questions import Resolve
    from hostshift.topology.engine.chosen import Choice

_PLAIN, _TLS = 2375, 2376
"""The usual ports (docker/docker client, DefaultHTTPPort and DefaultTLSHost)."""
NO_TLS = "is an engine that wants TLS, which hostshift does not speak"
FIX = (
    "give the service a port mapping in HOSTSHIFT_MAP, or let the engine listen without TLS"
    " on a network of its own"
)


class Tcp(Record):
    """An engine that is asked over TCP."""

    name: str
    """The host that its address names, as it is written."""
    endpoint: Endpoint
    local: bool
    """Whether it publishes in this network namespace."""
    problem: Problem | None = None
    """Why it is not asked."""

    @property
    def host(self) -> str:
        """The host at which its published ports are; "" for this network namespace."""
        return "" if self.local else self.name


def is_tcp(url: str) -> bool:
    """Return True if a URL names an engine by TCP."""
    return url.partition("://")[0].lower() in ("tcp", "http", "https") and "://" in url


def judge(choice: Choice, subnets: Sequence[str], resolve: Resolve) -> Tcp | None:
    """Return the engine that a URL names; None if it is another machine's.

    Args:
        choice: the URL, and whether it is spoken to by TLS.
        subnets: the networks that this container is connected to; none on the host.
        resolve: looks a name up.

    Raises:
        Problem: the URL is none, or nobody could say where its name leads.

    """
    name, port, tls = _parts(choice)
    addresses = _addresses(name, resolve)
    local = bool(addresses) and all(map(is_loopback, addresses))
    if not local and not (addresses and all(in_subnets(at, subnets) for at in addresses)):
        return None
    return Tcp(
        name=name,
        endpoint=Endpoint(
            name=f"tcp://{format_address(name, port)}", addresses=addresses, port=port
        ),
        local=local,
        problem=Problem(NO_TLS, fix=FIX) if tls or port == _TLS else None,
    )


def _parts(choice: Choice) -> tuple[str, int, bool]:
    """Return host, port and whether it is TLS. A user in the URL is nobody's business."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(choice.url)
        tls = choice.tls or parts.scheme == "https"
        name, port = parts.hostname or "localhost", parts.port or (_TLS if tls else _PLAIN)
    except ValueError:
        raise Problem("is no address of an engine", fix="write it as tcp://NAME:2375") from None
    if parts.path not in ("", "/") or parts.query:
        raise Problem("has a path, which hostshift cannot ask", fix="write it as tcp://NAME:2375")
    return name, port, tls


def _addresses(name: str, resolve: Resolve) -> tuple[str, ...]:
    if name.lower() == "localhost":  # RFC 6761, 6.3: nobody needs to be asked
        return ("127.0.0.1", "::1")
    from ipaddress import ip_address

    try:
        return (str(ip_address(name)),)
    except ValueError:
        found = resolve(name)
    if found is None:
        raise Late("names a host that no name server could tell of in time")
    return found
