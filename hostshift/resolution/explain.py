"""From a text to its resolution: read it, decide its endpoints, splice the answers in."""

from __future__ import annotations

import os

from hostshift import dsn
from hostshift.resolution.result import Resolution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.dsn import Reading
    from hostshift.routing.model import Decision

    Read = Callable[[str, bool], Reading]


def explained(
    text: str,
    read: Read,
    policy: Policy,
    vantage: Vantage,
    decide: Callable[[Reading], tuple[Decision, ...]],
) -> Resolution:
    """Return the answer for a text, with everything that led to it.

    Args:
        text: the caller's text.
        read: reads a text as its consumer does: :func:`reader`. The second argument says whether
            hostshift wrote the hosts in it.
        policy: what the user has set.
        vantage: where this process stands.
        decide: decides the endpoints of a reading, in their order.

    """
    reading = read(text, False)
    after, reason = text, reading.trouble or f"HOSTSHIFT_MODE={policy.mode}"
    decisions: tuple[Decision, ...] = ()
    if not reading.trouble and policy.mode != "off":
        decisions = decide(reading)
        after, reason = _spliced(text, read, reading, decisions)
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


def reader(
    dialect: str | None,
    protocol: str,
    default_port: int | None,
    socket: str,
    variables: Mapping[str, str] | None = None,
) -> Read:
    """Return what finds the endpoints of a text. For what is no text, its reading says so.

    Args:
        dialect: the grammar of the text's consumer, None if it is not known.
        protocol: the protocol, for a text whose scheme does not determine it.
        default_port: the port that the consumer takes if the text names none, where it differs
            from the scheme's; 0 if its clients do not agree on one.
        socket: what names a Unix socket beside the text; empty if nothing does.
        variables: the environment of the text's consumer; by default that of this process.

    """

    def read(text: str, ours: bool) -> Reading:
        if not is_text(text):
            return dsn.Reading(dialect="", trouble="this is not text")
        port = default_port or None
        reading = dsn.read(text, dialect, protocol=protocol, default_port=port, ours=ours)
        environ = os.environ if variables is None else variables
        if not (default_port == 0 or socket or reading.protocol == "mysql" or "PGPORT" in environ):
            return reading
        from hostshift.dsn import client_defaults

        return client_defaults.completed(text, reading, default_port, environ, socket)

    return read


def is_text(value: object) -> bool:
    """Return True if a caller passed text, whatever the annotation says."""
    return isinstance(value, str)


def _spliced(
    text: str,
    read: Read,
    reading: Reading,
    decisions: tuple[Decision, ...],
) -> tuple[str, str]:
    """Write the addresses into the text; if that is not possible, return it with the reason.

    The result is read again: what every plausible reader then sees has to be what was meant. A
    port that is written can turn what stands behind it into something else for one of them.
    """
    if not decisions:
        return text, "the text names no host"
    addresses = [(decision.after.host, decision.after.port) for decision in decisions]
    try:
        after = dsn.splice(text, reading.endpoints, addresses)
    except dsn.Unwritable as error:
        return text, error.reason
    if after == text:
        return text, ""
    again = read(after, True)
    seen = [(end.host, end.effective_port) for end in again.endpoints]
    meant = [
        (host, end.effective_port if port is None else port)
        for end, (host, port) in zip(reading.endpoints, addresses, strict=True)
    ]
    # Who could read the text before has to be able to read it now.
    same = seen == meant and set(reading.voters) <= set(again.voters)
    return (after, "") if same else (text, _MISREAD)


_MISREAD = "with the new address in it, a client would read another one"
