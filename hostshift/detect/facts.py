"""The facts of this machine that detection rests on, read once and frozen.

This module reads everything that hostshift takes from ``/proc``, ``/etc``, ``/run`` and the
environment, below a root: ``/`` for this machine, a directory for a captured one. A missing,
unreadable or odd file is a fact like any other, never an error.

It reads in two steps. :func:`read` takes what shows whether this is the host. Only away from
it :func:`read_network` asks for devices, IPv6 routes and Docker's name server: they show how
to reach the host, and cost more. Texts stay as they are until a rule looks at them, because
most rules never do.
"""

from __future__ import annotations

import os

from hostshift.base.record import Record
from hostshift.detect import procfs
from hostshift.detect.evidence import platform_variables
from hostshift.detect.rootfs import NAMESPACE_FILES, RootFs
from hostshift.detect.sources import (
    FIRST_CGROUP,
    IDENTITY_POINTS,
    INITIAL_ONLY_FILES,
    MARKS,
    SOMAXCONN,
    TELLING_POINTS,
    TEXTS,
    UNREAD_FILE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hostshift.detect.interface import Interface


class _Parsed:
    """An attribute that is parsed at its first use and then kept: the record is frozen."""

    def __init__(self, parse: Callable[[Facts], object]) -> None:
        self._parse, self.__doc__ = parse, parse.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, facts: Facts, owner: type) -> object:
        parsed = facts.__dict__[self._name] = self._parse(facts)
        return parsed


if TYPE_CHECKING:
    _parsed = property
else:
    _parsed = _Parsed


class Facts(Record):
    """The facts of one machine."""

    root: str
    system: str
    """``linux``, ``darwin``, ``win32``: :data:`sys.platform`."""
    live: bool
    """True for this machine itself, False for a captured root."""
    texts: Mapping[str, str]
    """The text of each file, by name, without files that are missing or cannot be read."""
    namespaces: Mapping[str, int]
    """Inode numbers of this process's namespaces."""
    initial_sysctls: int
    """How many of :data:`INITIAL_ONLY_SYSCTLS` exist."""
    somaxconn: bool
    """True if ``net/core/somaxconn`` exists, so that /proc/sys/net is visible at all."""
    marks: frozenset[str]
    """Which of :data:`MARKS` exist."""
    environ: Mapping[str, str]
    odd: tuple[str, ...] = ()
    """Files that exist but could not be read, or not to their end, with the reason."""
    unread: tuple[str, ...] = ()
    """The same by name alone. Their content is unknown, which is not the same as empty."""
    passing: bool = False
    """True if something could not be read for a reason that passes, such as no descriptors."""
    closer: bool = False
    """True after :func:`read_network`, which reads the IPv6 routes and the interfaces."""
    interfaces: tuple[Interface, ...] | None = None
    """None before :func:`read_network`, or if they are unknown."""
    embedded_dns: bool = False
    """True if something listens on 127.0.0.11, where Docker's name server does."""

    @_parsed
    def mounts(self) -> tuple[procfs.Mount, ...]:
        """The mounts that describe this process."""
        text = self.texts.get("proc/self/mountinfo", "")
        return (*procfs.mounts_on(text, TELLING_POINTS), *procfs.mounts_of(text, "fuse.lxcfs"))

    @_parsed
    def identity_binds(self) -> tuple[procfs.Mount, ...]:
        """The binds that an engine makes for this container."""
        return tuple(mount for mount in self.mounts if mount.point in IDENTITY_POINTS)

    @_parsed
    def cgroup_segments(self) -> tuple[str, ...]:
        """The path segments of every hierarchy that this process's cgroup is in."""
        return procfs.cgroup_segments(self.texts.get("proc/self/cgroup", ""))

    @_parsed
    def uid_map(self) -> str:
        """How users here map to users outside."""
        return self.texts.get("proc/self/uid_map", "")

    @_parsed
    def hosts(self) -> procfs.HostsFile:
        """The content of ``/etc/hosts``."""
        return procfs.hosts_file(self.texts.get("etc/hosts", ""))

    @_parsed
    def resolver(self) -> procfs.ResolverConfig:
        """The content of ``/etc/resolv.conf``."""
        return procfs.resolver_config(self.texts.get("etc/resolv.conf", ""))

    @_parsed
    def routes(self) -> tuple[procfs.RouteEntry, ...]:
        """The IPv4 routes, and after :func:`read_network` the IPv6 routes too."""
        routes6 = procfs.routes6(self.texts.get("proc/net/ipv6_route", ""))
        return (*procfs.routes(self.texts.get("proc/net/route", "")), *routes6)

    @_parsed
    def all_routes(self) -> tuple[procfs.RouteEntry, ...]:
        """The same, and the routes by a gateway with only a link-local address."""
        text = self.texts.get("proc/net/ipv6_route", "")
        routes = procfs.routes(self.texts.get("proc/net/route", ""))
        return (*routes, *procfs.routes6(text, all_gateways=True))

    @_parsed
    def devices(self) -> tuple[str, ...] | None:
        """Names of the network devices; None if they are not visible."""
        return procfs.devices(self.texts.get("proc/net/dev"))

    @_parsed
    def port_range(self) -> tuple[int, int] | None:
        """The first and the last ephemeral port, which the kernel hands out by itself."""
        return procfs.port_range(self.texts.get("proc/sys/net/ipv4/ip_local_port_range", ""))

    @_parsed
    def osrelease(self) -> str:
        """The kernel's release."""
        return self.texts.get("proc/sys/kernel/osrelease", "").strip()

    @_parsed
    def version(self) -> str:
        """The builder of the kernel, and the date."""
        return self.texts.get("proc/version", "").strip()

    @_parsed
    def kthreadd(self) -> bool:
        """True if process 2 is the kernel's own: this is the initial pid namespace."""
        return self.texts.get("proc/2/comm", "").strip() == "kthreadd"

    @_parsed
    def systemd_container(self) -> str:
        """The container's kind, which systemd writes there as its first process."""
        return self.texts.get("run/systemd/container", "").strip()


def read(root: str = "/", environ: Mapping[str, str] | None = None) -> Facts:
    """Read the facts below a root. Raise nothing, but note what cannot be read.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        environ: the environment; by default this process's for ``/``, else the captured one.

    """
    import sys

    live, files = root == "/", RootFs(root)
    texts = files.texts(TEXTS)
    if "proc/self/cgroup" not in {*texts, *files.unread} and (first := files.texts(FIRST_CGROUP)):
        # Process 1's replaces a missing one of this process.
        texts["proc/self/cgroup"] = first["proc/1/cgroup"]
    if environ is None:
        environ = os.environ if live else _captured_environ(files)
    facts = Facts(
        root=root,
        system=sys.platform if live else "linux",
        live=live,
        texts=texts,
        namespaces=files.namespaces(),
        initial_sysctls=len(files.existing(INITIAL_ONLY_FILES)),
        somaxconn=files.exists(SOMAXCONN),
        marks=frozenset(files.existing(MARKS)),
        environ=platform_variables.variables(environ),
    )
    if live and facts.system == "linux":
        _note_missing_proc(files, texts)
    elif not live:
        _note_captured(files)
    return _with_unread(facts, files)


def _note_missing_proc(files: RootFs, texts: Mapping[str, str]) -> None:
    """Note all of /proc as unread if it is not mounted.

    Every Linux has the mount table, and gVisor too. Without it, the absence of the other files
    says nothing.
    """
    name = "proc/self/mountinfo"
    if name in texts or name in files.unread:
        return
    files.odd.append("proc (it is not mounted here)")
    names = (*TEXTS, *NAMESPACE_FILES.values(), *INITIAL_ONLY_FILES, SOMAXCONN)
    files.unread.update({name: False for name in names if name.startswith("proc/")})


def _note_captured(files: RootFs) -> None:
    """Note what could not be read on the captured machine."""
    listed = files.texts((UNREAD_FILE,)).get(UNREAD_FILE, "")
    for name in filter(None, listed.split("\n")):
        if name not in files.unread:
            files.could_not(name, ValueError("not read when this was captured"))


def _with_unread(facts: Facts, files: RootFs) -> Facts:
    """Add to the facts what these files could not read."""
    if not files.odd:
        return facts
    return facts.replace(
        odd=tuple(dict.fromkeys((*facts.odd, *files.odd))),
        unread=tuple(dict.fromkeys((*facts.unread, *files.unread))),
        passing=facts.passing or any(files.unread.values()),
    )


def read_network(facts: Facts) -> Facts:
    """Add how to reach the host and the siblings: devices, IPv6 routes, Docker's name server.

    Raise nothing, but note what cannot be read.
    """
    from hostshift.detect import kernel_facts

    files = RootFs(facts.root)
    texts = {**facts.texts, **files.texts(("proc/net/ipv6_route",))}
    ask = kernel_facts.asked if facts.live else kernel_facts.captured
    interfaces, embedded_dns = ask(files)
    environ = os.environ if facts.live else _captured_environ(files)
    more = {name: environ[name] for name in platform_variables.CLOSER_NAMES if name in environ}
    closer = facts.replace(
        texts=texts,
        environ={**facts.environ, **more},
        interfaces=interfaces,
        embedded_dns=embedded_dns,
        closer=True,
    )
    return _with_unread(closer, files)


def _captured_environ(files: RootFs) -> Mapping[str, str]:
    name = "proc/self/environ"
    return procfs.environ(files.texts((name,)).get(name, ""))
