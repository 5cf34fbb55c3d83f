"""The kernel's tables of TCP connections, ``/proc/net/tcp`` and ``tcp6`` (proc_net(5))."""

from __future__ import annotations

from hostshift.base import addresses
from hostshift.base.interrupts import reraise_interrupt
from hostshift.detect import procfs


def is_peer_here(local: tuple[str, int], remote: tuple[str, int]) -> bool:
    """Return True if this network namespace has one end of a connection, in any state.

    Args:
        local: the address and port of that end.
        remote: those of the other end.

    """
    texts = (table(name) for name in ("tcp", "tcp6"))
    ends = _unmapped(local), _unmapped(remote)
    return any(text and has(text, *ends) for text in texts)


def _unmapped(end: tuple[str, int]) -> tuple[str, int]:
    """Return an end of a connection with IPv4 in an IPv6 socket as IPv4, as :func:`_end` does."""
    return addresses.unmapped(end[0]), end[1]


def table(name: str) -> str | None:
    """Return a table, None if it cannot be read."""
    try:
        # Unbuffered: each read of this file walks the kernel's connection table.
        with open(f"/proc/net/{name}", "rb", buffering=0) as file:
            return file.readall().decode("ascii", "replace")
    except OSError as error:
        reraise_interrupt(error)
        return None


def has(text: str, local: tuple[str, int], remote: tuple[str, int]) -> bool:
    """Return True if a table has a connection."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 2 and (_end(fields[1]), _end(fields[2])) == (local, remote):
            return True
    return False


def _end(field: str) -> tuple[str, int] | None:
    """Decode one end of a connection; IPv4 in an IPv6 socket counts as IPv4."""
    address, _, port = field.partition(":")
    try:
        return addresses.unmapped(procfs.tcp_address(address)), int(port, 16)
    except ValueError:
        return None
