"""How long answers about this machine stay fresh."""

from __future__ import annotations

PAUSE = 5.0
"""Seconds for which we keep a bad answer before we ask again, because name servers forward what
they do not know. After a plain refusal we ask again at once. We also do so for a port that
accepts, except for MySQL, which counts interrupted handshakes (max_connect_errors)."""

SHORT_PAUSE = 1.0
"""The same if a source could not say: a hundred strings do not wait for it a hundred times."""


def of_dials(protocol: str, results: tuple[object, ...]) -> float:
    """Return for how long we keep an answer: longer if it cost time, or bothered a server."""
    from hostshift.machine import probe

    passing = {"refused", "unreachable", "failed"}
    if probe.counts_hang_ups(protocol):
        return 0.0 if passing.issuperset(results) else PAUSE
    if None in results:
        return SHORT_PAUSE
    return 0.0 if passing.issuperset(set(results) - {"open"}) else PAUSE
