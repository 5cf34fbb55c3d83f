"""What is logged of decisions, and what is raised for those that STRICT does not allow."""

from __future__ import annotations

from hostshift._log import debug, info, warning
from hostshift.errors import UndecidedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.decision import Decision
    from hostshift.policy import Policy
    from hostshift.resolution import Resolution

    FirstTime = Callable[..., bool]


def log(decision: Decision, first_time: FirstTime) -> None:
    """Log a decision: once where it rests on less than certainty, with what to do about it.

    Args:
        decision: what was decided.
        first_time: returns True for what was not logged before.

    """
    before, after, reason = decision.before, decision.after, decision.reason
    key = ("decision", str(before), str(after), reason)
    unsure = decision.undecided or decision.certainty in ("intended", "observed", "assumed")
    if not unsure or not first_time(*key):
        debug("%s: %s", before, reason)
    elif decision.changed:
        pin = f"HOSTSHIFT_MAP={before}={after}"
        warning("%s is %s: %s. Pin it: %s", before, after, reason, pin)
    elif decision.undecided or decision.fix:
        warning("%s stays as it is: %s. Next: %s", before, reason, _next_step(decision))
    else:
        info("%s stays as it is: %s", before, reason)


def log_notes(resolution: Resolution, first_time: FirstTime) -> None:
    """Log once what a change means for certificates."""
    for note in resolution.notes:
        if first_time("note", note):
            warning("%s", note)


def refuse_undecided(resolution: Resolution, policy: Policy) -> None:
    """Raise for what had to be left as it was, where STRICT asks for it.

    Raises:
        UndecidedError: says why, without a word of the text but hosts and ports.

    """
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
