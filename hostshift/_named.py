"""The answer for a value that has a name, and what is logged of it: no change is silent.

Each changed address is one INFO line, with the name that it has in the configuration; a value
that cannot be read is a WARNING with the next step. Each is logged once a process and change.
"""

from __future__ import annotations

from hostshift._decision_log import refuse_undecided, warn_once
from hostshift._log import info
from hostshift.errors import UndecidedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.decision import Decision
    from hostshift.policy import Policy
    from hostshift.resolution import Resolution
    from hostshift.resolver import Resolver

CORRECT = (
    "write it as a connection string or host:port, with what is special in it percent-encoded;"
    " `hostshift explain` shows how it is read"
)
"""The next step where a text cannot be read."""
ESCAPED = "its list holds texts that are written with escapes"
PLAIN = "write them without backslashes"


def answer(
    name: str,
    text: str,
    resolver: Resolver,
    policy: Policy | None = None,
    *,
    dialect: str | None = None,
    protocol: str = "",
) -> Resolution:
    """Return the answer for a text, and log what came of it.

    Args:
        name: the variable or key that holds it.
        text: a connection string, or ``host:port``.
        resolver: who decides.
        policy: settings for this call; by default those of the resolver.
        dialect: the grammar of whoever will read it.
        protocol: what is spoken there, where the text does not tell.

    Raises:
        UndecidedError: only with STRICT, where the text had to be left as it was.

    """
    found = resolver.explain(text, dialect, policy, protocol=protocol)
    settings = resolver.loaded_policy if policy is None else policy
    if settings is not None and settings.mode != "off":
        refuse_undecided(found, settings)
        _tell(name, found, resolver)
    return found


def _tell(name: str, found: Resolution, resolver: Resolver) -> None:
    """Log what became of a text."""
    if found.reading.trouble or (found.reason and found.decisions):
        if found.reading.dialect != "none":
            stays(name, found.reason, CORRECT, resolver)
        return
    for decision in found.decisions:
        changed(name, decision, resolver, "" if found.mode == "on" else found.mode)
    for note in found.notes if found.changed else ():
        warn_once(resolver.logged, "%s", note)


def changed(name: str, decision: Decision, resolver: Resolver, mode: str = "") -> None:
    """Log an address that changes, or would change in another mode."""
    if not decision.changed:
        return
    line = f"{name}: {decision.before} -> {decision.after} ({decision.reason})"
    if resolver.logged.first_time("changed", line):
        only = f"; HOSTSHIFT_MODE={mode}: nothing is changed" if mode else ""
        info("%s%s", line, only)


def stays(name: str, reason: str, step: str, resolver: Resolver) -> None:
    """Log a value that stays as it is because it cannot be read."""
    warn_once(resolver.logged, "%s stays as it is: %s. Next: %s", name, reason, step)


def left(name: str, reason: str, step: str, resolver: Resolver, policy: Policy) -> None:
    """Log a value that stays, or raise where STRICT asks for it.

    Raises:
        UndecidedError: STRICT is on.

    """
    if policy.mode == "off":
        return
    if policy.strict:
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {reason} ({step})")
    stays(name, reason, step, resolver)


def tell_unmatched(policy: Policy, decisions: Iterable[Decision], resolver: Resolver) -> None:
    """Log the rules of HOSTSHIFT_MAP that matched nothing: a typing error goes unseen else."""
    if not policy.map or policy.mode == "off":
        return
    loopback = resolver.vantage(policy).loopback_names
    seen = [decision.before for decision in decisions]
    used = [policy.declared(at.host, at.port, loopback) for at in seen]
    for rule in policy.map:
        if rule not in used:
            line = f"{rule.source}={rule.goal}"
            info("HOSTSHIFT_MAP: %s matched no address of the environment", line)
