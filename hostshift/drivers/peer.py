"""Which of several hosts a driver has connected to, by the connection that it made."""

from __future__ import annotations

import os
import socket

__all__ = ["address"]


def address(connection: object) -> tuple[str, int] | None:
    """Return the IP address and port at the other end of a connection; None if it does not say.

    Args:
        connection: as the driver made it, or SQLAlchemy's adapter of an asynchronous one.

    """
    own = getattr(connection, "driver_connection", connection)
    return _of_asyncpg(own) or _of_libpq(own)


def _of_asyncpg(connection: object) -> tuple[str, int] | None:
    """Ask the transport: asyncpg has no public way to it (0.27 to 0.32)."""
    transport = getattr(connection, "_transport", None)
    name = transport.get_extra_info("peername") if transport is not None else None
    return name[:2] if isinstance(name, tuple) else None


def _of_libpq(connection: object) -> tuple[str, int] | None:
    """Ask the socket: psycopg and psycopg2 give its number."""
    fileno = getattr(connection, "fileno", None)
    if fileno is None:
        return None
    try:
        with socket.socket(fileno=os.dup(fileno())) as same:
            name = same.getpeername()
    except Exception:  # noqa: BLE001 - a closed connection has an error of each driver's own
        return None
    return name[:2] if isinstance(name, tuple) else None
