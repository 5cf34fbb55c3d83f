"""From a text to its resolution: read it, decide its endpoints, splice the answers in."""

from __future__ import annotations

from hostshift import dsn
from hostshift.resolution.result import Resolution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.dsn import Reading
    from hostshift.routing.model import Decision


def explained(
    text: str,
    reading: Reading,
    policy: Policy,
    vantage: Vantage,
    decide: Callable[[Reading], tuple[Decision, ...]],
) -> Resolution:
    """Return the answer for a text, with everything that led to it.

    Args:
        text: the caller's text.
        reading: what :func:`read` finds in it.
        policy: what the user has set.
        vantage: where this process stands.
        decide: decides the endpoints of a reading, in their order.

    """
    after, reason = text, reading.trouble or f"HOSTSHIFT_MODE={policy.mode}"
    decisions: tuple[Decision, ...] = ()
    if not reading.trouble and policy.mode != "off":
        decisions = decide(reading)
        after, reason = _spliced(text, reading, decisions)
    return Resolution(
        before=text,
        after=after if policy.mode == "on" else text,
        decisions=decisions,
        vantage=vantage,
        reason=reason,
        dialect=reading.dialect,
        mode=policy.mode,
        reading=reading,
    )


def read(text: str, dialect: str | None, protocol: str, default_port: int | None) -> Reading:
    """Find the endpoints of a text. For what is no text, the reading says so."""
    if not is_text(text):
        return dsn.Reading(dialect="", trouble="this is not text")
    return dsn.read(text, dialect, protocol=protocol, default_port=default_port)


def is_text(value: object) -> bool:
    """Return True if a caller passed text, whatever the annotation says."""
    return isinstance(value, str)


def _spliced(text: str, reading: Reading, decisions: tuple[Decision, ...]) -> tuple[str, str]:
    """Write the addresses into the text; if that is not possible, return it with the reason."""
    if not decisions:
        return text, "the text names no host"
    addresses = [(decision.after.host, decision.after.port) for decision in decisions]
    try:
        return dsn.splice(text, reading.endpoints, addresses), ""
    except dsn.Unwritable as error:
        return text, error.reason
