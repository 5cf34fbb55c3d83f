"""Targets that were chosen by observation, fixed for the life of the process."""

from __future__ import annotations

from hostshift import bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.policy import Policy

    _Key = tuple[str, str, int, tuple[object, ...]]

MOST = 1024
"""Choices that are kept; the oldest leaves."""


class Choices:
    """What was chosen, by all that decides such a choice: endpoint, protocol, settings.

    Were it chosen again at each dial, a database that is down would turn its string into one
    for whatever else answers. Only the target is fixed: its addresses are looked up again.
    """

    def __init__(self) -> None:
        """Know no choice yet."""
        self._chosen: dict[_Key, Decision] = {}

    def get(self, host: str, port: int | None, protocol: str, policy: Policy) -> Decision | None:
        """Return what was chosen for an endpoint; None: nothing yet."""
        key = _key(host, port, protocol, policy)
        return None if key is None else self._chosen.get(key)

    def keep(self, asked: Asked, decision: Decision) -> None:
        """Fix a target, if it was chosen by observation and none is fixed yet."""
        key = _key(asked.host, asked.port, asked.protocol, asked.policy)
        by_observation = decision.certainty == "observed" and decision.changed
        if key is not None and by_observation and key not in self._chosen:
            bounded.put(self._chosen, key, decision.replace(numbers=()), MOST)


def _key(host: str, port: int | None, protocol: str, policy: Policy) -> _Key | None:
    return None if port is None else (protocol, host.lower(), port, policy.choosing())
