"""Taking names and secrets out of the facts, so that users can show them. Pure.

A list says what stays, not what goes: words that detection looks for, container ids, numbers
of the kernel, addresses that mean nothing outside of this machine. Everything else becomes a
placeholder. Equal names become equal placeholders, so what belonged together still does, and
hostshift judges a capture as it judged the machine.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address, ip_network

from hostshift.base import addresses
from hostshift.config import choices
from hostshift.detect.evidence import platform_variables
from hostshift.detect.evidence.predicates import is_id
from hostshift.detect.procfs import HostsFile, Mount, ResolverConfig, RouteEntry
from hostshift.detect.sources import TELLING_POINTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.detect.interface import Interface

_PATH_WORDS = """
    . .. aufs buildkit containerd containers cpu diff docker ecs ecstasks.slice etc etc-hosts
    executor fs hostname hosts image incus io.containerd.grpc.v1.cri io.containerd.runtime.v2.task
    io.containerd.snapshotter.v1.overlayfs kubelet kubepods kubepods.slice lib libpod_parent lxc
    lxd merged mnt overlay overlay-containers overlay2 pods resolv.conf rootfs run sandboxes
    snapshots storage storage-pools system.slice upper userdata var vfs volumes work
"""
PATH_WORDS = frozenset(_PATH_WORDS.split())
"""Path segments and cgroup segments that show a runtime."""

PATH_STARTS = ("docker-", "kubepods-", "libpod-", "crio-", "cri-containerd-", "lxc.payload.")
"""Starts of segments; the rest of such a segment is a name or an id."""

_RELEASE_WORDS = """
    gvisor linuxkit orbstack microsoft Microsoft standard WSL WSL2 generic cloud amd64 arm64 aws gcp
    azure virt lts fc el8 el9 x86 aarch
"""
RELEASE_WORDS = frozenset(_RELEASE_WORDS.split())
"""Words in a kernel's release that show a product or a distribution."""

DEVICE_STARTS = (
    *("lo", "eth", "ens", "enp", "eno", "veth", "docker", "br", "wlan", "wg", "tun", "tap"),
    *("ppp", "tailscale", "utun", "macvlan", "ipvlan", "vxlan", "cni", "podman", "bond"),
)

SOURCES = frozenset(("overlay", "tmpfs", "kataShared", "none", "proc", "rootfs"))
LOOPBACK_NAMES = frozenset(("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"))


class Scrubber:
    """Replaces names and addresses, equal ones by equal ones."""

    def __init__(self) -> None:
        """Know no name yet."""
        self._known: dict[str, dict[str, str]] = {}

    def _named(self, kind: str, text: str, form: str) -> str:
        """Return the placeholder of a text; the numbers count from the first one on."""
        known = self._known.setdefault(kind, {})
        return known.setdefault(text, form.format(len(known) + 1))

    def mount(self, mount: Mount) -> Mount:
        """Return a mount with its paths reduced to the words that show a runtime."""
        upper = [part for part in mount.options.split(",") if part.startswith("upperdir=")]
        device = mount.source.startswith("/dev/")
        source = "/dev/x" if device else mount.source if mount.source in SOURCES else "x"
        return mount.replace(
            root=self._path(mount.root),
            point=mount.point if mount.point in TELLING_POINTS else "/x",
            fstype=_word(mount.fstype),
            source=source,
            options=",".join(f"upperdir={self._path(part[9:])}" for part in upper) or "rw",
        )

    def _path(self, path: str) -> str:
        return "/".join(map(self._segment, path.split("/")))

    def _segment(self, segment: str) -> str:
        if not segment or segment in PATH_WORDS or is_id(segment):
            return segment
        start = next((start for start in PATH_STARTS if segment.startswith(start)), "")
        rest = segment.removeprefix(start)
        bare = rest.removesuffix(".scope")
        if start and is_id(bare):
            return segment
        return start + self._named("segment", bare, "x{}") + rest[len(bare) :]

    def cgroup(self, text: str) -> str:
        """Return ``/proc/self/cgroup`` with its paths reduced like those of mounts."""
        lines = (line.split(":", 2) for line in text.splitlines())
        return "\n".join(
            f"{number}:{_word(controllers)}:{self._path(path)}"
            for number, controllers, path in (line for line in lines if len(line) == 3)
            if number.isdecimal()
        )

    def hosts(self, hosts: HostsFile) -> HostsFile:
        """Return a hosts file that keeps loopback's names and the host's aliases."""
        known = LOOPBACK_NAMES | addresses.HOST_ALIASES
        return HostsFile(
            names={
                name if name in known else self._named("name", name, "name-{}"): tuple(
                    map(self.address, numbers)
                )
                for name, numbers in hosts.names.items()
            },
            comments=_kept(hosts.comments, _kubelet_comment),
        )

    def resolver(self, resolver: ResolverConfig) -> ResolverConfig:
        """Return a resolver's configuration that keeps what shows a runtime."""
        return ResolverConfig(
            nameservers=tuple(map(self.address, resolver.nameservers)),
            search=tuple(map(self._domain, resolver.search)),
            comments=_kept(resolver.comments, self._resolver_comment),
        )

    def _domain(self, domain: str) -> str:
        if domain in ("dns.podman", "lxd", "incus", ".", "svc.cluster.local", "cluster.local"):
            return domain
        head, service, tail = domain.rpartition("svc.")
        if service and (not head or head.endswith(".")):
            zone = tail if tail == "cluster.local" else self._named("domain", tail, "domain-{}")
            return ("namespace." if head else "") + service + zone
        return self._named("domain", domain, "domain-{}")

    def _resolver_comment(self, text: str) -> str | None:
        if text == "Generated by Fly":
            return text
        for form in ("internal resolver", "legacy"):
            if text.endswith(f"({form})"):
                return f"Based on host file: '/etc/resolv.conf' ({form})"
        if text.startswith("ExtServers: ["):
            numbers = re.findall(r"\d+\.\d+\.\d+\.\d+", text)
            return f"ExtServers: [{' '.join(f'host({self.address(at)})' for at in numbers)}]"
        return None

    def route(self, route: RouteEntry) -> RouteEntry:
        """Return a route with its addresses and its device replaced."""
        return route.replace(
            interface=self.device(route.interface),
            network=self.network(route.network),
            gateway=route.gateway and self.address(route.gateway),
        )

    def interface(self, interface: Interface) -> Interface:
        """Return an interface with its name and its addresses replaced."""
        return interface.replace(
            name=self.device(interface.name),
            kind=_word(interface.kind),
            addresses=tuple(map(self.address, interface.addresses)),
            networks=tuple(map(self.network, interface.networks)),
        )

    def device(self, name: str) -> str:
        """Return a device's name; one that a user chose becomes one with the same start."""
        start = next((start for start in DEVICE_STARTS if name.startswith(start)), "dev")
        plain = name.removeprefix(start).isdecimal() or name == start
        return name if plain else self._named(f"device {start}", name, start + "9{}")

    def address(self, text: str) -> str:
        """Return an address unchanged if it means nothing elsewhere, else another one."""
        try:
            number = ip_address(text)
        except ValueError:
            return self._named("address", text, "address-{}")
        if number.is_link_local and not isinstance(number, IPv4Address):
            # It holds the device's own number (RFC 4291, appendix A).
            return self._named("link-local", text, "fe80::{:x}")
        if addresses.kind(text) != "public" and not number.is_multicast:
            return text
        if isinstance(number, IPv4Address):
            # The benchmarks' range (RFC 2544); the rest keeps networks together.
            return str(IPv4Address(0xC6120000 | int(number) & 0xFFFF))
        return self._named("address", text, "2001:db8::{:x}")

    def network(self, text: str) -> str:
        """Return a network with its address replaced as by :meth:`address`."""
        address, _, bits = text.partition("/")
        scrubbed = self.address(address)
        if scrubbed == address or ":" not in address:
            return str(ip_network(f"{scrubbed}/{bits}", strict=False))
        return self._named("network", text, "2001:db8:{:x}::/64")


def _kept(comments: tuple[str, ...], keep: Callable[[str], str | None]) -> tuple[str, ...]:
    return tuple(comment for comment in map(keep, comments) if comment is not None)


def _kubelet_comment(text: str) -> str | None:
    known = ("Kubernetes-managed hosts file.", "Kubernetes-managed hosts file (host network).")
    if not text.startswith("Kubernetes-managed hosts"):
        return None
    return known["(host network)" in text]


def release(text: str) -> str:
    """Keep version numbers and the words that show a product."""
    return "".join(
        part if part in RELEASE_WORDS or re.fullmatch(r"\d*|[-._+~]", part) else "x"
        for part in re.split(r"([-._+~])", text)
    )


def version(text: str) -> str:
    """Keep gVisor's build date; drop the builder's name and machine."""
    signature = "#1 SMP Sun Jan 10 15:06:54 PST 2016"
    return f"Linux version x {signature}" if signature in text else "Linux version x"


def runtime(text: str) -> str:
    """Keep the name of a known runtime."""
    known = (*choices.ISOLATIONS, "systemd-nspawn", "")
    return text if text in known else "x"


def variable(name: str, value: str) -> str:
    """Keep only that a variable is set; for ``container`` also its value."""
    return runtime(value) if name == "container" else platform_variables.placeholder(name, value)


def _word(text: str) -> str:
    """Keep the kernel's words: letters, digits and the marks between them."""
    return text if re.fullmatch(r"[a-z0-9_,=.-]{0,64}", text) else "x"


def numbers(text: str) -> str:
    """Keep numbers and the blanks between them."""
    return re.sub(r"[^0-9\s]", "x", text)
