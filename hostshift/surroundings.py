"""The facts of this machine that detection rests on, read once and frozen.

Everything hostshift reads from ``/proc``, ``/etc``, ``/run`` and the environment
is read here, below a given root: ``/`` for this machine, a directory for a
captured one. A file that is missing, unreadable or odd is a fact like any other,
never an error.

It is read in two steps. :func:`read` takes what tells whether this is the host.
Only away from it :func:`look_closer` asks for devices, IPv6 routes and Docker's
name server: they tell how the host is reached, and cost more. Texts are kept as
they are and parsed when a rule looks at them: most never are.
"""

from __future__ import annotations

import os

from hostshift import contracts, formats
from hostshift._record import Record
from hostshift.root import NAMESPACE_FILES, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

INITIAL_ONLY_SYSCTLS = (
    "net/core/netdev_max_backlog",
    "net/core/dev_weight",
    "net/ipv4/tcp_mem",
    "net/ipv4/tcp_max_orphans",
)
"""Settings that the kernel registers for the initial network namespace alone
(net/core/sysctl_net_core.c and net/ipv4/sysctl_net_ipv4.c)."""

_INITIAL_ONLY_FILES = tuple(f"proc/sys/{name}" for name in INITIAL_ONLY_SYSCTLS)
_SOMAXCONN = "proc/sys/net/core/somaxconn"
_FIRST_CGROUP = ("proc/1/cgroup",)

TEXTS = (
    "proc/self/mountinfo",
    "proc/self/cgroup",
    "proc/self/uid_map",
    "proc/net/route",
    "proc/net/dev",
    "proc/sys/net/ipv4/ip_local_port_range",
    "proc/sys/kernel/osrelease",
    "proc/version",
    "proc/2/comm",
    "etc/hosts",
    "etc/resolv.conf",
    "run/systemd/container",
)
"""The files that are read, below the root."""

MARKS = (".dockerenv", "run/.containerenv", "run/host/container-manager")
"""Files of which only the presence counts."""

IDENTITY_POINTS = ("/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/.containerenv")
"""Where engines bind files that belong to one container."""

TELLING_POINTS = (*IDENTITY_POINTS, "/", "/proc/sys/kernel/random/boot_id")
"""The only places whose mounts describe this process: a host that runs containers shows
the mounts of all of them."""

EMBEDDED_DNS = "127.0.0.11"
"""Docker's name server on user networks (moby libnetwork/sandbox_dns_unix.go)."""

INTERFACES_FILE = "interfaces.json"
"""Where a captured root keeps what the kernel only tells by netlink."""

INTERFACES, LISTENERS = "netlink: interfaces", "netlink: listeners"
"""What those are called that are no files, where they could not be read."""

UNREAD_FILE = "unread.txt"
"""Where a captured root keeps what could not be read on its machine, a name a line."""


class Interface(Record):
    """A network interface of this process's network namespace."""

    name: str
    kind: str
    """The kernel's link kind (``veth``, ``macvlan``, ``bridge``, …), empty for a plain device."""
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    """The networks that its addresses are on, as ``172.17.0.0/16``; link-local ones left out."""


class _Parsed:
    """An attribute that is worked out at the first look and then kept, as the record is frozen."""

    def __init__(self, parse: Callable[[Surroundings], Any]) -> None:
        self._parse, self.__doc__ = parse, parse.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, around: Surroundings, owner: type) -> Any:
        found = around.__dict__[self._name] = self._parse(around)
        return found


if TYPE_CHECKING:
    _parsed = property
else:
    _parsed = _Parsed


class Surroundings(Record):
    """What was read."""

    root: str
    system: str
    """``linux``, ``darwin``, ``win32``: :data:`sys.platform`."""
    live: bool
    """Read from this machine itself, not from a captured root."""
    texts: dict[str, str]
    """What the files say, by name; those that are missing or cannot be read are missing here."""
    namespaces: dict[str, int]
    """Inode numbers of this process's namespaces."""
    initial_sysctls: int
    """How many of :data:`INITIAL_ONLY_SYSCTLS` exist."""
    somaxconn: bool
    """``net/core/somaxconn`` exists: /proc/sys/net can be seen at all."""
    marks: frozenset[str]
    """Which of :data:`MARKS` exist."""
    environ: dict[str, str]
    odd: tuple[str, ...] = ()
    """Files that are there but could not be read, or not to their end, with the reason."""
    unread: tuple[str, ...] = ()
    """The same by name alone. What they would have said is not known: it is not "nothing"."""
    passing: bool = False
    """True where something could not be read for a reason that passes, such as no descriptors."""
    closer: bool = False
    """True after :func:`look_closer`: the IPv6 routes and the interfaces were asked for."""
    interfaces: tuple[Interface, ...] | None = None
    """None: not asked, or not to be had."""
    embedded_dns: bool = False
    """Something listens on 127.0.0.11, where Docker's name server does."""

    def replace(self, **changes: Any) -> Surroundings:
        """Return a copy in which the given fields are changed, and nothing is parsed yet."""
        return Surroundings(**{name: getattr(self, name) for name in self._fields} | changes)

    @_parsed
    def mounts(self) -> tuple[formats.Mount, ...]:
        """The mounts that describe this process."""
        text = self.texts.get("proc/self/mountinfo", "")
        return (*formats.mounts_on(text, TELLING_POINTS), *formats.mounts_of(text, "fuse.lxcfs"))

    @_parsed
    def identity_binds(self) -> tuple[formats.Mount, ...]:
        """The binds that an engine makes for this container."""
        return tuple(mount for mount in self.mounts if mount.point in IDENTITY_POINTS)

    @_parsed
    def cgroup_segments(self) -> tuple[str, ...]:
        """The path segments of every hierarchy that this process's cgroup is in."""
        return formats.cgroup_segments(self.texts.get("proc/self/cgroup", ""))

    @_parsed
    def uid_map(self) -> str:
        """How users here map to users outside."""
        return self.texts.get("proc/self/uid_map", "")

    @_parsed
    def hosts(self) -> formats.HostsFile:
        """What ``/etc/hosts`` says."""
        return formats.hosts_file(self.texts.get("etc/hosts", ""))

    @_parsed
    def resolver(self) -> formats.ResolverConfig:
        """What ``/etc/resolv.conf`` says."""
        return formats.resolver_config(self.texts.get("etc/resolv.conf", ""))

    @_parsed
    def routes(self) -> tuple[formats.RouteEntry, ...]:
        """The routes, of IPv4 at first and of IPv6 as well after :func:`look_closer`."""
        routes6 = formats.routes6(self.texts.get("proc/net/ipv6_route", ""))
        return (*formats.routes(self.texts.get("proc/net/route", "")), *routes6)

    @_parsed
    def all_routes(self) -> tuple[formats.RouteEntry, ...]:
        """The same and the routes by a gateway that only has a link-local address."""
        text = self.texts.get("proc/net/ipv6_route", "")
        routes = formats.routes(self.texts.get("proc/net/route", ""))
        return (*routes, *formats.routes6(text, all_gateways=True))

    @_parsed
    def devices(self) -> tuple[str, ...] | None:
        """Names of the network devices; None where they cannot be seen."""
        return formats.devices(self.texts.get("proc/net/dev"))

    @_parsed
    def port_range(self) -> tuple[int, int] | None:
        """The ports that the kernel hands out by itself, first and last."""
        return formats.port_range(self.texts.get("proc/sys/net/ipv4/ip_local_port_range", ""))

    @_parsed
    def osrelease(self) -> str:
        """The kernel's release."""
        return self.texts.get("proc/sys/kernel/osrelease", "").strip()

    @_parsed
    def version(self) -> str:
        """Who built the kernel, and when."""
        return self.texts.get("proc/version", "").strip()

    @_parsed
    def kthreadd(self) -> bool:
        """Process 2 is the kernel's own: this is the initial pid namespace."""
        return self.texts.get("proc/2/comm", "").strip() == "kthreadd"

    @_parsed
    def systemd_container(self) -> str:
        """What systemd, as a container's first process, was told of it."""
        return self.texts.get("run/systemd/container", "").strip()


SOURCES: dict[str, tuple[str, ...]] = {
    "mounts": ("proc/self/mountinfo",),
    "identity_binds": ("proc/self/mountinfo",),
    "cgroup_segments": ("proc/self/cgroup",),
    "uid_map": ("proc/self/uid_map",),
    "hosts": ("etc/hosts",),
    "resolver": ("etc/resolv.conf",),
    "routes": ("proc/net/route", "proc/net/ipv6_route"),
    "all_routes": ("proc/net/route", "proc/net/ipv6_route"),
    "devices": ("proc/net/dev",),
    "port_range": ("proc/sys/net/ipv4/ip_local_port_range",),
    "osrelease": ("proc/sys/kernel/osrelease",),
    "version": ("proc/version",),
    "kthreadd": ("proc/2/comm",),
    "systemd_container": ("run/systemd/container",),
    "initial_sysctls": _INITIAL_ONLY_FILES,
    "somaxconn": (_SOMAXCONN,),
    "marks": MARKS,
    "environ": ("proc/self/environ",),
    "interfaces": (INTERFACES,),
    "embedded_dns": (LISTENERS,),
}
"""What each fact is read from, by the names that ``unread`` has. ``texts`` and ``namespaces``
have one source an entry."""


def read(root: str = "/", environ: Mapping[str, str] | None = None) -> Surroundings:
    """Read the surroundings below a root. Raises nothing: what cannot be read is noted.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        environ: the environment; by default this process's for ``/``, else the captured one.

    """
    import sys

    live, at = root == "/", Root(root)
    texts = at.texts(TEXTS)
    if "proc/self/cgroup" not in {*texts, *at.unread} and (first := at.texts(_FIRST_CGROUP)):
        # Process 1's stands in where there is none of ours.
        texts["proc/self/cgroup"] = first["proc/1/cgroup"]
    if environ is None:
        environ = os.environ if live else _captured_environ(at)
    facts = Surroundings(
        root=root,
        system=sys.platform if live else "linux",
        live=live,
        texts=texts,
        namespaces=at.namespaces(),
        initial_sysctls=len(at.existing(_INITIAL_ONLY_FILES)),
        somaxconn=at.exists(_SOMAXCONN),
        marks=frozenset(at.existing(MARKS)),
        environ=contracts.variables(environ),
    )
    if live and facts.system == "linux":
        _note_missing_proc(at, texts)
    elif not live:
        _note_captured(at)
    return _noted(facts, at)


def _note_missing_proc(at: Root, texts: Mapping[str, str]) -> None:
    """Take all of /proc for unread where it is not mounted.

    Every Linux has the mount table, and gVisor too: where there is none, that the rest
    is missing says nothing.
    """
    name = "proc/self/mountinfo"
    if name in texts or name in at.unread:
        return
    at.odd.append("proc (it is not mounted here)")
    files = (*TEXTS, *NAMESPACE_FILES.values(), *_INITIAL_ONLY_FILES, _SOMAXCONN)
    at.unread.update({file: False for file in files if file.startswith("proc/")})


def _note_captured(at: Root) -> None:
    """Note what could not be read on the machine that a root was captured from."""
    listed = at.texts((UNREAD_FILE,)).get(UNREAD_FILE, "")
    for name in filter(None, listed.split("\n")):
        if name not in at.unread:
            at.could_not(name, ValueError("not read when this was captured"))


def _noted(around: Surroundings, at: Root) -> Surroundings:
    """Add what could not be read to what could not be read before."""
    if not at.odd:
        return around
    return around.replace(
        odd=tuple(dict.fromkeys((*around.odd, *at.odd))),
        unread=tuple(dict.fromkeys((*around.unread, *at.unread))),
        passing=around.passing or any(at.unread.values()),
    )


def look_closer(around: Surroundings) -> Surroundings:
    """Add what tells how the host and the siblings are reached: devices, IPv6, Docker's DNS.

    Raises nothing: what cannot be read is noted.
    """
    from hostshift import closer

    at = Root(around.root)
    texts = {**around.texts, **at.texts(("proc/net/ipv6_route",))}
    interfaces, embedded_dns = closer.asked(at) if around.live else closer.captured(at)
    environ = os.environ if around.live else _captured_environ(at)
    more = {name: environ[name] for name in contracts.CLOSER_NAMES if name in environ}
    found = around.replace(
        texts=texts,
        environ={**around.environ, **more},
        interfaces=interfaces,
        embedded_dns=embedded_dns,
        closer=True,
    )
    return _noted(found, at)


def _captured_environ(at: Root) -> Mapping[str, str]:
    name = "proc/self/environ"
    return formats.environ(at.texts((name,)).get(name, ""))
