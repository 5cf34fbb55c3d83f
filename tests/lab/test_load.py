"""Answers do not depend on how busy the machine is.

`LAB_LOAD` is the number of fresh processes for each row of the table. By default it is 2, which
takes about a minute and a half; 60 take a quarter of an hour and more.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import tables
from tests.lab.containers import WORK, copy_into
from tests.lab.gauntlet import name_server
from tests.lab.gauntlet.project import Project, postgres
from tests.lab.load import table, threads
from tests.lab.load.run import Run
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

SIZE = int(os.environ.get("LAB_LOAD", "2"))
THREADS = 200
MOST_LOOKING = 8
MILLISECONDS = 4
_SLEEP = ["sleep", "infinity"]


@pytest.mark.alone
def test_a_busy_machine_gives_the_idle_answer_or_says_who_was_late(
    stage: Stage, app_image: str, pytestconfig: pytest.Config
) -> None:
    """Five questions under six loads, in fresh processes."""
    counted = list(Run(stage, SIZE).everything(app_image))
    lines = list(table.lines(counted))
    tables.add(pytestconfig, "fresh processes on a busy machine", lines)
    told = "\n".join(lines)
    assert not sum(one.kinds["wrong"] for one in counted), told
    assert not sum(one.known for one in counted), told
    assert not sum(one.kinds["other"] for one in counted), told


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def box(module_stage: Stage, app_image: str, port: int) -> Container:
    """Start a client with a compose file of 200 services, whose names that server knows."""
    stage = module_stage
    address = stage.address(stage.serve("any", "store", app_image, port=port))
    server = stage.start("names", app_image, _SLEEP)
    _copy(server, name_server.__file__)
    names = [f"store{at}={address}" for at in range(THREADS)]
    words = ["python", f"{WORK}/name_server.py", str(MILLISECONDS), *names]
    server.exec_run(words, detach=True)
    box = stage.start("threads", app_image, _SLEEP, dns=[stage.address(server)])
    services = {
        f"store{at}": postgres(app_image, port, "store", ports=[f"{published(at)}:{port}"])
        for at in range(THREADS)
    }
    copy_into(box, Project(stage, "stores", services).files)
    _copy(box, threads.__file__)
    waiting = "until getent hosts store0; do sleep 0.05; done"
    assert stage.exec(box, ["sh", "-c", waiting], timeout=10).code == 0
    return box


@pytest.mark.alone
class TestManyThreads:
    """200 threads of one process, and a name server that answers after 4 ms."""

    def test_all_get_the_same_answer(self, module_stage: Stage, box: Container, port: int) -> None:
        """All ask the same: one answer, and few threads that look it up."""
        asked = f"postgresql://app:s3cret@localhost:{published(3)}/app"
        told = _ask(module_stage, box, [asked])
        ((*answer, count),) = told["answers"]
        assert (answer[1], answer[2], count) == (expected(3, port), False, THREADS)
        assert told["most"] <= MOST_LOOKING

    def test_each_gets_the_right_answer(
        self, module_stage: Stage, box: Container, port: int
    ) -> None:
        """All ask something else: what was looked up for one is not too late for another."""
        asked = [f"postgresql://app:s3cret@localhost:{published(at)}/app" for at in range(THREADS)]
        told = _ask(module_stage, box, asked)
        found = {before: (after, undecided) for before, after, undecided, *_ in told["answers"]}
        assert found == {text: (expected(at, port), False) for at, text in enumerate(asked)}
        assert told["most"] <= MOST_LOOKING


def published(at: int) -> int:
    """Return the port that a service of the file is published on; nothing is, in truth."""
    return 16_000 + at


def expected(at: int, port: int) -> str:
    """Return the right answer: its name is answered on a network of the client."""
    return f"postgresql://app:s3cret@store{at}:{port}/app"


def _copy(container: Container, program: str) -> None:
    copy_into(container, {Path(program).name: Path(program).read_text(encoding="utf-8")})


def _ask(stage: Stage, box: Container, texts: list[str]) -> Any:
    said = stage.exec(box, ["python", f"{WORK}/threads.py", str(THREADS), *texts])
    assert said.code == 0, said.stderr
    return json.loads(said.stdout)
