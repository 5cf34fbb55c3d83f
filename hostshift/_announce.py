"""What an integration says of the addresses that it changes, and what it does not dial."""

from __future__ import annotations

from hostshift import resolver
from hostshift._log import info
from hostshift.errors import WrongServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Decision
    from hostshift.dials import Dials
    from hostshift.resolution import Resolution


def changed(decision: Decision, client: str) -> None:
    """Log an address that was changed: once a process for each change and client.

    Args:
        decision: what became of the address. One that stays is not logged.
        client: who dials or reads it, for people: ``SQLAlchemy``, ``the setting REDIS_URL``.

    """
    if not decision.changed:
        return
    before, after = str(decision.before), str(decision.after)
    if resolver.current().logged.first_time("changed", client, before, after):
        info("%s -> %s for %s (%s)", before, after, client, decision.reason)


def changes(found: Resolution, client: str) -> None:
    """Log the addresses of a text that were changed, as :func:`changed` does each."""
    for decision in found.decisions if found.changed else ():
        changed(decision, client)


def text_changed(before: str, after: str, client: str, dialect: str | None = None) -> None:
    """Log the addresses of a text that was resolved. One that stays costs nothing.

    Args:
        before: the text as it was configured. It is never logged itself.
        after: the text that was returned for it.
        client: who reads it, for people.
        dialect: the grammar in which it was read; None where its scheme tells.

    """
    if before != after:
        changes(resolver.current().explain(before, dialect), client)


def dial(host: str, port: int | None, protocol: str, client: str) -> Decision:
    """Decide where a driver dials this moment, and log a change.

    Args:
        host: as configured.
        port: as configured.
        protocol: what is spoken there, empty if unknown.
        client: who dials, for people.

    Raises:
        WrongServerError: what is written leads to another server than the one that is meant.
        UndecidedError: only with STRICT.

    """
    return checked(resolver.current().dial(host, port, protocol), client)


def checked(decision: Decision, client: str) -> Decision:
    """Return a decision that may be dialled, and log a change.

    Raises:
        WrongServerError: what is written leads to another server than the one that is meant.

    """
    if decision.misleads:
        raise wrong(decision)
    changed(decision, client)
    return decision


def wrong(decision: Decision) -> WrongServerError:
    """Return the error for what is not dialled, with the settings that say what is meant."""
    before = decision.before
    return WrongServerError(
        f"{before} is not dialled, as it leads to another server: {decision.reason}. "
        f"Say where it is with HOSTSHIFT_MAP={before}=HOST:PORT, "
        f"or dial it as it is written with HOSTSHIFT_KEEP={before}"
    )


def located(dials: Dials, host: str, port: int, client: str) -> tuple[str, int]:
    """Return where a client dials a name of its driver, and log a change.

    Raises:
        WrongServerError: what is written leads to another server than the one that is meant.
        UnknownMemberError: it is the loopback of a machine that is not known.
        UndecidedError: only with STRICT, for a seed.

    """
    there = dials.at(host, port)
    decision = dials.decision(host, port)
    if decision is not None:
        checked(decision, client)
    return there
