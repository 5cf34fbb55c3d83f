"""What a source that could not say means for an answer. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.topology.model import Gap, Neighbourhood


def passing(around: Neighbourhood) -> Gap | None:
    """Return a source that could not say this time, and may say at the next look."""
    return next((gap for gap in around.gaps if gap.passing), None)
