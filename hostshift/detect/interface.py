"""A network interface, from the kernel or from a capture. Pure."""

from __future__ import annotations

from hostshift.base.record import Record


class Interface(Record):
    """A network interface of this process's network namespace."""

    name: str
    kind: str
    """The kernel's link kind (``veth``, ``macvlan``, ``bridge``, …), empty for a plain device."""
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    """The networks of its addresses, as ``172.17.0.0/16``, without link-local ones."""
