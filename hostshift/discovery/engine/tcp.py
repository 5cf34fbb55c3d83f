"""Judge engines that clients ask over TCP: Docker in Docker, as GitLab has it.

``DOCKER_HOST=tcp://NAME`` is not another machine if every address of NAME is on a network
that this container is connected to. Then NAME is a container with an engine of its own (or
one that shares this network namespace), and its containers publish their ports at NAME. If
NAME is loopback, the engine publishes in this network namespace: it is a daemon of the host
that also listens on TCP, or a sidecar of the same pod. On the host and in LXC, any user may
listen on loopback, so the listener must be root's or this user's.

Every other address belongs to another machine, and we never dial it. We do not ask an
engine that requires TLS, because that needs the user's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.base.addresses import format_address, in_subnets, is_host, is_loopback
from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.record import Record
from hostshift.discovery.engine.problems import Late, Problem
from hostshift.discovery.engine.wire import Endpoint
from hostshift.trust import owners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.discovery.engine.chosen import Choice
    from hostshift.discovery.model import Resolve

_PLAIN, _TLS = 2375, 2376
"""The usual ports (docker/docker client, DefaultHTTPPort and DefaultTLSHost)."""
NO_TLS = "is an engine that requires TLS, which hostshift does not support"
FIX = (
    "give the service a port mapping in HOSTSHIFT_MAP, or let the engine listen without TLS"
    " on a network of its own"
)


class Tcp(Record):
    """An engine that clients ask over TCP."""

    name: str
    """The host in its URL, as the user wrote it."""
    endpoint: Endpoint
    local: bool
    """True if it publishes in this network namespace."""
    problem: Problem | None = None
    """The reason why we do not ask it; None if we do."""

    @property
    def host(self) -> str:
        """The host that has its published ports; "" for this network namespace."""
        return "" if self.local else self.name


def is_tcp(url: str) -> bool:
    """Return True if a URL names an engine over TCP."""
    return url.partition("://")[0].lower() in ("tcp", "http", "https") and "://" in url


def judge(choice: Choice, subnets: Sequence[str], resolve: Resolve) -> Tcp | None:
    """Return the engine that a URL names; None if it is on another machine.

    Args:
        choice: the URL, and whether clients use TLS.
        subnets: the networks that this container is connected to; none on the host.
        resolve: looks a name up.

    Raises:
        Problem: the URL is invalid, or its name did not resolve in time.

    """
    name, port, tls = _parts(choice)
    addresses = _addresses(name, resolve)
    local = bool(addresses) and all(map(is_loopback, addresses))
    if not local and not (addresses and all(in_subnets(at, subnets) for at in addresses)):
        return None
    return Tcp(
        name=name,
        endpoint=Endpoint(
            name=f"tcp://{format_address(name, port)}",
            addresses=addresses,
            port=port,
            guarded=local and not (subnets and _is_alone()),
        ),
        local=local,
        problem=Problem(NO_TLS, fix=FIX) if tls or port == _TLS else None,
    )


def _is_alone() -> bool:
    """Return True in an engine's container, in which no other user's program listens."""
    try:
        return owners.is_in_an_engines_container()
    except OSError as error:  # no descriptor is free to find out
        reraise_interrupt(error)
        return False


def _parts(choice: Choice) -> tuple[str, int, bool]:
    """Return host, port and True for TLS. Leave out a user in the URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(choice.url)
        tls = choice.tls or parts.scheme == "https"
        name, port = parts.hostname or "localhost", parts.port or (_TLS if tls else _PLAIN)
    except ValueError:
        raise _no_address() from None
    if not is_host(name):
        raise _no_address()
    if parts.path not in ("", "/") or parts.query:
        raise Problem(
            "has a path, which hostshift does not support", fix="write it as tcp://NAME:2375"
        )
    return name, port, tls


def _no_address() -> Problem:
    return Problem("is not the address of an engine", fix="write it as tcp://NAME:2375")


def _addresses(name: str, resolve: Resolve) -> tuple[str, ...]:
    if name.lower() == "localhost":  # RFC 6761, 6.3: no look-up is needed
        return ("127.0.0.1", "::1")
    from ipaddress import ip_address

    try:
        return (str(ip_address(name)),)
    except ValueError:
        addresses = resolve(name)
    if addresses is None:
        raise Late("names a host that no name server resolved in time")
    return addresses
