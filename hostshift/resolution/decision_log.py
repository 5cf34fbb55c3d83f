"""Log lines for decisions, and the errors for those that must not be used."""

from __future__ import annotations

from hostshift.base import bounded
from hostshift.base.log import debug, info, warning
from hostshift.errors import UndecidedError, WrongServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.config.policy import Policy
    from hostshift.resolution.result import Resolution
    from hostshift.routing.model import Decision

MOST = 1024
"""Log keys to keep. The oldest one leaves, and its line may appear again."""


class Logged:
    """The lines that this process has logged: each appears once."""

    def __init__(self) -> None:
        """Start with an empty record."""
        self._keys: dict[tuple[str, ...], bool] = {}

    def first_time(self, *key: str) -> bool:
        """Return True if a key is new, and remember it."""
        new = key not in self._keys
        if new:
            bounded.put(self._keys, key, True, MOST)
        return new

    def write_warning(self, key: tuple[str, ...], message: str, *values: object) -> None:
        """Log a warning; forget its key if logging failed."""
        if not warning(message, *values):
            self._keys.pop(key, None)


def log(decision: Decision, logged: Logged) -> None:
    """Log a decision. One that is not certain appears once, with the next step.

    Args:
        decision: a decision for one endpoint.
        logged: the lines that appeared before.

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
    """Log once what a change means for TLS certificates."""
    for note in resolution.notes:
        warn_once(logged, "%s", note)


def warn_once(logged: Logged, message: str, *values: str) -> None:
    """Log a warning, unless the same one appeared before."""
    key = ("warning", message, *values)
    if logged.first_time(*key):
        logged.write_warning(key, message, *values)


def refuse_undecided(resolution: Resolution, policy: Policy | None) -> None:
    """Raise for a text that stays for want of certainty, if STRICT is on.

    Args:
        resolution: the answer for a text.
        policy: what the user has set; None if this process could not read it.

    Raises:
        UndecidedError: gives the reason. Of the text it shows hosts and ports only.

    """
    if policy is None or policy.mode == "off":
        return
    if policy.strict and resolution.undecided:
        reasons = (undecided(each) for each in resolution.decisions if each.undecided)
        why = resolution.reason or "; ".join(reasons)
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {why}")


def undecided(decision: Decision) -> str:
    """Return why an endpoint is undecided, and what to do about it."""
    return f"{decision.before}: {decision.reason} ({_next_step(decision)})"


def _next_step(decision: Decision) -> str:
    """Return what the user can do about an endpoint that stays for want of certainty."""
    return decision.fix or f"say where it is with HOSTSHIFT_MAP={decision.before}=HOST:PORT"


def wrong_server(decision: Decision) -> WrongServerError:
    """Return the error for an address that an integration refuses to dial, with both fixes."""
    before = decision.before
    leads = "may lead" if decision.late or decision.missing else "leads"
    return WrongServerError(
        f"{before} is not dialled, because it {leads} to another server: {decision.reason}. "
        f"Say where it is with HOSTSHIFT_MAP={before}=HOST:PORT, "
        f"or dial it as it is written with HOSTSHIFT_KEEP={before}"
    )


def moved(decision: Decision, now: Decision) -> WrongServerError:
    """Return the error for a connection whose server may have moved while it was made.

    Args:
        decision: where it was when the connect began.
        now: what is known of it after the connect.

    """
    was = f"{decision.before} was at {decision.after} when the connect began"
    if now.undecided:
        return WrongServerError(
            f"{was}. Since then, {now.reason}: the connection is closed, as another server may "
            f"have answered. Connect again, or {_next_step(now)}"
        )
    return WrongServerError(
        f"{was}, and is at {now.after} now: the connection is closed, as another server may have "
        f"answered. Connect again"
    )
