"""Is a server ready? A question of its protocol, not of its socket."""

from __future__ import annotations

import time

from hostshift import resolver, strings
from hostshift._outside import pass_on
from hostshift.deadline import Deadline
from hostshift.greetings import (
    GREETINGS,
    POSTGRESQL_STARTUP,
    REDIS_NOT_READY,
    Turn,
    postgresql_session,
    sqlstate,
    tls_opening,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.greetings import Greeting
    from hostshift.strings import Reading

STEP = 0.25
"""Seconds between two looks."""
PATIENT_STEP = 5.0
"""The same for MySQL, in whose log each look is a refused login: see `greetings`."""
ANSWER_SECONDS = 2.0

ANSWER_LIMIT = 10.0
"""Seconds for one look at one address, whatever they are spent on: our own slowness included."""

STARTING = "57P03"
"""PostgreSQL's code while it starts or stops (cannot_connect_now, errcodes.txt)."""


def wait(name: str, environment: Mapping[str, str], seconds: float) -> str:
    """Wait until a server is ready that a variable leads to.

    Where the variable leads is looked up again each time: it may not be clear before
    the server is there.

    Args:
        name: the variable.
        environment: has the variable.
        seconds: how long to wait, finite and not negative. 0 is one look.

    Returns:
        What was wrong at the end, empty where it is ready.

    """
    if name not in environment:
        return f"--wait {name}: {name} is not set"
    deadline = time.monotonic() + seconds
    while True:
        trouble, step = _look(name, environment)
        left = deadline - time.monotonic()
        if not trouble or not left > 0:  # nor NaN
            return trouble and f"{trouble} (waited {seconds:g} s)"
        time.sleep(min(step, left))
        resolver.current().look_again()


def _look(name: str, environment: Mapping[str, str]) -> tuple[str, float]:
    """Tell what keeps a variable's server from being ready, and when to look again."""
    found = resolver.current().explain(environment[name])
    reading = strings.read(found.after, found.dialect or None)
    if not reading.endpoints:
        return f"{name} holds no address of a server", STEP
    for end in reading.endpoints:
        if end.effective_port is not None and is_ready(
            end.host, end.effective_port, reading.protocol
        ):
            return "", STEP
    places = _places(reading)
    step = PATIENT_STEP if reading.protocol == "mysql" else STEP
    return f"{name}: {places} is not ready", step


def _places(reading: Reading) -> str:
    return " and ".join(f"{end.host}:{end.effective_port}" for end in reading.endpoints)


def is_ready(host: str, port: int, protocol: str) -> bool:
    """Return True if a server accepts and answers as one that is ready in its protocol.

    Raises nothing. The first address that accepts counts, as for drivers.

    Args:
        host: a name or number; it is the user's own, so it is looked up as drivers do.
        port: its port.
        protocol: what it speaks; of one that is not known, it is enough that it accepts and
            does not hang up at once.

    """
    from hostshift import probe

    greeting = GREETINGS.get(protocol)
    for number in _numbers(host):
        deadline = Deadline(ANSWER_SECONDS, ANSWER_LIMIT)
        at = (number, port)
        if greeting is None:
            (outcome,) = probe.reach([at], deadline)
            verdict: bool | None = outcome == "open"
        else:
            outcome, verdict = probe.talk(
                at, _opening(protocol, greeting), greeting.ending, deadline
            )
            if outcome == "closed":  # perhaps since only TLS is spoken here
                _, verdict = probe.talk(at, tls_opening(protocol), None, deadline)
        if outcome in ("open", "closed"):
            return verdict is True
    return False


def _numbers(host: str) -> tuple[str, ...]:
    """Return the addresses of a host, none where it is not to be found."""
    import socket

    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        pass_on(error)
        return ()  # no such name, or a text that is none
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


def _opening(protocol: str, greeting: Greeting) -> Turn:
    """Return the first turn of a talk that shows whether a server is ready."""
    if protocol == "postgresql":
        return Turn(question=POSTGRESQL_STARTUP, judge=_postgresql)
    return Turn(
        question=greeting.opening.question,
        judge=lambda data: greeting.opening.judge(data) and not _is_not_yet(protocol, data),
    )


def _postgresql(data: bytes) -> bool | None:
    return postgresql_session(data) and sqlstate(data) != STARTING


def _is_not_yet(protocol: str, data: bytes) -> bool:
    """Return True if a server answers in its protocol that it is there and not ready."""
    if protocol == "mysql":
        return data[4] == 0xFF
    return protocol == "redis" and data.startswith(REDIS_NOT_READY)
