"""The answer where this process could not even load what would find it: that nobody could say.

Modules are loaded where they are needed, so that starting costs next to nothing. A process
without a free descriptor, or without memory, cannot load one more.
"""

from __future__ import annotations

from hostshift._log import warning
from hostshift.errors import HostshiftError, UndecidedError
from hostshift.evidence import Evidence
from hostshift.resolution import Resolution
from hostshift.root import NAMESPACE_FILES, is_from_outside
from hostshift.strings import Reading
from hostshift.surroundings import INTERFACES, SOURCES
from hostshift.vantages import Vantage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.policy import Policy

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


def no_changes(policy: Policy, error: Exception) -> dict[str, str]:
    """Return what changes in an environment that stays, with a word in the log.

    Raises:
        UndecidedError: only with STRICT.

    """
    why = reason(error)
    if policy.strict and policy.mode != "off":
        raise UndecidedError(f"left undecided, and HOSTSHIFT_STRICT is on: {why}") from None
    warning("The environment stays as it is: %s", why)
    return {}


def resolution(text: str, policy: Policy, error: Exception) -> Resolution:
    """Return the answer for a text that stays, and that is not to be remembered."""
    why = reason(error)
    return Resolution(
        before=text,
        after=text,
        decisions=(),
        vantage=vantage(error),
        reason=why,
        mode=policy.mode,
        reading=Reading(dialect="", trouble=why, passing=True),
    )
