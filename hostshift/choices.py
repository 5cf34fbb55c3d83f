"""What endpoints were found to mean, for the life of the process."""

from __future__ import annotations

from hostshift import bounded
from hostshift.addresses import is_loopback

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
    for whatever else answers. So a target that was chosen by observation is fixed; only its
    addresses are looked up again. A service that was known is kept as well: nothing else is
    chosen in its place but another service of its own project that is known to have the port.
    """

    def __init__(self) -> None:
        """Know no choice yet."""
        self._chosen: dict[_Key, Decision] = {}

    def get(self, host: str, port: int | None, protocol: str, policy: Policy) -> Decision | None:
        """Return what an endpoint was found to mean; None: nothing yet.

        What is ``observed`` is fixed, what is ``known`` was so at the last look that told.
        """
        key = _key(host, port, protocol, policy)
        return None if key is None else self._chosen.get(key)

    def keep(self, asked: Asked, decision: Decision) -> None:
        """Keep what a ``localhost`` string means, unless that is fixed already.

        Of other names, only that they were a service of my own: then a name that leads
        elsewhere for a while is not dialled.
        """
        known = decision.certainty == "known" and decision.target.kind == "service"
        if is_loopback(asked.host, asked.vantage.loopback_names):
            kept = decision.changed and (known or decision.certainty == "observed")
        else:
            kept = decision.mine
        key = _key(asked.host, asked.port, asked.protocol, asked.policy)
        if key is None or not kept:
            return
        before = self._chosen.get(key)
        if before is None or before.certainty == "known":
            bounded.put(self._chosen, key, decision.replace(numbers=()), MOST)


def _key(host: str, port: int | None, protocol: str, policy: Policy) -> _Key | None:
    return None if port is None else (protocol, host.lower(), port, policy.choosing())
