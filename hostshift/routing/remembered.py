"""The decisions that this process keeps for its life."""

from __future__ import annotations

from hostshift.base import bounded
from hostshift.base.addresses import is_loopback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.config.policy import Policy
    from hostshift.routing.model import Decision, RouteRequest

    _Key = tuple[str, str, int, tuple[object, ...]]

MOST = 1024
"""How many choices we keep; the oldest leaves."""


class Choices:
    """The choices, by all that decides them: endpoint, protocol, settings.

    If we chose again at each dial, a database that is down would turn its string into one
    for any other server that answers. So a target that we chose by observation is fixed; we
    look up only its addresses again. We keep a known service as well: nothing replaces it
    but another service of its own project that is known to have the port.
    """

    def __init__(self) -> None:
        """Start with no choice."""
        self._chosen: dict[_Key, Decision] = {}

    def get(self, host: str, port: int | None, protocol: str, policy: Policy) -> Decision | None:
        """Return the choice for an endpoint; None if there is none yet.

        An ``observed`` one is fixed, a ``known`` one was so at the last look that showed it.
        """
        key = _key(host, port, protocol, policy)
        return None if key is None else self._chosen.get(key)

    def keep(self, request: RouteRequest, decision: Decision) -> None:
        """Keep what a ``localhost`` string means, unless that is fixed already.

        Of other names, keep only that they were a service of my own, and its addresses: then we
        do not dial a name that leads elsewhere for a while.
        """
        known = decision.certainty == "known" and decision.target.kind == "service"
        if is_loopback(request.host, request.vantage.loopback_names):
            kept = decision.changed and (known or decision.certainty == "observed")
        else:
            kept = decision.mine
        key = _key(request.host, request.port, request.protocol, request.policy)
        if key is None or not kept:
            return
        before = self._chosen.get(key)
        if before is None or before.certainty == "known":
            numbers = decision.numbers if decision.mine else ()
            bounded.put(self._chosen, key, decision.replace(numbers=numbers), MOST)


def _key(host: str, port: int | None, protocol: str, policy: Policy) -> _Key | None:
    return None if port is None else (protocol, host.lower(), port, policy.choosing())
