"""Where this process stands: the surroundings are read, then judged."""

from __future__ import annotations

from hostshift import surroundings, vantages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.surroundings import Surroundings
    from hostshift.vantages import Vantage


def stand(root: str = "/", declared: Mapping[str, str] | None = None) -> Vantage:
    """Read the surroundings below a root and judge them.

    Args:
        root: ``/`` for this machine, a directory for a captured one.
        declared: answers that the user gives, by question.

    """
    return judged(surroundings.read(root), declared)[1]


def judged(
    around: Surroundings, declared: Mapping[str, str] | None = None
) -> tuple[Surroundings, Vantage]:
    """Judge surroundings, with a closer look where they are not the host's."""
    stands = vantages.judge(around, declared or {})
    if stands.network in ("host", "isolated"):
        return around, stands
    closer = surroundings.look_closer(around)
    return closer, vantages.judge(closer, declared or {})
