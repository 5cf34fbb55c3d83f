"""libpq's two names for one server: ``host`` is checked, ``hostaddr`` is dialled."""

from __future__ import annotations

import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hostshift.parameters import Pair

INSISTING = frozenset(("require", "verify-ca", "verify-full"))
"""Values of ``sslmode`` that do without no TLS. Only ``verify-full`` checks the host's
name; all send it in the handshake, and ``require`` verifies the chain where there is a
root certificate (fe-secure-openssl.c)."""


def insists(cparams: Mapping[str, Any]) -> bool:
    """Tell whether libpq will insist on TLS, by a parameter or by its variable.

    ``sslrootcert=system`` makes ``verify-full`` the default (libpq 16).
    """
    mode = cparams.get("sslmode") or os.environ.get("PGSSLMODE")
    root = cparams.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")
    return mode in INSISTING or root == "system"


def parameters(cparams: Mapping[str, Any], wanted: list[Pair], found: list[Pair]) -> dict[str, Any]:
    """Keep the configured hosts and add what to dial: numbers only, as many as hosts.

    A host with several addresses takes several entries, so that libpq tries them all as
    it does for a name. An empty one leaves the host to libpq. May block: looks names up.

    Raises:
        OSError: none of the names has an address.

    """
    entries: list[tuple[str, str, int | None]] = []
    failed: OSError | None = None
    for (host, _), (there, port) in zip(wanted, found, strict=True):
        try:
            numbers = [""] if there == host else _numbers(there, port)
        except OSError as error:
            failed = error
            continue
        entries += [(host, number, port) for number in numbers]
    if not entries and failed is not None:
        raise failed
    return _written(cparams, entries)


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


def _numbers(host: str, port: int | None) -> list[str]:
    """Look a name up as the drivers do, each number once.

    Raises:
        OSError: it has no address; the text names it.

    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OSError(f'could not translate host name "{host}" to address: {error}') from error
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
