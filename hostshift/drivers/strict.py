"""HOSTSHIFT_STRICT where an integration resolves a text itself."""

from __future__ import annotations

from hostshift.resolution import decision_log, resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.resolution.result import Resolution


def explain(
    text: str, dialect: str | None, protocol: str = "", default_port: int | None = None
) -> Resolution:
    """Return the answer for a text whose protocol or port the text may not show.

    Args:
        text: as configured.
        dialect: the grammar of the code that reads it; None where its scheme tells.
        protocol: what its servers speak.
        default_port: the port of a host without one.

    Raises:
        UndecidedError: only with STRICT, unless the mode is off.

    """
    current = resolver.current()
    resolution = current.explain(text, dialect, protocol=protocol, default_port=default_port)
    if resolution.mode != "off":
        decision_log.refuse_undecided(resolution, current.policy)
    return resolution
