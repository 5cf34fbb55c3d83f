"""Readers of the kernel's and the resolver's text formats. Pure.

Each takes the text of one file and returns the parts that detection needs. The
kernel's files may be cut off, empty or odd: readers skip lines that do not parse,
raise nothing, and take time linear in the text.
"""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Mount(Record):
    """One line of ``/proc/self/mountinfo`` (proc_pid_mountinfo(5))."""

    root: str
    """The directory of the mounted file system that is visible here."""
    point: str
    """Where it is mounted."""
    fstype: str
    source: str
    options: str
    """Per-superblock options: for an overlay its lowerdir and upperdir."""


class HostsFile(Record):
    """The content of ``/etc/hosts``."""

    names: Mapping[str, tuple[str, ...]]
    """Addresses by name, names in lower case, in the order of the file."""
    comments: tuple[str, ...] = ()


class ResolverConfig(Record):
    """The content of ``/etc/resolv.conf``."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


class RouteEntry(Record):
    """One route of ``/proc/net/route`` or ``/proc/net/ipv6_route``."""

    interface: str
    network: str
    """As ``10.0.0.0/8`` or ``fd00::/64``."""
    gateway: str | None
    metric: int = 0


class Listener(Record):
    """A listening TCP socket."""

    address: str
    port: int
    inode: int
    only_v6: bool = False
    """True for a socket on ``::`` that does not take IPv4 too. Always False by the files."""
    uid: int | None = None
    """The user who owns the socket."""


def mounts_on(text: str, points: Sequence[str]) -> tuple[Mount, ...]:
    """Read the lines of ``/proc/self/mountinfo`` for these mount points, in their order.

    The table of a host that runs many containers is long, and nearly all of it is
    about them. So this searches for the lines, and does not even split the others.
    The options after a mount point begin with ``rw`` or ``ro``.
    """
    hits: list[tuple[int, Mount]] = []
    for point in points:
        needle = f" {point} r"
        if needle in text:
            hits += [hit for hit in _mounts_with(text, needle) if hit[1].point == point]
    return tuple(mount for _, mount in sorted(hits, key=_position))


def mounts_of(text: str, fstype: str) -> tuple[Mount, ...]:
    """Read the lines of ``/proc/self/mountinfo`` for file systems of one type."""
    hits = _mounts_with(text, f" - {fstype} ")
    return tuple(mount for _, mount in hits if mount.fstype == fstype)


def _position(hit: tuple[int, Mount]) -> int:
    return hit[0]


def _mounts_with(text: str, needle: str) -> list[tuple[int, Mount]]:
    """Return the mounts whose line holds a text, each with its place."""
    hits = []
    position = text.find(needle)
    while position >= 0:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        mount = _mount(text[text.rfind("\n", 0, position) + 1 : end])
        if mount is not None:
            hits.append((position, mount))
        position = text.find(needle, end)
    return hits


def _mount(line: str) -> Mount | None:
    left, separator, right = line.partition(" - ")
    before, after = left.split(" "), right.split(" ")
    if not separator or len(before) < 5 or len(after) < 2:
        return None
    return Mount(
        root=_unescape(before[3]),
        point=_unescape(before[4]),
        fstype=after[0],
        source=_unescape(after[1]),
        options=after[2] if len(after) > 2 else "",
    )


def _unescape(field: str) -> str:
    r"""Undo the kernel's octal escapes of space, tab, newline and backslash."""
    if "\\" not in field:
        return field
    escapes = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}
    parts = field.split("\\")
    return parts[0] + "".join(
        escapes.get("\\" + part[:3], "\\" + part[:3]) + part[3:] for part in parts[1:]
    )


def cgroup_segments(text: str) -> tuple[str, ...]:
    """Return the path segments of every hierarchy in ``/proc/self/cgroup`` (cgroups(7))."""
    below = [line for line in text.splitlines() if not line.endswith(":/")]
    paths = [line.split(":", 2)[-1] for line in below]
    return tuple(segment for path in paths for segment in path.split("/") if segment)


def hosts_file(text: str) -> HostsFile:
    """Read ``/etc/hosts`` (hosts(5))."""
    names: dict[str, tuple[str, ...]] = {}
    comments = []
    for line in text.splitlines():
        entry = line
        if "#" in line:
            entry, _, comment = line.partition("#")
            if not entry or entry.isspace():
                comments.append(comment.strip())
        address, *aliases = entry.split() or ("",)
        for alias in aliases:
            name = alias.lower()
            known = names.get(name, ())
            if address not in known:
                names[name] = (*known, address)
    return HostsFile(names=names, comments=tuple(comments))


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
    usable = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            flags, metric = int(fields[3], 16), int(fields[6])
            network, mask = _ipv4(fields[1]), int(fields[7], 16).bit_count()
            gateway = _ipv4(fields[2]) if flags & _GATEWAY else None
        except (ValueError, IndexError):
            continue
        if flags & _UP and not flags & _REJECT:
            usable.append(
                RouteEntry(
                    interface=fields[0],
                    network=f"{network}/{mask}",
                    gateway=gateway,
                    metric=metric,
                )
            )
    return tuple(usable)


def routes6(text: str, *, all_gateways: bool = False) -> tuple[RouteEntry, ...]:
    """Read ``/proc/net/ipv6_route``: the usable routes that lead to others.

    It leaves out this machine's own addresses, multicast and link-local networks.

    Args:
        text: the content of the file.
        all_gateways: also read the routes by a gateway with a link-local address, which
            a connection string cannot name.

    """
    entries = []
    for line in text.splitlines():
        fields = line.split()
        try:
            flags, metric = int(fields[8], 16), int(fields[5], 16)
            bits, destination = int(fields[1], 16), bytes.fromhex(fields[0])
            next_hop = bytes.fromhex(fields[4])
        except (ValueError, IndexError):
            continue
        usable = flags & _UP and not flags & (_REJECT | _ANYCAST | _LOCAL)
        sized = len(destination) == len(next_hop) == 16 and bits <= 128
        if not (usable and sized) or destination[:1] == b"\xff" or _link_local(destination):
            continue
        if all_gateways or not flags & _GATEWAY or not _link_local(next_hop):
            entries.append(
                RouteEntry(
                    interface=fields[9] if len(fields) > 9 else "",
                    network=f"{_ipv6(destination)}/{bits}",
                    gateway=_ipv6(next_hop) if flags & _GATEWAY else None,
                    metric=metric,
                )
            )
    return tuple(entries)


_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200  # linux/route.h
_ANYCAST, _LOCAL = 0x00100000, 0x80000000  # linux/ipv6_route.h


def _link_local(address: bytes) -> bool:
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _ipv6(address: bytes) -> str:
    from ipaddress import IPv6Address

    return str(IPv6Address(address))


def devices(text: str | None) -> tuple[str, ...] | None:
    """Read the names of the network devices in ``/proc/net/dev``."""
    if text is None:
        return None
    lines = text.splitlines()[2:]
    return tuple(line.partition(":")[0].strip() for line in lines if ":" in line)


def environ(text: str) -> dict[str, str]:
    """Read ``/proc/self/environ``: variables that end in NUL."""
    pairs = (entry.partition("=") for entry in text.split("\0"))
    return {name: value for name, equals, value in pairs if equals}


def _ipv4(field: str) -> str:
    """Decode the kernel's little-endian hexadecimal address."""
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(field.zfill(8)[-8:])))


def listeners(text: str) -> tuple[Listener, ...]:
    """Read the LISTEN rows of ``/proc/net/tcp`` or ``/proc/net/tcp6``."""
    rows = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != "0A":
            continue
        address, _, port = fields[1].partition(":")
        try:
            rows.append(
                Listener(
                    address=tcp_address(address),
                    port=int(port, 16),
                    inode=int(fields[9]),
                    uid=int(fields[7]),
                )
            )
        except ValueError:
            continue
    return tuple(rows)


def tcp_address(field: str) -> str:
    """Decode an address of /proc/net/tcp{,6}: four-byte words in host byte order."""
    if len(field) == 8:
        return _ipv4(field)
    return _ipv6(b"".join(bytes.fromhex(field[at : at + 8])[::-1] for at in range(0, 32, 8)))


def subnets(entries: tuple[RouteEntry, ...]) -> tuple[str, ...]:
    """Return the connected networks, which need no gateway."""
    wide = (*_WHOLE, *_HALVES)
    return tuple(
        route.network for route in entries if route.gateway is None and route.network not in wide
    )


_WHOLE = ("0.0.0.0/0", "::/0")
_HALVES = ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")


def default_routes(entries: tuple[RouteEntry, ...]) -> tuple[RouteEntry, ...]:
    """Return the default routes, the preferred one first, IPv4 before IPv6.

    A VPN that takes everything splits the default in two halves (0.0.0.0/1 and
    128.0.0.0/1). They beat a default route, because they are longer.
    """
    halves = [route for route in entries if route.network in _HALVES]
    whole = [route for route in entries if route.network in _WHOLE]
    return (*halves, *sorted(whole, key=lambda route: (":" in route.network, route.metric)))


def identity_uid_map(text: str) -> bool:
    """Return True if ``/proc/self/uid_map`` maps every user to itself."""
    fields = text.split()
    return fields[:2] == ["0", "0"] and len(fields) == 3 and fields[2] == "4294967295"


def remapped_from(text: str) -> int | None:
    """Return the outside id that root maps to if ``/proc/self/uid_map`` is one range, else None.

    An engine that runs as root remaps users by one range from 0 on (``userns-remap``,
    ``--userns``), and its network is the machine's own. A rootless engine maps root to its user
    alone, and others by a second line (rootlesskit, podman).
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    fields = lines[0] if len(lines) == 1 else []
    if len(fields) != 3 or not all(field.isascii() and field.isdecimal() for field in fields):
        return None
    inside, outside, count = map(int, fields)
    return outside if inside == 0 and count > 1 else None


def port_range(text: str) -> tuple[int, int] | None:
    """Read ``ip_local_port_range``: the ephemeral ports, first and last."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isascii() and field.isdecimal() for field in fields):
        return None
    return int(fields[0]), int(fields[1])
