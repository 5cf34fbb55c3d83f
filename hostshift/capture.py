"""Writing the surroundings as a fake root: for a bug report, or to be a test of ours.

``hostshift vantage --root DIR`` judges it anywhere as this machine was judged.
What may tell whose machine it is, or any secret, is taken out first:
:mod:`hostshift.scrub` keeps what it knows to be harmless and nothing else.
"""

from __future__ import annotations

import json
import os

from hostshift import _new_file, redaction, scrub, surroundings, trust
from hostshift.errors import CaptureError
from hostshift.scrub import Scrubber

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.formats import HostsFile, Mount, ResolverConfig, RouteEntry
    from hostshift.surroundings import Surroundings
    from hostshift.vantages import Vantage

ANSWERS = "vantage.json"
"""What was answered on the machine itself."""

ABOUT = """\
Surroundings captured by `hostshift vantage --capture`.
Judge them with `hostshift vantage --root DIR`.
Names of hosts, domains, devices and paths are placeholders. Public addresses are replaced.
"""


def write(directory: str, around: Surroundings, stands: Vantage) -> None:
    """Write surroundings below a directory, which is made and has to be empty.

    Args:
        directory: where to.
        around: what was read on this machine, after the closer look where there was one.
        stands: what it was judged to be.

    Raises:
        CaptureError: the directory is not empty, or cannot be written.

    """
    scrubber = Scrubber()
    answers = {
        "isolation": stands.isolation,
        "network": stands.network,
        "naming": stands.naming,
        "host_address": [_shown(scrubber, address) for address in stands.host_address],
        "platform": stands.platform,
    }
    content = {
        **files(around, scrubber),
        ANSWERS: json.dumps(answers, indent=2) + "\n",
        "ABOUT.txt": ABOUT + "".join(f"Not read: {name}\n" for name in around.odd),
    }
    try:
        trust.check_directory(_nearest(os.path.abspath(directory)))
        _make(directory)
        trust.check_directory(directory)
        if os.listdir(directory):
            raise CaptureError(f"{redaction.path(directory)} is not empty: name a new directory")
        for name, text in content.items():
            _write(os.path.join(directory, name), text)
    except trust.UntrustedError as error:
        wrong = f"{redaction.path(directory)} is not written to: {error.rule}. {error.fix}"
        raise CaptureError(wrong) from None
    except OSError as error:
        raise CaptureError(
            f"{redaction.path(directory)} cannot be written: {error.strerror}"
        ) from error


def _shown(scrubber: Scrubber, address: str) -> str:
    """Scrub an address of the host; names of the host are known and stay."""
    return scrubber.address(address) if address[:1].isdecimal() or ":" in address else address


def _nearest(directory: str) -> str:
    """Return the nearest directory upwards that is there."""
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    return directory


def _make(directory: str) -> None:
    """Make a directory and those above it, so that nobody else may write them."""
    if not os.path.isdir(directory):
        _make(os.path.dirname(directory) or ".")
        os.mkdir(directory, 0o755)


def _write(path: str, text: str) -> None:
    _make(os.path.dirname(path))
    _new_file.create(path, text.encode("utf-8", "surrogateescape"))


def files(around: Surroundings, scrubber: Scrubber) -> dict[str, str]:
    """Return the files of a fake root that judges as these surroundings do. Pure."""
    return {
        **{f"proc/self/ns/{kind}": f"{kind}:[{ns}]\n" for kind, ns in around.namespaces.items()},
        **dict.fromkeys(_marks(around), "1\n"),
        **{name: text for name, text in _texts(around, scrubber) if text},
        # What was not read is not what does not exist, on the next machine as well.
        **({surroundings.UNREAD_FILE: _lines(around.unread)} if around.unread else {}),
    }


def _marks(around: Surroundings) -> Iterator[str]:
    """Yield files of which only the presence counts."""
    for name in surroundings.INITIAL_ONLY_SYSCTLS[: around.initial_sysctls]:
        yield f"proc/sys/{name}"
    if around.somaxconn:
        yield "proc/sys/net/core/somaxconn"
    yield from sorted(around.marks)


def _texts(around: Surroundings, scrubber: Scrubber) -> Iterator[tuple[str, str]]:
    """Yield files whose text counts; one without text is left out."""
    yield "proc/self/mountinfo", _lines(_mount(scrubber.mount(each)) for each in around.mounts)
    yield "proc/self/cgroup", scrubber.cgroup(around.texts.get("proc/self/cgroup", ""))
    yield "proc/self/uid_map", scrub.numbers(around.uid_map)
    yield "etc/hosts", _lines(_hosts(scrubber.hosts(around.hosts)))
    yield "etc/resolv.conf", _lines(_resolver(scrubber.resolver(around.resolver)))
    yield from _network(around, scrubber)
    yield "proc/sys/kernel/osrelease", scrub.release(around.osrelease)
    yield "proc/version", scrub.version(around.version)
    yield "proc/2/comm", "kthreadd\n" if around.kthreadd else ""
    yield "run/systemd/container", scrub.runtime(around.systemd_container)
    variables = around.environ.items()
    shown = (f"{name}={scrub.variable(name, value)}\0" for name, value in variables)
    yield "proc/self/environ", "".join(shown)


def _network(around: Surroundings, scrubber: Scrubber) -> Iterator[tuple[str, str]]:
    """Yield what tells of devices, addresses and routes."""
    if around.devices is not None:
        names = map(scrubber.device, around.devices)
        yield "proc/net/dev", _lines(["Inter-|", " face |", *(f"{name}: 0" for name in names)])
    routes = [scrubber.route(route) for route in around.all_routes]
    if "proc/net/route" in around.texts:
        lines = (_route4(route) for route in routes if "." in route.network)
        yield "proc/net/route", _lines(["Iface", *lines])
    yield "proc/net/ipv6_route", _lines(_route6(r) for r in routes if ":" in r.network)
    if around.embedded_dns:
        yield "proc/net/tcp", f"sl\n 0: 0B00007F:A000 00000000:0000 0A{' 0' * 6}\n"
    first, last = around.port_range or (0, 0)
    yield "proc/sys/net/ipv4/ip_local_port_range", f"{first}\t{last}\n" if last else ""
    if around.interfaces is not None:
        scrubbed = map(scrubber.interface, around.interfaces)
        listed = [{name: getattr(each, name) for name in each._fields} for each in scrubbed]
        yield surroundings.INTERFACES_FILE, json.dumps(listed, indent=1) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _mount(mount: Mount) -> str:
    root = mount.root.replace("\\", "\\134").replace(" ", "\\040").replace("\n", "\\012")
    return f"1 0 0:1 {root} {mount.point} rw - {mount.fstype} {mount.source} {mount.options}"


def _hosts(hosts: HostsFile) -> Iterator[str]:
    yield from (f"# {comment}" for comment in hosts.comments)
    for name, found in hosts.names.items():
        yield from (f"{address}\t{name}" for address in found)


def _resolver(resolver: ResolverConfig) -> Iterator[str]:
    yield from (f"nameserver {nameserver}" for nameserver in resolver.nameservers)
    if resolver.search:
        yield f"search {' '.join(resolver.search)}"
    yield from (f"# {comment}" for comment in resolver.comments)


def _route4(route: RouteEntry) -> str:
    """Write a row of ``/proc/net/route``: addresses as little-endian hexadecimal."""
    from ipaddress import ip_network

    network = ip_network(route.network)
    numbers = (network.network_address.packed, _packed(route.gateway, 4), network.netmask.packed)
    at, gateway, mask = (number[::-1].hex().upper() for number in numbers)
    flags = 3 if route.gateway else 1
    fields = (route.interface, at, gateway, f"{flags:04X}", 0, 0, route.metric, mask, 0, 0, 0)
    return "\t".join(map(str, fields))


def _route6(route: RouteEntry) -> str:
    """Write a row of ``/proc/net/ipv6_route``."""
    from ipaddress import ip_network

    network = ip_network(route.network)
    at, nothing = network.network_address.packed.hex(), "0" * 32
    gateway, flags = _packed(route.gateway, 16).hex(), 3 if route.gateway else 1
    return (
        f"{at} {network.prefixlen:02x} {nothing} 00 {gateway} {route.metric:08x} 00000001"
        f" 00000000 {flags:08x} {route.interface:>8}"
    )


def _packed(address: str | None, size: int) -> bytes:
    from ipaddress import ip_address

    return ip_address(address).packed if address else bytes(size)
