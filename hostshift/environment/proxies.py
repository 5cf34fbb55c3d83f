"""Warn where an answer leaves NO_PROXY: a client would then ask the proxy for it.

The rules are those that curl, Python and Go share: names and their domains, addresses, networks,
``*``. Ports count where they are written.
"""

from __future__ import annotations

import ipaddress

from hostshift.base.log import warning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.environment.model import Call
    from hostshift.routing.model import Address

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
EXEMPT = ("no_proxy", "NO_PROXY")


def warn(environ: Mapping[str, str], call: Call) -> None:
    """Warn of each HTTP address that NO_PROXY covers as written, and not as resolved.

    Args:
        environ: names and values.
        call: its report has the decisions.

    """
    if not any(environ.get(name) for name in PROXIES):
        return
    name = next((name for name in EXEMPT if environ.get(name)), "")
    entries = [entry.strip().lower() for entry in environ.get(name, "").split(",")]
    hosts = {
        decision.after.host
        for decision in call.report.decisions
        if decision.changed
        and is_exempt(decision.before, entries)
        and not is_exempt(decision.after, entries)
    }
    for host in sorted(hosts):
        if call.resolver.logged.first_time("no proxy", host):
            why = "so HTTP clients may ask the proxy for it"
            warning("%s does not list %s, %s. Next: add it there", name, host, why)


def is_exempt(address: Address, entries: Sequence[str]) -> bool:
    """Return True if an entry of NO_PROXY covers an address."""
    return any(_covers(entry, address.host.lower(), address.port) for entry in entries if entry)


def _covers(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        return number == str(port) and _covers(name, host, None)
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return host == domain or host.endswith(f".{domain}")
