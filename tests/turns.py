"""What may run beside what, when several processes share the tests.

A module's tests stay together and in order, so that what they share is made once. The lab's
modules come first, because they take longest. Two markers make tests wait for their turn:

- `machine`: they change what the machine has only one of (a swarm, Podman's networks). No
  other test of the lab may run beside them, but all others may. They follow the lab's modules,
  in one row.
- `alone`: nothing may run beside them. They come last, in one row.

Only the processes that run tests see their markers; they tell the turns by a file.
"""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LAB = "tests/lab/"
SPREAD = ("tests/integrations/test_oldest.py", "tests/lab/test_first_law.py")
"""Long modules whose tests have nothing in common: they need not stay together."""
LONG = (
    "tests/lab/test_redis_live.py",
    "tests/lab/test_moves_live.py",
    "tests/lab/test_identity_live.py",
    "tests/lab/test_applications.py",
    "tests/lab/test_starter.py",
    "tests/lab/test_situations.py",
    "tests/integrations/test_oldest.py",
    "tests/unit/test_linear.py",
)
"""The modules that take longest: they come first, so that no process ends long after the others."""
_MESSAGES = "turns"


class Turn(IntEnum):
    """When a test may run; lower ones come first."""

    LAB = 0
    MACHINE = 1
    OTHER = 2
    ALONE = 3


def turn(item: pytest.Item) -> Turn:
    """Return when a test may run."""
    if item.get_closest_marker("alone"):
        return Turn.ALONE
    if item.get_closest_marker("machine"):
        return Turn.MACHINE
    return Turn.LAB if item.nodeid.startswith(LAB) else Turn.OTHER


def order(item: pytest.Item) -> tuple[Turn, int]:
    """Return what tests are ordered by: turn, then the modules that take longest."""
    module = item.nodeid.partition("::")[0]
    return turn(item), LONG.index(module) if module in LONG else len(LONG)


def bring(node: Any, messages: Path) -> None:
    """Tell a new process where to leave the turns of its tests."""
    node.workerinput[_MESSAGES] = str(messages)


def tell(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Tell the turns of all tests to the process that began the run, where this is another."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given is not None:
        turns = [int(turn(item)) for item in items]
        Path(given[_MESSAGES], given["workerid"]).write_text(json.dumps(turns), encoding="ascii")


class Batch(NamedTuple):
    """Tests that one process runs in a row: a module, or all of a kind that waits."""

    turn: Turn
    tests: list[int]


class Scheduler:
    """Hands batches to processes: what pytest-xdist calls its scheduler.

    A process runs a test when it knows the next one. So the last test of a process waits, and
    counts as running, until there is a next one or the process is told that there is none.
    """

    def __init__(self, config: pytest.Config, messages: Path) -> None:
        """Prepare; `messages` is the directory in which processes tell the turns."""
        self._expected = len(config.getoption("tx") or ())
        self._messages = messages
        self._names: list[str] | None = None
        self._waiting: list[Batch] = []
        self._collected: dict[Any, list[str]] = {}
        self._running: dict[Any, list[Batch]] = {}

    # --- what pytest-xdist asks -----------------------------------------------------------------

    @property
    def nodes(self) -> list[Any]:
        """All processes there are."""
        return list(self._running)

    @property
    def collection_is_completed(self) -> bool:
        """True if all first processes have collected."""
        return len(self._collected) >= self._expected

    @property
    def tests_finished(self) -> bool:
        """True if nothing waits any more, and each process has its last test at most."""
        left = (self._left(node) for node in self.nodes)
        return self._names is not None and not self._waiting and all(one < 2 for one in left)

    @property
    def has_pending(self) -> bool:
        """True if any test waits or runs."""
        return bool(self._waiting) or any(self._left(node) for node in self.nodes)

    def add_node(self, node: Any) -> None:
        """Take on a process."""
        self._running[node] = []

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Take note of what a process has collected: the same as the others."""
        self._collected[node] = list(collection)
        first = next(iter(self._collected.values()))
        if first != self._collected[node]:
            differ = sorted(set(first) ^ set(collection))[:5]
            message = f"two processes collected different tests, or in another order: {differ}"
            raise pytest.UsageError(message)

    def schedule(self) -> None:
        """Begin, or go on with a process that replaces another one."""
        if self._names is None:
            node, self._names = next(iter(self._collected.items()))
            self._waiting = self._batches(node.workerinput["workerid"])
        self._advance()

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Take note that a process is done with a test."""
        del duration
        for batch in self._running[node]:
            if item_index in batch.tests:
                batch.tests.remove(item_index)
        self._running[node] = [batch for batch in self._running[node] if batch.tests]
        self._advance()

    def remove_node(self, node: Any) -> str | None:
        """Let go of a process; if it died, return the test that it died of.

        That one has failed and does not run again. What it had not begun does.
        """
        left = self._running.pop(node)
        died_of = left[0].tests.pop(0) if left else None
        self._waiting = [batch for batch in left if batch.tests] + self._waiting
        self._waiting.sort(key=lambda batch: batch.turn)
        self._advance()
        return None if died_of is None else self._collected[node][died_of]

    def mark_test_pending(self, item: str) -> NoReturn:
        """Refuse: no test runs twice."""
        raise NotImplementedError(item)

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> NoReturn:
        """Refuse: nothing is taken from a process."""
        raise NotImplementedError(node, indices)

    # --- how it decides -------------------------------------------------------------------------

    def _left(self, node: Any) -> int:
        return sum(len(batch.tests) for batch in self._running[node])

    def _batches(self, worker: str) -> list[Batch]:
        """Group the tests, in the order in which they were collected."""
        turns = json.loads(Path(self._messages, worker).read_text(encoding="ascii"))
        found: dict[tuple[Turn, str], Batch] = {}
        for at, (name, number) in enumerate(zip(self._names or (), turns, strict=True)):
            when = Turn(number)
            found.setdefault((when, _batch(when, name)), Batch(when, [])).tests.append(at)
        return sorted(found.values(), key=lambda batch: batch.turn)

    def _advance(self) -> None:
        """Give work to all processes that are at their last test, or tell them there is none.

        One batch to each, and again to those that have too little of it.
        """
        while [node for node in self.nodes if self._wants_more(node) and self._give(node)]:
            pass

    def _wants_more(self, node: Any) -> bool:
        return node in self._collected and not node.shutting_down and self._left(node) < 2

    def _give(self, node: Any) -> bool:
        """Give a process its next batch; return False if there is none for it now.

        A process that could only wait for its turn leaves, unless it is the last one.
        """
        batch = next((one for one in self._waiting if self._may_run(one.turn, node)), None)
        if batch is not None:
            self._waiting.remove(batch)
            self._running[node].append(batch)
            node.send_runtest_some(list(batch.tests))
            return True
        staying = [other for other in self.nodes if other is not node and not other.shutting_down]
        if staying or not self._waiting:
            node.shutdown()
        return False

    def _may_run(self, when: Turn, node: Any) -> bool:
        """Return True if tests of this kind may run in a process beside what the others do."""
        others = [other for other in self.nodes if other is not node]
        beside = {batch.turn for other in others for batch in self._running[other]}
        match when:
            case Turn.ALONE:
                return not others
            case Turn.MACHINE:
                return not beside & {Turn.LAB, Turn.MACHINE}
            case Turn.LAB:
                return Turn.MACHINE not in beside
        return True


def _batch(when: Turn, name: str) -> str:
    """Name the batch that a test belongs to."""
    module = name.partition("::")[0]
    if when in (Turn.MACHINE, Turn.ALONE):
        return ""
    return name if module in SPREAD else module
