"""Readers of the kernel's and the resolver's text formats. Pure.

Each takes the text of one file and gives the parts that detection needs. The
kernel's files may be cut off, empty or odd: lines that do not parse are passed
over, nothing raises, and time is linear in the text.
"""

from __future__ import annotations

from hostshift._record import Record


class Mount(Record):
    """One line of ``/proc/self/mountinfo`` (proc_pid_mountinfo(5))."""

    root: str
    """The directory of the mounted file system that is seen here."""
    point: str
    """Where it is mounted."""
    fstype: str
    source: str
    options: str
    """Per-superblock options: for an overlay its lowerdir and upperdir."""


class HostsFile(Record):
    """What ``/etc/hosts`` says."""

    names: dict[str, tuple[str, ...]]
    """Addresses by name, names in lower case, in the order of the file."""
    comments: tuple[str, ...] = ()


class ResolverConfig(Record):
    """What ``/etc/resolv.conf`` says."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


class RouteEntry(Record):
    """One IPv4 route of ``/proc/net/route``."""

    interface: str
    network: str
    """As ``10.0.0.0/8``."""
    gateway: str | None
    metric: int = 0


class Listener(Record):
    """A listening TCP socket."""

    address: str
    port: int
    inode: int
    only_v6: bool = False
    """A socket on ``::`` that does not take IPv4 as well."""


def mounts(text: str) -> tuple[Mount, ...]:
    """Read ``/proc/self/mountinfo``."""
    found = []
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        before, after = left.split(" "), right.split(" ")
        if separator and len(before) > 4 and len(after) > 1:
            found.append(
                Mount(
                    root=_unescape(before[3]),
                    point=_unescape(before[4]),
                    fstype=after[0],
                    source=_unescape(after[1]),
                    options=after[2] if len(after) > 2 else "",
                )
            )
    return tuple(found)


def _unescape(field: str) -> str:
    r"""Undo the kernel's octal escapes of space, tab, newline and backslash."""
    if "\\" not in field:
        return field
    escapes = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}
    parts = field.split("\\")
    return parts[0] + "".join(
        escapes.get("\\" + part[:3], "\\" + part[:3]) + part[3:] for part in parts[1:]
    )


def hosts_file(text: str) -> HostsFile:
    """Read ``/etc/hosts`` (hosts(5))."""
    names: dict[str, list[str]] = {}
    comments = []
    for line in text.splitlines():
        entry, mark, comment = line.partition("#")
        if mark and not entry.strip():
            comments.append(comment.strip())
        address, *aliases = entry.split() or [""]
        for alias in aliases:
            addresses = names.setdefault(alias.lower(), [])
            if address not in addresses:
                addresses.append(address)
    return HostsFile(
        names={name: tuple(found) for name, found in names.items()}, comments=tuple(comments)
    )


def resolver_config(text: str) -> ResolverConfig:
    """Read ``/etc/resolv.conf`` (resolv.conf(5))."""
    servers, search, comments = [], [], []
    for line in text.splitlines():
        if line[:1] in ("#", ";"):
            comments.append(line[1:].strip())
            continue
        keyword, *values = line.split() or [""]
        if keyword == "nameserver" and values:
            servers.append(values[0])
        elif keyword in ("search", "domain"):
            search = values
    return ResolverConfig(
        nameservers=tuple(servers), search=tuple(search), comments=tuple(comments)
    )


def routes(text: str) -> tuple[RouteEntry, ...]:
    """Read ``/proc/net/route``: the usable IPv4 routes."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            flags, metric = int(fields[3], 16), int(fields[6])
            network, mask = _ipv4(fields[1]), int(fields[7], 16).bit_count()
            gateway = _ipv4(fields[2]) if flags & _GATEWAY else None
        except (ValueError, IndexError):
            continue
        if flags & _UP and not flags & _REJECT:
            found.append(
                RouteEntry(
                    interface=fields[0],
                    network=f"{network}/{mask}",
                    gateway=gateway,
                    metric=metric,
                )
            )
    return tuple(found)


_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200  # linux/route.h


def _ipv4(field: str) -> str:
    """Decode the kernel's little-endian hexadecimal address."""
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(field.zfill(8)[-8:])))


def listeners(text: str) -> tuple[Listener, ...]:
    """Read the LISTEN rows of ``/proc/net/tcp`` or ``/proc/net/tcp6``."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != "0A":
            continue
        address, _, port = fields[1].partition(":")
        try:
            found.append(
                Listener(address=_proc_address(address), port=int(port, 16), inode=int(fields[9]))
            )
        except ValueError:
            continue
    return tuple(found)


def _proc_address(field: str) -> str:
    """Decode an address of /proc/net/tcp{,6}: four-byte words in host byte order."""
    if len(field) == 8:
        return _ipv4(field)
    from ipaddress import IPv6Address

    words = [bytes.fromhex(field[at : at + 8])[::-1] for at in range(0, 32, 8)]
    return str(IPv6Address(b"".join(words)))


def subnets(found: tuple[RouteEntry, ...]) -> tuple[str, ...]:
    """Return the networks that are connected: reached without a gateway."""
    return tuple(route.network for route in found if route.gateway is None)


def default_routes(found: tuple[RouteEntry, ...]) -> tuple[RouteEntry, ...]:
    """Return the default routes, the preferred one first.

    A VPN that takes everything splits the default in two halves (0.0.0.0/1 and
    128.0.0.0/1), which beat a default route by being longer.
    """
    halves = [route for route in found if route.network in ("0.0.0.0/1", "128.0.0.0/1")]
    whole = sorted(
        (route for route in found if route.network == "0.0.0.0/0"), key=lambda route: route.metric
    )
    return (*halves, *whole)


def identity_uid_map(text: str) -> bool:
    """Tell whether ``/proc/self/uid_map`` maps every user to itself."""
    fields = text.split()
    return fields[:2] == ["0", "0"] and len(fields) == 3 and fields[2] == "4294967295"


def port_range(text: str) -> tuple[int, int] | None:
    """Read ``ip_local_port_range``: the ports that the kernel hands out by itself."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isascii() and field.isdecimal() for field in fields):
        return None
    return int(fields[0]), int(fields[1])
