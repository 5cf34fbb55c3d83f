"""A host and a port in two variables: resolve both together, or leave both and log why."""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.addresses import is_host, is_loopback
from hostshift.base.log import info
from hostshift.dsn.libpq_variables import SAY_MORE_VARIABLES
from hostshift.environment import mysql_readers, port_names
from hostshift.resolution import named_values
from hostshift.routing.model import destination

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.config.policy import Policy
    from hostshift.environment.model import Call, Pair
    from hostshift.routing.model import Decision, Destination

IS_NO_HOST = "it holds no host but a socket, or is empty"
OVERRIDING = {"PGHOST": SAY_MORE_VARIABLES}
"""By the variable of a host, other variables whose address the driver dials in its place. libpq
takes ``PGPORT`` with that address, so a new port there would go with an address that hostshift
did not decide."""


def resolved(
    pair: Pair,
    environ: Mapping[str, str],
    call: Call,
) -> dict[str, str]:
    """Return the new values of a pair; nothing where host and port do not fit together.

    Args:
        pair: the names of the variables.
        environ: names and values.
        call: what to resolve with.

    Raises:
        UndecidedError: only with STRICT, if an address stays for want of certainty.

    """
    hosts = environ[pair.host].split(",")
    if all(host[:1] in ("/", "@", "") for host in hosts):
        call.report.kept(redaction.name(pair.host), IS_NO_HOST)
        return {}
    ports, why, step = _readable(pair, environ, hosts)
    port_name = redaction.name(pair.port)
    if not why and _lacks_port(hosts, ports, call.settings):
        why = f"its port is not known; set {port_name}"
    if why:
        _left(pair, why, hosts, call, step)
        return {}
    mode, policy = call.report.mode, _policy(call, ports)
    decided = [
        call.resolver.locate(_destination(pair, environ, call, host, port), policy)
        for host, port in zip(hosts, ports, strict=True)
    ]
    if any(each.undecided and each.before.port is None for each in decided):
        _left(pair, f"its port is not known; set {port_name}", hosts, call)
        return {}
    new = _values(pair, ports, decided)
    # A program that reads no port variable would take its default port on the new host.
    if pair.port in new and pair.port not in environ and pair.port != "PGPORT":
        _left(pair, f"the port changes as well; set {port_name}", hosts, call)
        return {}
    call.report.decided(redaction.name(pair.host), decided)
    for decision in decided:
        name, held = redaction.name(pair.host), call.report.held
        named_values.changed(name, decision, call.resolver, mode, held)
    return {} if mode else new


def _policy(call: Call, ports: list[int | None]) -> Policy | None:
    """Return the settings for the decisions, None for those of the resolver."""
    # In the mode report the decision says what would change, as that of a text does.
    policy = call.settings.replace(mode="on") if call.report.mode == "report" else call.policy
    if None in ports:  # what needs no port is decided without one
        policy = (policy or call.settings).replace(strict=False)
    return policy


def _destination(
    pair: Pair, environ: Mapping[str, str], call: Call, host: str, port: int | None
) -> Destination:
    """Return where the reader of a pair connects: some take ``localhost`` for MySQL's socket."""
    if not pair.protocol and port in _OTHERS:
        return destination(host, port)
    engines = port_names.engines(pair.host, environ)
    beside = mysql_readers.sockets(environ, call)
    socket = mysql_readers.socket(host, pair.host, beside, pair.protocol, engines)
    return destination(host, port, pair.protocol, socket)


_OTHERS = frozenset((5432, 1433, 1521, 27017, 6379))
"""Usual ports of other servers than MySQL: a socket beside them is no socket of MySQL."""


def _readable(
    pair: Pair, environ: Mapping[str, str], hosts: list[str]
) -> tuple[list[int | None], str, str]:
    """Return a port for each host; or none, with the reason and the next step, if any."""
    for name in OVERRIDING.get(pair.host, ()):
        if environ.get(name):
            why = f"{name} also sets where to connect, with this port"
            return [], why, f"unset {name}"
    return (*_ports(pair, environ, hosts), "")


def _lacks_port(hosts: list[str], ports: list[int | None], settings: Policy) -> bool:
    """Return True if what a host means depends on its port, which is not known."""
    return any(
        port is None
        and is_loopback(host)
        and not (settings.declared(host, None) or settings.kept(host, None))
        for host, port in zip(hosts, ports, strict=True)
    )


def _values(pair: Pair, old_ports: list[int | None], decided: list[Decision]) -> dict[str, str]:
    """Return the new values of the variables; the port's only if it changes."""
    ports = [decision.after.port for decision in decided]
    new = {pair.host: ",".join(decision.after.host for decision in decided)}
    if ports != old_ports:
        new[pair.port] = ",".join(map(str, ports))
    return new


def _ports(
    pair: Pair, environ: Mapping[str, str], hosts: list[str]
) -> tuple[list[int | None], str]:
    """Return a port for each host, None for one that is not known; or none, with the reason."""
    wrong = next((host for host in hosts if not _is_host(host)), None)
    if wrong is not None:
        hint = "" if pair.listed else "; list it in HOSTSHIFT_ENV"
        return [], f"its value {redaction.shape(wrong)} is not a host{hint}"
    texts, name = environ.get(pair.port, "").split(","), redaction.name(pair.port)
    if len(texts) not in (1, len(hosts)):
        return [], f"{name} has another number of entries"
    ports = [_port(text) if text else pair.default_port for text in texts]
    if 0 in ports:
        return [], f"{name} is not a plain number from 1 to 65535"
    return ports * (len(hosts) if len(ports) == 1 else 1), ""


def _port(text: str) -> int:
    """Read a port; return 0 if the text is not one."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 5
    return int(text) if plain and int(text) < 65536 else 0


def _left(
    pair: Pair,
    why: str,
    hosts: list[str],
    call: Call,
    step: str = "",
) -> None:
    """Log why a pair stays, or raise: a warning if it is listed, or leads elsewhere from here."""
    settings, resolver, name = call.settings, call.resolver, redaction.name(pair.host)
    if settings.mode == "off":
        return
    call.report.kept(name, why, step)
    if pair.listed or settings.strict:
        named_values.left(name, why, step or named_values.CORRECT, resolver, settings)
        return
    moves = any(map(is_loopback, hosts)) and resolver.vantage(call.policy).network != "host"
    if moves:
        named_values.stays(name, why, step or f"set {redaction.name(pair.port)}", resolver)
    elif resolver.logged.first_time("stays", name, why):
        info("%s stays as it is: %s", name, why)


def _is_host(host: str) -> bool:
    """Return True for a name or an IP address; not for a URL, a host with its port, or keywords."""
    return bool(host) and is_host(host)
