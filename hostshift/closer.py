"""What only the kernel tells, by netlink: interfaces and listeners. Loaded away from the host.

A captured root keeps them in files instead.
"""

from __future__ import annotations

from hostshift import formats
from hostshift._outside import pass_on
from hostshift.root import FAILURES
from hostshift.surroundings import (
    EMBEDDED_DNS,
    INTERFACES,
    INTERFACES_FILE,
    LISTENERS,
    Interface,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hostshift.root import Root

    Found = tuple[tuple[Interface, ...] | None, bool]
    """The interfaces, None where they are not known; True if something listens on 127.0.0.11."""

_TCP = "proc/net/tcp"


def asked(at: Root) -> Found:
    """Ask the kernel for interfaces and listeners; what it refuses is noted."""
    from hostshift import netlink

    failures = (*FAILURES, *netlink.FAILURES)
    interfaces = None
    try:
        interfaces = netlink.interfaces()
    except failures as error:
        at.failed(INTERFACES, error)
    try:
        rows = netlink.listeners()
    except failures as error:
        rows = _by_file(at, error)
    return interfaces, any(row.address == EMBEDDED_DNS for row in rows)


def _by_file(at: Root, error: Exception) -> tuple[formats.Listener, ...]:
    """Read the listeners from the kernel's file where netlink failed."""
    pass_on(error)
    texts = at.texts((_TCP,))
    if not texts:
        at.could_not(LISTENERS, error)
    return formats.listeners(texts.get(_TCP, ""))


def captured(at: Root) -> Found:
    """Read interfaces and listeners as a capture keeps them."""
    import json

    texts = at.texts((_TCP, INTERFACES_FILE))
    for name, meant in ((_TCP, LISTENERS), (INTERFACES_FILE, INTERFACES)):
        if name in at.unread:
            at.unread[meant] = at.unread[name]
    rows = formats.listeners(texts.get(_TCP, ""))
    embedded_dns = any(row.address == EMBEDDED_DNS for row in rows)
    interfaces = None
    try:
        listed = json.loads(texts.get(INTERFACES_FILE, "null"))
        interfaces = None if listed is None else tuple(map(_interface, listed))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        at.odd.append(f"{INTERFACES_FILE} (not what a capture writes)")
        at.unread[INTERFACES] = False
    return interfaces, embedded_dns


def _interface(listed: Mapping[str, Any]) -> Interface:
    return Interface(
        name=str(listed["name"]),
        kind=str(listed["kind"]),
        addresses=tuple(map(str, listed["addresses"])),
        networks=tuple(map(str, listed["networks"])),
    )
