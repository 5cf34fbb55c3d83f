"""A host and a port in two variables: resolved together, or left with a word."""

from __future__ import annotations

from hostshift import _named, strings
from hostshift._log import info
from hostshift.addresses import is_loopback
from hostshift.parameters import SAY_MORE_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.decision import Decision
    from hostshift.environ import Pair
    from hostshift.policy import Policy
    from hostshift.resolver import Resolver

OVERRIDING = {"PGHOST": SAY_MORE_VARIABLES}
"""Variables whose address is dialled in place of a host's, by the variable of the host: libpq
takes ``PGPORT`` with it. Were that port to change, nobody would have decided on the address."""


def resolved(
    pair: Pair,
    environ: Mapping[str, str],
    resolver: Resolver,
    policy: Policy | None,
    decisions: list[Decision],
) -> dict[str, str]:
    """Return the new values of a pair; nothing where host and port do not fit together.

    Args:
        pair: the names of the variables.
        environ: names and values.
        resolver: who decides.
        policy: settings for this call; by default those of the resolver.
        decisions: takes what was decided.

    Raises:
        UndecidedError: only with STRICT, where the address had to be left as it was.

    """
    hosts = environ[pair.host].split(",")
    if all(host[:1] in ("/", "@", "") for host in hosts):
        return {}  # sockets, and the driver's own default
    for name in OVERRIDING.get(pair.host, ()):
        if environ.get(name):
            why, step = f"{name} says where to connect as well, with this port", f"unset {name}"
            _left(pair, why, hosts, resolver, policy, step)
            return {}
    numbers, why = _numbers(pair, environ, hosts)
    if why:
        _left(pair, why, hosts, resolver, policy)
        return {}
    found = [
        resolver.address(host, number, pair.protocol, policy)
        for host, number in zip(hosts, numbers, strict=True)
    ]
    decisions += found
    new = _values(pair, numbers, found)
    # Whoever reads no port variable would take its default, on the new host.
    if pair.port in new and pair.port not in environ and pair.port != "PGPORT":
        _left(pair, f"the port changes as well; set {pair.port}", hosts, resolver, policy)
        return {}
    for one in found:
        _named.changed(pair.host, one, resolver)
    return new


def _values(pair: Pair, numbers: list[int], found: list[Decision]) -> dict[str, str]:
    """Return what the variables hold from here; the port's only where it changes."""
    ports = [one.after.port for one in found]
    new = {pair.host: ",".join(one.after.host for one in found)}
    if ports != numbers:
        new[pair.port] = ",".join(map(str, ports))
    return new


def _numbers(pair: Pair, environ: Mapping[str, str], hosts: list[str]) -> tuple[list[int], str]:
    """Return a port for each host, and why there is none."""
    if not all(map(_is_host, hosts)):
        return [], "it holds something else than a host; list it in HOSTSHIFT_ENV"
    ports = environ.get(pair.port, "").split(",")
    if len(ports) not in (1, len(hosts)):
        return [], f"{pair.port} has another number of entries"
    default = strings.default_port(pair.protocol)
    if default is None and "" in ports:
        return [], f"its port is not known; set {pair.port}"
    numbers = [_number(port) if port else default or 0 for port in ports]
    if not all(numbers):
        return [], f"{pair.port} holds no number from 1 to 65535"
    return numbers * (len(hosts) if len(numbers) == 1 else 1), ""


def _number(text: str) -> int:
    """Read a port; 0 for what is none."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 5
    return int(text) if plain and int(text) < 65536 else 0


def _left(
    pair: Pair,
    why: str,
    hosts: list[str],
    resolver: Resolver,
    policy: Policy | None,
    step: str = "",
) -> None:
    """Log why a pair stays: a warning where it is listed, or leads somewhere else from here."""
    settings = resolver.policy if policy is None else policy
    if settings.mode == "off":
        return
    if pair.listed:
        _named.left(pair.host, why, step or _named.CORRECT, resolver, settings)
        return
    moves = any(map(is_loopback, hosts)) and resolver.vantage(policy).network != "host"
    if moves:
        _named.stays(pair.host, why, step or f"set {pair.port}", resolver)
    elif resolver.logged.first_time("stays", pair.host, why):
        info("%s stays as it is: %s", pair.host, why)


def _is_host(host: str) -> bool:
    """Return True for a name or a number; not for a URL or a host with its port."""
    return bool(host) and host[0] not in "/@" and "/" not in host and host.count(":") != 1
