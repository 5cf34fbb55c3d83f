"""Is a server ready? Its protocol shows that, not its socket."""

from __future__ import annotations

import time

from hostshift import dsn
from hostshift.base import redaction
from hostshift.base.addresses import is_host, is_loopback, is_nowhere
from hostshift.base.deadline import Deadline
from hostshift.base.interrupts import reraise_interrupt
from hostshift.detect import forwarders, listeners, netlink
from hostshift.machine.handshakes import (
    GREETINGS,
    POSTGRESQL_STARTUP,
    REDIS_NOT_READY,
    Turn,
    postgresql_session,
    sqlstate,
    tls_opening,
)
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.dsn import Reading
    from hostshift.machine.handshakes import Handshake

__all__ = ["is_ready", "wait"]

_LOADED = (forwarders, netlink)
"""What :mod:`.listeners` loads at its first use: this process may have no descriptor then."""

STEP = 0.25
"""Seconds between two attempts."""
PATIENT_STEP = 5.0
"""The same for MySQL, which logs each attempt as a refused login: see `machine/handshakes`."""
ANSWER_SECONDS = 2.0

ANSWER_LIMIT = 10.0
"""Seconds for one attempt at one address, time that this process loses itself included."""

STARTING = "57P03"
"""PostgreSQL's code while it starts or stops (cannot_connect_now, errcodes.txt)."""


def wait(name: str, environment: Mapping[str, str], seconds: float) -> str:
    """Wait until the server at a variable's address is ready.

    Each attempt resolves the variable again: its address may not be clear before the server
    runs.

    Args:
        name: the variable.
        environment: has the variable.
        seconds: how long to wait, finite and not negative. 0 is one attempt.

    Returns:
        The last problem; empty if the server is ready.

    """
    if name not in environment:
        return f"--wait {name}: {name} is not set"
    deadline = time.monotonic() + seconds
    while True:
        trouble, step = _try(name, environment)
        left = deadline - time.monotonic()
        if not trouble or not left > 0:  # nor NaN
            return trouble and f"{trouble} (waited {seconds:g} s)"
        time.sleep(min(step, left))
        resolver.current().look_again()


def _try(name: str, environment: Mapping[str, str]) -> tuple[str, float]:
    """Return why a variable's server is not ready, and the seconds to the next attempt."""
    resolution = resolver.current().explain(environment[name])
    reading = dsn.read(resolution.after, resolution.dialect or None)
    if not reading.endpoints:
        return f"{name} holds no address of a server", STEP
    for endpoint in reading.endpoints:
        port = endpoint.effective_port
        if port is not None and is_ready(endpoint.host, port, reading.protocol):
            return "", STEP
    places = _places(reading)
    step = PATIENT_STEP if reading.protocol == "mysql" else STEP
    return f"{name}: {places} is not ready", step


def _places(reading: Reading) -> str:
    ends = (redaction.address(end.host, end.effective_port) for end in reading.endpoints)
    return " and ".join(ends)


def is_ready(host: str, port: int, protocol: str) -> bool:
    """Return True if a server accepts, and answers in its protocol that it is ready.

    Raises nothing. The first address that accepts counts, as for drivers. Where a forwarder
    listens, which accepts in any case, the address counts to which it would lead.

    Args:
        host: a name or an IP address. The user chose it, so this looks it up as drivers do.
        port: its port.
        protocol: the server's protocol. If hostshift does not know it, a server is ready
            that accepts and does not hang up at once.

    """
    from hostshift.machine import probe

    greeting = GREETINGS.get(protocol)
    for address in _addresses(host, port):
        deadline = Deadline(ANSWER_SECONDS, ANSWER_LIMIT)
        if greeting is None:
            (outcome,) = probe.reach([address], deadline)
            verdict: bool | None = outcome == "open"
        else:
            opening = _opening(protocol, greeting)
            outcome, verdict = probe.talk(address, opening, greeting.ending, deadline)
            if outcome == "closed":  # perhaps because this server speaks only TLS
                _, verdict = probe.talk(address, tls_opening(protocol), None, deadline)
        if outcome in ("open", "closed"):
            return verdict is True
    return False


def _addresses(host: str, port: int) -> tuple[tuple[str, int], ...]:
    """Return what a client dials at an address, from behind a forwarder of ours."""
    found: dict[tuple[str, int], None] = {}
    for number in _numbers(host):
        behind = None
        if is_loopback(number):
            behind = listeners.forwarded_to(number, port, ANSWER_SECONDS)
        found |= dict.fromkeys(((number, port),) if behind is None else behind)
    return tuple(found)


def _numbers(host: str) -> tuple[str, ...]:
    """Return the IP addresses of a host; none if it has none."""
    import socket

    if not is_host(host) or is_nowhere(host):
        return ()
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return ()  # no such name, or a text that is no name
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _opening(protocol: str, greeting: Handshake) -> Turn:
    """Return the first turn of a handshake that shows whether a server is ready."""
    if protocol == "postgresql":
        return Turn(question=POSTGRESQL_STARTUP, judge=_postgresql)
    return Turn(
        question=greeting.opening.question,
        judge=lambda data: greeting.opening.judge(data) and not _is_not_yet(protocol, data),
    )


def _postgresql(data: bytes) -> bool | None:
    return postgresql_session(data) and sqlstate(data) != STARTING


def _is_not_yet(protocol: str, data: bytes) -> bool:
    """Return True if a server answers in its protocol that it runs and is not ready."""
    if protocol == "mysql":
        return data[4] == 0xFF
    return protocol == "redis" and data.startswith(REDIS_NOT_READY)
