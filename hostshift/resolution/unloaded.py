"""The answers of a process that cannot load the modules it needs: everything stays.

hostshift loads modules where it needs them, so that it starts fast. A process without a free
descriptor, or without memory, cannot load one more.
"""

from __future__ import annotations

from hostshift.base.interrupts import is_interrupt
from hostshift.base.log import warning
from hostshift.config.policy import Policy
from hostshift.detect.evidence import Evidence
from hostshift.detect.rootfs import NAMESPACE_FILES
from hostshift.detect.sources import INTERFACES, SOURCES
from hostshift.detect.vantage import Vantage
from hostshift.dsn import Reading
from hostshift.errors import HostshiftError, UndecidedError
from hostshift.resolution.decision_log import log, warn_once
from hostshift.resolution.result import Resolution
from hostshift.routing.model import RouteRequest
from hostshift.routing.outcomes import undecided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.resolution.decision_log import Logged
    from hostshift.routing.model import Decision
    from hostshift.routing.queries import Outcome

FAILURES = (OSError, MemoryError, ImportError)
"""Errors of loading a module."""


def reason(error: Exception) -> str:
    """Return why there is no answer.

    Raises:
        Exception: the same, if it is hostshift's own, or a signal handler raised it.

    """
    if isinstance(error, HostshiftError) or is_interrupt(error):
        raise error
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"this process could not load a module that it needs ({why})"


def vantage(error: Exception) -> Vantage:
    """Return a vantage without any answer. It passes: the next query may find more."""
    why = reason(error)
    files = (name for names in SOURCES.values() for name in names)
    return Vantage(
        isolation="unknown",
        network="unknown",
        naming="unknown",
        host_address=(),
        evidence=tuple(
            Evidence(question=question, answer="unknown", weight="unread", seen=why, source="")
            for question in ("isolation", "network", "naming", "platform")
        ),
        odd=(why,),
        unread=tuple(dict.fromkeys((*files, *NAMESPACE_FILES.values(), INTERFACES))),
        passing=True,
    )


def warn(message: str, error: Exception, logged: Logged) -> None:
    """Log a warning once, with the reason.

    Raises:
        Exception: the same, if it is hostshift's own, or a signal handler raised it.

    """
    warn_once(logged, message, reason(error))


def outcomes(count: int, error: Exception, logged: Logged) -> tuple[Outcome, ...]:
    """Return the outcomes of addresses that this process cannot dial."""
    warn("No address is dialled: %s", error, logged)
    failed: list[Outcome] = ["failed"] * count
    return tuple(failed)


def decision(host: str, port: int | None, error: Exception, logged: Logged) -> Decision:
    """Return the decision for an endpoint that stays, if this process could not read settings."""
    known = RouteRequest(host=host, port=port, protocol="", vantage=vantage(error), policy=Policy())
    answer = undecided(known, reason(error))
    log(answer, logged)
    return answer


def no_changes(policy: Policy | None, error: Exception) -> dict[str, str]:
    """Return the changes of an environment that stays, and log the reason.

    Raises:
        UndecidedError: only with STRICT.

    """
    why = reason(error)
    if policy is not None and policy.strict and policy.mode != "off":
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {why}") from None
    warning("The environment stays as it is: %s", why)
    return {}


def resolution(text: str, policy: Policy | None, error: Exception, logged: Logged) -> Resolution:
    """Return the answer for a text that stays. A resolver does not keep this answer.

    Args:
        text: the caller's text.
        policy: what the user has set; None if this process could not read that, either.
        error: the error of loading a module.
        logged: the lines that appeared before.

    """
    why = reason(error)
    warn("A text stays as it is: %s", error, logged)
    return Resolution(
        before=text,
        after=text,
        decisions=(),
        vantage=vantage(error),
        reason=why,
        mode=policy.mode if policy is not None else "on",
        reading=Reading(dialect="", trouble=why, passing=True),
    )
