"""Resolve a value that has a name, and log every change of it.

Each changed address is one INFO line, with its name in the configuration. A value that no
grammar reads is a WARNING with the next step. Each line appears once a process and change.
"""

from __future__ import annotations

from hostshift.base.log import debug, info
from hostshift.errors import UndecidedError
from hostshift.resolution.decision_log import refuse_undecided, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from hostshift.config.policy import Policy
    from hostshift.resolution.resolver import Resolver
    from hostshift.resolution.result import Resolution
    from hostshift.routing.model import Decision

    Held: TypeAlias = "tuple[str, Decision, str]"
    """A change that is not logged yet: the name, the decision, the mode where it is not on."""

CORRECT = (
    "write it as a connection string or host:port, with special characters percent-encoded;"
    " `hostshift explain` shows how hostshift reads it"
)
"""The next step for a text that no grammar reads."""
ESCAPED = "its list holds texts with escapes"
PLAIN = "write them without backslashes"


def answer(  # noqa: PLR0913 - each is known at another place
    name: str,
    text: str,
    resolver: Resolver,
    policy: Policy | None = None,
    *,
    dialect: str | None = None,
    protocol: str = "",
    socket: str = "",
    variables: Mapping[str, str] | None = None,
    default_port: int | None = None,
    held: list[Held] | None = None,
) -> Resolution:
    """Return the answer for a text, and log it.

    Args:
        name: the variable or key that holds the text.
        text: a connection string, or ``host:port``.
        resolver: decides the addresses.
        policy: settings for this call; by default those of the resolver.
        dialect: the grammar of the program that will read the text.
        protocol: the protocol of the server, where the text does not show it.
        socket: what names a Unix socket of MySQL beside the text.
        variables: the environment of that program; by default that of this process.
        default_port: the port that it takes if the text names none, where that is its own.
        held: receives the changes, which the caller then logs; by default they are logged here.

    Raises:
        UndecidedError: only with STRICT, if the text stays for want of certainty.

    """
    resolution = resolver.explain(
        text,
        dialect,
        policy,
        protocol=protocol,
        default_port=default_port,
        socket=socket,
        variables=variables,
    )
    settings = resolver.loaded_policy if policy is None else policy
    if settings is not None and settings.mode != "off":
        refuse_undecided(resolution, settings)
        _log(name, resolution, resolver, held)
    return resolution


def _log(
    name: str, resolution: Resolution, resolver: Resolver, held: list[Held] | None = None
) -> None:
    """Log the answer for a text."""
    if resolution.reading.trouble or (resolution.reason and resolution.decisions):
        if resolution.reading.dialect != "none":
            stays(name, resolution.reason, CORRECT, resolver)
        return
    for decision in resolution.decisions:
        mode = "" if resolution.mode == "on" else resolution.mode
        changed(name, decision, resolver, mode, held)
    for note in resolution.notes if resolution.changed else ():
        warn_once(resolver.logged, "%s", note)


def changed(
    name: str,
    decision: Decision,
    resolver: Resolver,
    mode: str = "",
    held: list[Held] | None = None,
) -> None:
    """Log an address that changes, or would change in another mode; at DEBUG one that stays."""
    if held is not None and decision.changed:
        held.append((name, decision, mode))
        return
    if not decision.changed:
        debug("%s: %s stays as it is: %s", name, decision.before, decision.reason)
        return
    line = changed_line(name, decision, mode)
    if resolver.logged.first_time("changed", line):
        info("%s", line)


def changed_line(name: str, decision: Decision, mode: str = "") -> str:
    """Return the line for an address that changes, or would change in another mode."""
    suffix = f"; HOSTSHIFT_MODE={mode}: nothing is changed" if mode else ""
    return f"{name}: {decision.before} -> {decision.after} ({decision.reason}){suffix}"


def stays(name: str, reason: str, step: str, resolver: Resolver) -> None:
    """Log a value that stays as it is because hostshift cannot read it."""
    warn_once(resolver.logged, "%s stays as it is: %s. Next: %s", name, reason, step)


def left(name: str, reason: str, step: str, resolver: Resolver, policy: Policy) -> None:
    """Log a value that stays, or raise if STRICT is on.

    Raises:
        UndecidedError: STRICT is on.

    """
    if policy.mode == "off":
        return
    if policy.strict:
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {reason} ({step})")
    stays(name, reason, step, resolver)


def left_by_name(name: str, reason: str, step: str, resolver: Resolver, policy: Policy) -> None:
    """Do what :func:`left` does, where no caller puts the name before the error.

    Raises:
        UndecidedError: STRICT is on; names the value.

    """
    try:
        left(name, reason, step, resolver, policy)
    except UndecidedError as error:
        wrong = f"{name}: {error}"
    else:
        return
    raise UndecidedError(wrong)


def tell_unmatched(policy: Policy, decisions: Iterable[Decision], resolver: Resolver) -> None:
    """Log the rules of HOSTSHIFT_MAP that match nothing: else nobody would see a typing error."""
    if not policy.map or policy.mode == "off":
        return
    loopback = resolver.vantage(policy).loopback_names
    addresses = [decision.before for decision in decisions]
    used = [policy.declared(address.host, address.port, loopback) for address in addresses]
    for rule in policy.map:
        if rule not in used:
            line = f"{rule.source}={rule.goal}"
            info("HOSTSHIFT_MAP: %s matched no address of the environment", line)
