"""Facts that only the kernel has, by netlink: interfaces and listeners. Loaded away from the host.

A captured root keeps them in files instead.
"""

from __future__ import annotations

from hostshift.base.interrupts import reraise_interrupt
from hostshift.detect import procfs
from hostshift.detect.interface import Interface
from hostshift.detect.rootfs import FAILURES
from hostshift.detect.sources import EMBEDDED_DNS, INTERFACES, INTERFACES_FILE, LISTENERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    from hostshift.detect.rootfs import RootFs

    class InterfaceDict(TypedDict):
        """An interface as a capture writes it."""

        name: str
        kind: str
        addresses: list[str]
        networks: list[str]

    KernelFacts = tuple[tuple[Interface, ...] | None, bool]
    """The interfaces, None if unknown; True if something listens on 127.0.0.11."""

_TCP = "proc/net/tcp"


def asked(files: RootFs) -> KernelFacts:
    """Ask the kernel for interfaces and listeners, and note what it refuses."""
    from hostshift.detect import netlink

    failures = (*FAILURES, *netlink.FAILURES)
    interfaces = None
    try:
        interfaces = netlink.interfaces()
    except failures as error:
        files.failed(INTERFACES, error)
    try:
        rows = netlink.listeners()
    except failures as error:
        rows = _by_file(files, error)
    return interfaces, any(row.address == EMBEDDED_DNS for row in rows)


def _by_file(files: RootFs, error: Exception) -> tuple[procfs.Listener, ...]:
    """Read the listeners from the kernel's file, because netlink failed."""
    reraise_interrupt(error)
    texts = files.texts((_TCP,))
    if not texts:
        files.could_not(LISTENERS, error)
    return procfs.listeners(texts.get(_TCP, ""))


def captured(files: RootFs) -> KernelFacts:
    """Read interfaces and listeners from a capture's files."""
    import json

    texts = files.texts((_TCP, INTERFACES_FILE))
    for name, source in ((_TCP, LISTENERS), (INTERFACES_FILE, INTERFACES)):
        if name in files.unread:
            files.unread[source] = files.unread[name]
    rows = procfs.listeners(texts.get(_TCP, ""))
    embedded_dns = any(row.address == EMBEDDED_DNS for row in rows)
    interfaces = None
    try:
        listed = json.loads(texts.get(INTERFACES_FILE, "null"))
        interfaces = None if listed is None else tuple(map(_interface, listed))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        files.odd.append(f"{INTERFACES_FILE} (not what a capture writes)")
        files.unread[INTERFACES] = False
    return interfaces, embedded_dns


def _interface(listed: InterfaceDict) -> Interface:
    return Interface(
        name=str(listed["name"]),
        kind=str(listed["kind"]),
        addresses=tuple(map(str, listed["addresses"])),
        networks=tuple(map(str, listed["networks"])),
    )
