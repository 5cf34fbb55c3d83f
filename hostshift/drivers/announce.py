"""What an integration logs of the addresses that it changes."""

from __future__ import annotations

from hostshift.base.log import info
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.resolution.result import Resolution
    from hostshift.routing.model import Decision


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


def changes(resolution: Resolution, client: str) -> None:
    """Log the addresses of a text that were changed, as :func:`changed` does each."""
    for decision in resolution.decisions if resolution.changed else ():
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
