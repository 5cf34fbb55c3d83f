"""What is logged of decisions, and what is raised for those that STRICT does not allow."""

from __future__ import annotations

from hostshift import bounded
from hostshift._log import debug, info, warning
from hostshift.errors import UndecidedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Decision
    from hostshift.policy import Policy
    from hostshift.resolution import Resolution

MOST = 1024
"""Keys that are kept; the oldest leaves, and may be logged again."""


class Logged:
    """What was logged, each once in a process."""

    def __init__(self) -> None:
        """Have logged nothing yet."""
        self._keys: dict[tuple[str, ...], bool] = {}

    def first_time(self, *key: str) -> bool:
        """Return True if something is to be logged for the first time, and remember it."""
        new = key not in self._keys
        if new:
            bounded.put(self._keys, key, True, MOST)
        return new

    def write_warning(self, key: tuple[str, ...], message: str, *values: object) -> None:
        """Warn of something; where that could not be logged, forget that it was."""
        if not warning(message, *values):
            self._keys.pop(key, None)


def log(decision: Decision, logged: Logged) -> None:
    """Log a decision: once where it rests on less than certainty, with what to do about it.

    Args:
        decision: what was decided.
        logged: what was logged before.

    """
    before, after, reason = decision.before, decision.after, decision.reason
    key = ("decision", str(before), str(after), reason)
    unsure = decision.undecided or decision.certainty in ("intended", "observed", "assumed")
    if not unsure or not logged.first_time(*key):
        debug("%s: %s", before, reason)
    elif decision.changed:
        pin = f"HOSTSHIFT_MAP={before}={after}"
        logged.write_warning(key, "%s is %s: %s. Pin it: %s", before, after, reason, pin)
    elif decision.undecided or decision.fix:
        step = _next_step(decision)
        logged.write_warning(key, "%s stays as it is: %s. Next: %s", before, reason, step)
    else:
        info("%s stays as it is: %s", before, reason)


def log_notes(resolution: Resolution, logged: Logged) -> None:
    """Log once what a change means for certificates."""
    for note in resolution.notes:
        warn_once(logged, "%s", note)


def warn_once(logged: Logged, message: str, *values: str) -> None:
    """Warn of something, unless the same was logged before."""
    key = ("warning", message, *values)
    if logged.first_time(*key):
        logged.write_warning(key, message, *values)


def refuse_undecided(resolution: Resolution, policy: Policy | None) -> None:
    """Raise for what had to be left as it was, where STRICT asks for it.

    Args:
        resolution: the answer for a text.
        policy: what the user has set; None where that could not be read.

    Raises:
        UndecidedError: says why, without a word of the text but hosts and ports.

    """
    if policy is None or policy.mode == "off":
        return
    if policy.strict and resolution.undecided:
        reasons = (undecided(one) for one in resolution.decisions if one.undecided)
        why = resolution.reason or "; ".join(reasons)
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {why}")


def undecided(decision: Decision) -> str:
    """Return why an endpoint is undecided, and what to do about it."""
    return f"{decision.before}: {decision.reason} ({_next_step(decision)})"


def _next_step(decision: Decision) -> str:
    """Return what the user can do about an endpoint that stays for want of knowledge."""
    return decision.fix or f"say what is meant with HOSTSHIFT_MAP={decision.before}=HOST:PORT"
