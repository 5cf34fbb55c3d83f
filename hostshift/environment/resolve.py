"""Resolve the variables of an environment that hold addresses which their readers dial."""

from __future__ import annotations

import time

from hostshift.base import log, redaction
from hostshift.base.deadline import START_LIMIT
from hostshift.environment.find import places
from hostshift.environment.model import Call, Kept, Report, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hostshift.config.policy import Policy
    from hostshift.environment.model import Pair
    from hostshift.resolution.resolver import Resolver

_MOST_NAMED = 3
"""The most variables that one warning names."""


def resolved(
    environ: Mapping[str, str],
    resolver: Resolver,
    policy: Policy | None = None,
    report: Report | None = None,
    found: Iterable[Variable | Pair | Kept] | None = None,
) -> dict[str, str]:
    """Return the variables that have another value from here, with that value.

    Args:
        environ: names and values.
        resolver: decides the addresses.
        policy: settings for this call; by default those of the resolver.
        report: receives what became of each variable.
        found: what :func:`hostshift.environment.find.places` found in the environment, where the
            caller has it already.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    call = Call(resolver, policy, report or Report())
    changes: dict[str, str] = {}
    late: list[str] = []
    ends = time.monotonic() + START_LIMIT
    for place in places(environ, call.settings.env) if found is None else found:
        if isinstance(place, Kept):
            _keep(place, call)
        elif time.monotonic() > ends:
            late.append(_name(place))
        else:
            new = _new_values(place, environ, call)
            changes |= {key: value for key, value in new.items() if environ.get(key) != value}
    if late:
        call.report.late += len(late)
        _out_of_time(late, call)
    if "NO_PROXY" in environ or "no_proxy" in environ:
        from hostshift.environment import proxies

        proxies.warn(environ, call)
    return changes


def _name(place: Variable | Pair | Kept) -> str:
    """Return the name of a place as messages show it: a file of another user may have it."""
    return redaction.name(_name_of(place))


def _name_of(place: Variable | Pair | Kept) -> str:
    return place.name if isinstance(place, (Variable, Kept)) else place.host


def _keep(kept: Kept, call: Call) -> None:
    """Log why a variable stays: a warning if clients dial it.

    Raises:
        UndecidedError: only with STRICT, if clients dial it; names the variable.

    """
    if call.settings.mode == "off":
        return
    call.report.kept(_name(kept), kept.reason, kept.step)
    if not kept.recognised:
        if call.resolver.logged.first_time("stays", kept.name, kept.reason):
            step = f". Next: {kept.step}" if kept.step else ""
            log.debug("%s stays as it is: %s%s", _name(kept), kept.reason, step)
        return
    from hostshift.errors import UndecidedError
    from hostshift.resolution import named_values

    name = _name(kept)
    try:
        named_values.left(name, kept.reason, kept.step, call.resolver, call.settings)
    except UndecidedError as error:
        wrong = f"{name}: {error}"
    else:
        return
    raise UndecidedError(wrong)


def _new_values(place: Variable | Pair, environ: Mapping[str, str], call: Call) -> dict[str, str]:
    """Resolve a variable or a pair of them.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    from hostshift.errors import UndecidedError

    try:
        if isinstance(place, Variable):
            return {place.name: _text(place, environ, call)}
        from hostshift.environment import pairs

        return pairs.resolved(place, environ, call)
    except UndecidedError as error:
        wrong = f"{_name(place)}: {error}"
    raise UndecidedError(wrong)


def _out_of_time(names: list[str], call: Call) -> None:
    """Leave variables as they are: those before them took all the time that a start may take.

    Raises:
        UndecidedError: only with STRICT; names them.

    """
    from hostshift.resolution import named_values

    subject = ", ".join(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        subject += f" and {len(names) - _MOST_NAMED} more"
    if len(names) > 1:
        subject = f"the value of {subject}"
    reason = f"{START_LIMIT:.0f} seconds were over before hostshift read it"
    step = f"see what is slow: hostshift -v explain ${names[0]}"
    named_values.left_by_name(subject, reason, step, call.resolver, call.settings)


def answered(
    values: Mapping[str, str], call: Call
) -> tuple[list[Variable | Pair | Kept], dict[str, str]]:
    """Return the places with addresses among variables, and the new values: for documents."""
    found = [*places(values, call.settings.env)]
    return found, resolved(values, call.resolver, call.policy, call.report, found)


def _json(variable: Variable, environ: Mapping[str, str], call: Call) -> str:
    """Resolve the fields of a JSON object. It stays as a whole if the answer cannot be written.

    A variable beside it such as ``MYSQL_TCP_PORT`` may hold the port of a field.
    """
    from hostshift.documents.json_text import read
    from hostshift.documents.model import DocumentError
    from hostshift.environment import documents
    from hostshift.resolution import named_values

    value = environ[variable.name]
    ports = {name: text for name, text in environ.items() if "PORT" in name.upper()}

    def answer(values: Mapping[str, str]) -> tuple[list[Variable | Pair | Kept], dict[str, str]]:
        found = [*places({**ports, **values}, call.settings.env)]
        found = [each for each in found if _name_of(each) in values]
        return found, resolved({**ports, **values}, call.resolver, call.policy, call.report, found)

    try:
        return documents.resolved(value, read(value), "json", answer, call, f"{variable.name}_")
    except DocumentError as error:
        name, reason = _name(variable), error.why
        named_values.left(name, reason, named_values.PLAIN, call.resolver, call.settings)
        return value


def _socket(variable: Variable, value: str, environ: Mapping[str, str], call: Call) -> str:
    """Return what names MySQL's Unix socket beside a text. The tables load for few others."""
    lower = value.lower()
    is_of_mysql = "mysql" in lower or "mariadb" in lower
    is_open = "://" not in value and "=" not in value and variable.protocol in ("", "mysql")
    if not is_of_mysql and not is_open:
        return ""
    from hostshift.environment import mysql_readers, port_names

    engines = port_names.engines(variable.name, environ)
    beside = mysql_readers.sockets(environ, call)
    return mysql_readers.beside_text(variable.name, value, beside, variable.protocol, engines)


def _text(variable: Variable, environ: Mapping[str, str], call: Call) -> str:
    """Resolve a value, or the strings of a JSON list at the variable's spans."""
    from hostshift.resolution import named_values

    if variable.is_json:
        return _json(variable, environ, call)
    value = environ[variable.name]
    name = _name(variable)
    if variable.escaped:
        reason, step = named_values.ESCAPED, named_values.PLAIN
        named_values.left(name, reason, step, call.resolver, call.settings)
        call.report.kept(name, reason, step)
    socket = _socket(variable, value, environ, call)
    whole = () if variable.escaped else ((0, len(value)),)
    for start, end in reversed(variable.spans or whole):
        resolution = named_values.answer(
            name,
            value[start:end],
            call.resolver,
            call.policy,
            protocol=variable.protocol,
            socket=socket,
            variables=environ,
            default_port=variable.default_port,
            held=call.report.held,
        )
        call.report.decided(name, resolution.decisions)
        if resolution.reason and not resolution.decisions:
            call.report.kept(name, resolution.reason)
        value = value[:start] + resolution.after + value[end:]
    return value
