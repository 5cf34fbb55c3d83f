"""libpq's two parameters for one server: ``host`` names it, ``hostaddr`` is dialled.

All that is looked up by a name goes by ``host``: the certificate, the name in the TLS
handshake, Kerberos' principal, the password in ``.pgpass`` (libpq 34.1.2).
"""

from __future__ import annotations

import os
import socket

from hostshift._outside import pass_on
from hostshift.addresses import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hostshift.parameters import Pair


def blocks(wanted: list[Pair], found: list[Pair]) -> bool:
    """Return True if :func:`parameters` looks a name up or reads a file."""
    return any(
        port != at or not (host == there or is_number(there))
        for (host, port), (there, at) in zip(wanted, found, strict=True)
    )


def parameters(cparams: Mapping[str, Any], wanted: list[Pair], found: list[Pair]) -> dict[str, Any]:
    """Keep the configured hosts and add what to dial: numbers only, as many as hosts.

    A host with several addresses takes several entries, so that libpq tries them all as
    it does for a name. An empty one leaves the host to libpq. May block, see :func:`blocks`.

    Raises:
        OSError: none of the names has an address.

    """
    entries: list[tuple[str, str, int | None]] = []
    failed: OSError | None = None
    for (host, _), (there, port) in zip(wanted, found, strict=True):
        try:
            numbers = [""] if there == host else _numbers(there, port)
        except OSError as error:
            pass_on(error)
            failed = error
            continue
        entries += [(host, number, port) for number in numbers]
    if not entries and failed is not None:
        raise failed
    return {**_written(cparams, entries), **_password(cparams, wanted, found)}


def _written(
    cparams: Mapping[str, Any], entries: list[tuple[str, str, int | None]]
) -> dict[str, Any]:
    hosts, numbers, ports = zip(*entries, strict=True)
    kept = len(entries) == 1 and not isinstance(cparams.get("port"), str)
    return {
        "host": ",".join(hosts),
        "hostaddr": ",".join(numbers),
        "port": ports[0] if kept else ",".join(str(port or "") for port in ports),
    }


def _password(cparams: Mapping[str, Any], wanted: list[Pair], found: list[Pair]) -> dict[str, Any]:
    """Give the password that libpq would not find, as it looks it up by the port that it dials.

    Under that it could find another server's. Of several hosts with a password each, none
    can be given.
    """
    same = all(port == there for (_, port), (_, there) in zip(wanted, found, strict=True))
    if same or cparams.get("password") or os.environ.get("PGPASSWORD"):
        return {}
    from hostshift import pgpass

    passwords = {pgpass.password(cparams, host, port) for host, port in wanted}
    if len(passwords) > 1:
        return {}
    known = passwords.pop()
    return {"password": known} if known else {"passfile": pgpass.NO_FILE}


def _numbers(host: str, port: int | None) -> list[str]:
    """Look a name up as the drivers do, each number once.

    Raises:
        OSError: it has no address; the text names it.

    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        pass_on(error)
        raise OSError(f'could not translate host name "{host}" to address: {error}') from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
