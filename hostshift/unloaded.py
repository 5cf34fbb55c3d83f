"""The answer where this process could not even load what would find it: that nobody could say.

Modules are loaded where they are needed, so that starting costs next to nothing. A process
without a free descriptor, or without memory, cannot load one more.
"""

from __future__ import annotations

from hostshift._decision_log import log, warn_once
from hostshift._log import warning
from hostshift._outside import is_from_outside
from hostshift.decision import Asked
from hostshift.errors import HostshiftError, UndecidedError
from hostshift.evidence import Evidence
from hostshift.policy import Policy
from hostshift.resolution import Resolution
from hostshift.root import NAMESPACE_FILES
from hostshift.strings import Reading
from hostshift.surroundings import INTERFACES, SOURCES
from hostshift.vantages import Vantage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift._decision_log import Logged
    from hostshift.decision import Decision
    from hostshift.questions import Outcome

FAILURES = (OSError, MemoryError, ImportError)
"""What loading a module may end in."""


def reason(error: Exception) -> str:
    """Say why there is no answer.

    Raises:
        Exception: the same, if it is an answer of ours, or a signal handler raised it.

    """
    if isinstance(error, HostshiftError) or is_from_outside(error):
        raise error
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"this process could not load what would tell ({why})"


def vantage(error: Exception) -> Vantage:
    """Return a vantage of which nothing is known; the next look may answer more."""
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


def say(message: str, error: Exception, logged: Logged) -> None:
    """Warn once that something was not done for an error.

    Raises:
        Exception: the same, if it is an answer of ours, or a signal handler raised it.

    """
    warn_once(logged, message, reason(error))


def outcomes(count: int, error: Exception, logged: Logged) -> tuple[Outcome, ...]:
    """Return what became of addresses that could not be dialled."""
    say("No address is dialled: %s", error, logged)
    found: list[Outcome] = ["failed"] * count
    return tuple(found)


def decision(host: str, port: int | None, error: Exception, logged: Logged) -> Decision:
    """Return the answer for an endpoint that stays, where not even the settings could be read."""
    asked = Asked(host=host, port=port, protocol="", vantage=vantage(error), policy=Policy())
    found = asked.undecided(reason(error))
    log(found, logged)
    return found


def no_changes(policy: Policy | None, error: Exception) -> dict[str, str]:
    """Return what changes in an environment that stays, with a word in the log.

    Raises:
        UndecidedError: only with STRICT.

    """
    why = reason(error)
    if policy is not None and policy.strict and policy.mode != "off":
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {why}") from None
    warning("The environment stays as it is: %s", why)
    return {}


def resolution(text: str, policy: Policy | None, error: Exception, logged: Logged) -> Resolution:
    """Return the answer for a text that stays, and that is not to be remembered.

    Args:
        text: as it was given.
        policy: what the user has set; None where that could not be read, either.
        error: what loading a module ended in.
        logged: what was logged before.

    """
    why = reason(error)
    say("A text stays as it is: %s", error, logged)
    return Resolution(
        before=text,
        after=text,
        decisions=(),
        vantage=vantage(error),
        reason=why,
        mode=policy.mode if policy is not None else "on",
        reading=Reading(dialect="", trouble=why, passing=True),
    )
