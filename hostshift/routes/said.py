"""Outcomes of dialling, in words for people. Pure data."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.questions import Outcome

SAID: dict[Outcome, str] = {
    "open": "accepts",
    "closed": "accepts and hangs up: not ready",
    "refused": "refuses",
    "silent": "does not answer in time",
    "unreachable": "cannot be reached",
    "failed": "could not be dialled by this process",
}
