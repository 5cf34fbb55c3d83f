"""Where this process stands: read the facts, then judge them."""

from __future__ import annotations

from hostshift.detect import facts, vantage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.detect.facts import Facts
    from hostshift.detect.vantage import Vantage


def detect(root: str = "/", declared: Mapping[str, str] | None = None) -> Vantage:
    """Read the facts below a root and judge them.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        declared: the user's own answers, by question.

    """
    return detect_closely(facts.read(root), declared)[1]


def detect_closely(
    first: Facts, declared: Mapping[str, str] | None = None
) -> tuple[Facts, Vantage]:
    """Judge facts; read the network's too where they are not the host's.

    Args:
        first: what :func:`hostshift.detect.facts.read` returned.
        declared: the user's own answers, by question.

    Returns:
        The facts, with those of the network where they count, and the vantage.

    """
    judged = vantage.judge(first, declared or {})
    if judged.network in ("host", "isolated"):
        return first, judged
    closer = facts.read_network(first)
    return closer, vantage.judge(closer, declared or {})
