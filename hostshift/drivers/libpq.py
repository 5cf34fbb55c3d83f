"""libpq's two parameters for one server: ``host`` names it, and libpq dials ``hostaddr``.

libpq takes ``host`` for everything that goes by a name: the certificate, the name in the TLS
handshake, Kerberos' principal, the password in ``.pgpass`` (libpq 34.1.2).
"""

from __future__ import annotations

import os
import socket

from hostshift.base import redaction
from hostshift.base.addresses import is_host, is_ip_literal
from hostshift.base.forks import in_flight
from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.drivers.params import Pair


def blocks(configured: list[Pair], dialled: list[Pair]) -> bool:
    """Return True if :func:`parameters` looks a name up or reads a file."""
    return any(
        port != new_port or not (host == new_host or is_ip_literal(new_host))
        for (host, port), (new_host, new_port) in zip(configured, dialled, strict=True)
    )


def parameters(
    cparams: Mapping[str, object], configured: list[Pair], dialled: list[Pair]
) -> dict[str, object]:
    """Keep the configured hosts and add the IP addresses to dial, as many as hosts.

    A host with several addresses takes several entries, so that libpq tries them all as
    it does for a name. An empty one leaves the host to libpq. May block, see :func:`blocks`.

    Args:
        cparams: the driver's parameters.
        configured: hosts and ports as the user configured them.
        dialled: where to dial, one for each.

    Raises:
        OSError: none of the names has an address.

    """
    entries: list[tuple[str, str, int | None]] = []
    failed: OSError | None = None
    for (host, _), (new_host, port) in zip(configured, dialled, strict=True):
        try:
            numbers = [""] if new_host == host else _numbers(new_host, port)
        except OSError as error:
            reraise_interrupt(error)
            failed = error
            continue
        entries += [(host, number, port) for number in numbers]
    if not entries and failed is not None:
        raise failed
    return {**_written(cparams, entries), **_password(cparams, configured, dialled)}


def _written(
    cparams: Mapping[str, object], entries: list[tuple[str, str, int | None]]
) -> dict[str, object]:
    hosts, numbers, ports = zip(*entries, strict=True)
    kept = len(entries) == 1 and not isinstance(cparams.get("port"), str)
    return {
        "host": ",".join(hosts),
        "hostaddr": ",".join(numbers),
        "port": ports[0] if kept else ",".join(str(port or "") for port in ports),
    }


def _password(
    cparams: Mapping[str, object], configured: list[Pair], dialled: list[Pair]
) -> dict[str, object]:
    """Return the password that libpq would not find, because it looks under the port it dials.

    Under that port it could find another server's. Where several hosts have a password each,
    the parameters have no place for them.
    """
    pairs = zip(configured, dialled, strict=True)
    same = all(port == new_port for (_, port), (_, new_port) in pairs)
    if same or cparams.get("password") or os.environ.get("PGPASSWORD"):
        return {}
    with in_flight():
        from hostshift.drivers import pgpass
    passwords = {pgpass.password(cparams, host, port) for host, port in configured}
    if len(passwords) > 1:
        return {}
    known = passwords.pop()
    return {"password": known} if known else {"passfile": pgpass.NO_FILE}


def _numbers(host: str, port: int | None) -> list[str]:
    """Look a name up as drivers do; return each IP address once.

    Raises:
        OSError: the name has no address; the message shows the name. What has not the form of a
            name is not looked up, and its shape is shown.

    """
    if not is_host(host):
        raise OSError(f"could not translate host name {redaction.host(host)} to an address")
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        reraise_interrupt(error)
        raise OSError(f'could not translate host name "{host}" to address: {error}') from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))
