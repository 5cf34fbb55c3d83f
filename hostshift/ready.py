"""Is a server ready? A question of its protocol, not of its socket."""

from __future__ import annotations

import socket
import time

from hostshift import resolver, strings
from hostshift.greetings import GREETINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.strings import Reading

STEP = 0.25
"""Seconds between two looks."""
PATIENT_STEP = 5.0
"""The same for MySQL, which counts handshakes that nobody finishes (max_connect_errors)."""
ANSWER_SECONDS = 2.0

_STARTUP = b"user\0hostshift\0database\0hostshift\0\0"
POSTGRESQL_STARTUP = (len(_STARTUP) + 8).to_bytes(4, "big") + b"\0\3\0\0" + _STARTUP
"""What ``pg_isready`` sends: a session for a user who need not exist. While the server starts
or stops it answers 57P03, otherwise anything else (libpq, PQpingParams)."""
NOT_YET = {"postgresql": b"57P03", "redis": b"-LOADING", "mysql": b"\xff"}
"""What is in the first answer of a server that is there and not ready."""


def wait(name: str, environment: Mapping[str, str], seconds: float) -> str:
    """Wait until a server is ready that a variable leads to.

    Where the variable leads is looked up anew each time: it may not be clear before
    the server is there.

    Returns:
        What was wrong at the end, empty where it is ready.

    """
    if name not in environment:
        return f"--wait {name}: {name} is not set"
    deadline = time.monotonic() + seconds
    while True:
        trouble, step = _look(name, environment)
        left = deadline - time.monotonic()
        if not trouble or left <= 0:
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
    """Tell whether a server accepts and answers as one that is ready in its protocol.

    Args:
        host: a name or number; it is the user's own, so it is looked up as drivers do.
        port: its port.
        protocol: what it speaks; of one that is not known, it is enough that it accepts.

    """
    question = POSTGRESQL_STARTUP if protocol == "postgresql" else None
    greeting = GREETINGS.get(protocol)
    try:
        with socket.create_connection((host, port), ANSWER_SECONDS) as server:
            if question is None and greeting is None:
                return True
            server.sendall(question or (greeting.question if greeting else b""))
            answer = server.recv(4096)
    except OSError:
        return False
    if not answer:
        # TLS alone is spoken here, or a proxy hung up: only the first is ready, and
        # nobody can tell. PostgreSQL always answers.
        return False
    mark = NOT_YET.get(protocol)
    if protocol == "mysql":
        return answer[4:5] != mark
    return mark is None or mark not in answer
