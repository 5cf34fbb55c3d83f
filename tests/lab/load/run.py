"""Asking all questions under all loads."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.lab.load.scene import limit, rows
from tests.lab.load.table import Counted, Question, count, not_right

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.lab.load.scene import Answers, Row
    from tests.lab.stage import Stage

LOADS = ("2", "0.5", "0.1", "0.08", "0.05", "busy")
"""The processors that a container may use, as for `--cpus`; last, a busy host."""
BUSY = 6
"""Processes of the host that do nothing but compute."""
_IDLE = 2
_SPIN = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000): pass
"""


@dataclass
class Run:
    """One run of the table: so many fresh processes each."""

    stage: Stage
    size: int
    loads: Sequence[str] = LOADS
    idle: dict[tuple[str, bool], dict[str, Any]] = field(default_factory=dict)
    """The answers of the idle machine, for the containers and for the host (True)."""

    def everything(self, image: str, wheel: Path | None = None) -> Iterator[Counted]:
        """Ask everything, and yield a row of the table after the other."""
        with rows(self.stage, image, wheel) as asked:
            for row in asked:
                yield from self._ask_idle(row)
            for load in self.loads:
                if load == LOADS[-1]:
                    yield from self._busy(asked)
                else:
                    yield from self._limited(asked, float(load))

    def _ask_idle(self, row: Row) -> Iterator[Counted]:
        """Ask while nobody else is at work; yield a row where even that is not right."""
        asked = {False: row.ask(self.stage, _IDLE)}
        if row.files is not None:
            asked[True] = row.ask_on_host(_IDLE)
        for on_host, answers in asked.items():
            idle = self.idle[row.name, on_host] = answers[0]
            who = row.who(self.stage, idle["after"])
            if (who == row.expected and row.up) or (idle["undecided"] and not row.up):
                load = "idle, host" if on_host else "idle"
                yield self._counted(row, load, answers, on_host=on_host)
            else:
                yield not_right(row.name, [{**one, "text": row.text} for one in answers])

    def _limited(self, asked: list[Row], cpus: float) -> Iterator[Counted]:
        """Ask in containers that may use so much: so many at once as there are processors."""

        def answers(row: Row) -> Answers:
            limit(row.box, cpus)
            try:
                return row.ask(self.stage, self.size)
            finally:
                limit(row.box, None)

        with ThreadPoolExecutor(max(1, int((os.cpu_count() or 1) / cpus))) as pool:
            said = list(pool.map(answers, asked))
        for row, these in zip(asked, said, strict=True):
            yield self._counted(row, f"--cpus {cpus:g}", these)

    def _busy(self, asked: list[Row]) -> Iterator[Counted]:
        """Ask while processes of the host compute: on the host itself where that can be asked."""
        with busy(BUSY):
            for row in asked:
                on_host = row.files is not None
                said = row.ask_on_host(self.size) if on_host else row.ask(self.stage, self.size)
                yield self._counted(row, f"host, {BUSY} busy", said, on_host=on_host)

    def _counted(self, row: Row, load: str, answers: Answers, *, on_host: bool = False) -> Counted:
        who = cache(lambda text: row.who(self.stage, text))
        told = ({**answer, "text": row.text} for answer in answers)
        idle = self.idle[row.name, on_host]
        return count(Question(row.name, idle, row.source, row.expected, who), load, told)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep the host's processors busy; they end with this process, however it ends."""
    words = [sys.executable, "-c", _SPIN, str(os.getpid())]
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen(words, stdin=subprocess.DEVNULL))
            stack.callback(process.kill)
        yield
