"""One forwarded port: its sockets, where its connections go, and its counts."""

from __future__ import annotations

import time

from hostshift.forward.descriptors import is_short
from hostshift.forward.stats import Stats
from hostshift.forward.target import FRESH, Answer, Locator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.forward.ports import Port
    from hostshift.forward.relay import Flow
    from hostshift.forward.spec import Endpoint
    from hostshift.forward.workers import Work, Workers


class Entry:
    """A port that a loop serves."""

    def __init__(self, endpoint: Endpoint, port: Port, locator: Locator | None = None) -> None:
        """Take the endpoint and its sockets.

        Args:
            endpoint: what a connection means.
            port: listens.
            locator: decides where a connection goes; by the rules by default.

        """
        self.endpoint, self.port = endpoint, port
        self.locator = locator or Locator(endpoint)
        self.stats = Stats()
        self.flows: set[Flow] = set()
        self._answer: Answer | None = None
        self._waiting: list[Callable[[Answer], None]] = []
        self.look: Work | None = None
        """The last look at where a connection goes."""

    def ask(self, workers: Workers, then: Callable[[Answer], None]) -> None:
        """Find out where a connection goes; connections that come meanwhile share the look.

        Args:
            workers: look.
            then: gets the answer, now or later.

        """
        known = self.locator.settled() or self._fresh()
        if known is not None:
            then(known)
            return
        self._waiting.append(then)
        if len(self._waiting) == 1:
            self.look = workers.do(self._look, self._answered, _has_failed)

    def confirm(self, answer: Answer) -> str | None:
        """Decide again, and return why a connection must be closed: empty if it may stay.

        None if it is unknown, because this process had too few descriptors to look.
        """
        short = is_short()
        why = self.locator.confirm(answer)
        return None if why and (short or is_short()) else why

    def outdate(self) -> None:
        """Look again for the next connection, because one failed."""
        self._answer = None

    def _look(self) -> Answer:
        short = is_short()
        answer = self.locator.look()
        if answer.refusal and (short or is_short()):
            return answer.replace(starved=True)
        return answer

    def _fresh(self) -> Answer | None:
        answer = self._answer
        if answer is None or time.monotonic() - answer.at > FRESH:
            return None
        return answer

    def _answered(self, result: object) -> None:
        if isinstance(result, Answer):
            answer = result
            # Counted from its beginning a look that took long would serve nobody else.
            self._answer = answer if not answer.refusal else None
        else:
            refusal = f"{type(result).__name__} while looking"
            answer = Answer(at=time.monotonic(), refusal=refusal, starved=is_short())
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(answer)

    def lines(self) -> list[str]:
        """Describe what it has carried."""
        sent = sum(flow.client.moved for flow in self.flows)
        received = sum(flow.target.moved for flow in self.flows)
        return list(self.stats.lines(str(self.endpoint), sent, received))


def _has_failed(result: object) -> bool:
    """Return True if a look has found no target, and might with more time."""
    return not isinstance(result, Answer) or bool(result.refusal and not result.gives_way)
