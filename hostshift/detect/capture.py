"""Writing the facts as a fake root, for a bug report or as a test of ours.

``hostshift vantage --root DIR`` judges it anywhere as it judges this machine.
:mod:`hostshift.detect.anonymize` first takes out secrets and what shows whose machine it is: it
keeps what it knows to be harmless and nothing else.
"""

from __future__ import annotations

import json
import os

from hostshift.base import redaction
from hostshift.detect import anonymize, sources
from hostshift.detect.anonymize import Scrubber
from hostshift.errors import CaptureError
from hostshift.trust import gate, new_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.detect.facts import Facts
    from hostshift.detect.procfs import HostsFile, Mount, ResolverConfig, RouteEntry
    from hostshift.detect.vantage import Vantage

ANSWERS = "vantage.json"
"""The answers on the machine itself."""

ABOUT = """\
Surroundings captured by `hostshift vantage --capture`.
Judge them with `hostshift vantage --root DIR`.
Names of hosts, domains, devices and paths are placeholders. Public addresses are replaced.
"""


def write(directory: str, facts: Facts, vantage: Vantage) -> None:
    """Write facts below a directory, which is created and has to be empty.

    Args:
        directory: where to write.
        facts: those of this machine, with the network's where hostshift reads them.
        vantage: how hostshift judges them.

    Raises:
        CaptureError: the directory is not empty, or cannot be written.

    """
    scrubber = Scrubber()
    answers = {
        "isolation": vantage.isolation,
        "network": vantage.network,
        "naming": vantage.naming,
        "host_address": [_shown(scrubber, address) for address in vantage.host_address],
        "platform": vantage.platform,
    }
    content = {
        **files(facts, scrubber),
        ANSWERS: json.dumps(answers, indent=2) + "\n",
        "ABOUT.txt": ABOUT + "".join(f"Not read: {name}\n" for name in facts.odd),
    }
    try:
        gate.check_directory(_nearest(os.path.abspath(directory)))
        _make(directory)
        gate.check_directory(directory)
        if os.listdir(directory):
            raise CaptureError(f"{redaction.path(directory)} is not empty: name a new directory")
        for name, text in content.items():
            _write(os.path.join(directory, name), text)
    except gate.UntrustedError as error:
        wrong = f"{redaction.path(directory)} is not written to: {error.rule}. {error.fix}"
        raise CaptureError(wrong) from None
    except OSError as error:
        raise CaptureError(
            f"{redaction.path(directory)} cannot be written: {error.strerror}"
        ) from error


def _shown(scrubber: Scrubber, address: str) -> str:
    """Scrub an address of the host; its names are well known and stay."""
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
    new_file.create(path, text.encode("utf-8", "surrogateescape"))


def files(facts: Facts, scrubber: Scrubber) -> dict[str, str]:
    """Return the files of a fake root that hostshift judges like these facts. Pure."""
    return {
        **{f"proc/self/ns/{kind}": f"{kind}:[{ns}]\n" for kind, ns in facts.namespaces.items()},
        **dict.fromkeys(_marks(facts), "1\n"),
        **{name: text for name, text in _texts(facts, scrubber) if text},
        # What could not be read does not count as missing on the next machine either.
        **({sources.UNREAD_FILE: _lines(facts.unread)} if facts.unread else {}),
    }


def _marks(facts: Facts) -> Iterator[str]:
    """Yield the files of which only the presence counts."""
    for name in sources.INITIAL_ONLY_SYSCTLS[: facts.initial_sysctls]:
        yield f"proc/sys/{name}"
    if facts.somaxconn:
        yield "proc/sys/net/core/somaxconn"
    yield from sorted(facts.marks)


def _texts(facts: Facts, scrubber: Scrubber) -> Iterator[tuple[str, str]]:
    """Yield the files whose text counts; :func:`files` leaves out the empty ones."""
    yield "proc/self/mountinfo", _lines(_mount(scrubber.mount(mount)) for mount in facts.mounts)
    yield "proc/self/cgroup", scrubber.cgroup(facts.texts.get("proc/self/cgroup", ""))
    yield "proc/self/uid_map", anonymize.numbers(facts.uid_map)
    yield "etc/hosts", _lines(_hosts(scrubber.hosts(facts.hosts)))
    yield "etc/resolv.conf", _lines(_resolver(scrubber.resolver(facts.resolver)))
    yield from _network(facts, scrubber)
    yield "proc/sys/kernel/osrelease", anonymize.release(facts.osrelease)
    yield "proc/version", anonymize.version(facts.version)
    yield "proc/2/comm", "kthreadd\n" if facts.kthreadd else ""
    yield "run/systemd/container", anonymize.runtime(facts.systemd_container)
    variables = facts.environ.items()
    shown = (f"{name}={anonymize.variable(name, value)}\0" for name, value in variables)
    yield "proc/self/environ", "".join(shown)


def _network(facts: Facts, scrubber: Scrubber) -> Iterator[tuple[str, str]]:
    """Yield the files about devices, addresses and routes."""
    if facts.devices is not None:
        names = map(scrubber.device, facts.devices)
        yield "proc/net/dev", _lines(["Inter-|", " face |", *(f"{name}: 0" for name in names)])
    routes = [scrubber.route(route) for route in facts.all_routes]
    if "proc/net/route" in facts.texts:
        lines = (_route4(route) for route in routes if "." in route.network)
        yield "proc/net/route", _lines(["Iface", *lines])
    yield "proc/net/ipv6_route", _lines(_route6(r) for r in routes if ":" in r.network)
    if facts.embedded_dns:
        yield "proc/net/tcp", f"sl\n 0: 0B00007F:A000 00000000:0000 0A{' 0' * 6}\n"
    first, last = facts.port_range or (0, 0)
    yield "proc/sys/net/ipv4/ip_local_port_range", f"{first}\t{last}\n" if last else ""
    if facts.interfaces is not None:
        interfaces = map(scrubber.interface, facts.interfaces)
        listed = [{name: getattr(entry, name) for name in entry._fields} for entry in interfaces]
        yield sources.INTERFACES_FILE, json.dumps(listed, indent=1) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _mount(mount: Mount) -> str:
    root = mount.root.replace("\\", "\\134").replace(" ", "\\040").replace("\n", "\\012")
    return f"1 0 0:1 {root} {mount.point} rw - {mount.fstype} {mount.source} {mount.options}"


def _hosts(hosts: HostsFile) -> Iterator[str]:
    yield from (f"# {comment}" for comment in hosts.comments)
    for name, addresses in hosts.names.items():
        yield from (f"{address}\t{name}" for address in addresses)


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
