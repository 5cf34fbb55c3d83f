"""The gauntlet: 7 vantages x 10 spellings of 4 services, with all, some or no evidence at hand.

Every run prints its table: the cell, what was dialled, how it went, what decided.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.lab.gauntlet.asking import ask, bring, request
from tests.lab.gauntlet.project import socket_mount
from tests.lab.gauntlet.scene import Gauntlet, gauntlet
from tests.lab.gauntlet.spellings import (
    BARE,
    CELLS,
    COUNTS,
    FILE,
    FULL,
    PLAIN_COUNT,
    REACHABLE,
    SPELLINGS,
    Evidence,
    reachable,
)
from tests.lab.gauntlet.table import Run
from tests.lab.places import BRIDGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

NAMES_WHY = ("network", "publish", "reach")
"""One of these must stand in the reason for leaving alone what no address reaches."""


@pytest.fixture(scope="module")
def field(module_stage: Stage, app_image: str) -> Iterator[Gauntlet]:
    with gauntlet(module_stage, app_image) as made:
        yield made


class TestTheData:
    """What the spellings say must come to the figures that are known of this lab."""

    def test_reachable(self) -> None:
        assert len(CELLS) == 70
        assert sum(reachable(*cell) for cell in CELLS) == 62

    def test_plain(self) -> None:
        assert sum(place in way.plain for place, way in CELLS) == PLAIN_COUNT

    @pytest.mark.parametrize("evidence", COUNTS, ids=lambda one: one.name)
    def test_decidable(self, evidence: Evidence) -> None:
        assert sum(evidence.decidable(*cell) for cell in CELLS) == COUNTS[evidence]


class TestTheScene:
    """What the spellings say is true, seen by a client without hostshift."""

    def test_a_plain_client(self, field: Gauntlet, pytestconfig: pytest.Config) -> None:
        run = Run("plain client", None, field.run(None))
        _show(run, pytestconfig)
        assert run.having("right") == {cell for cell in CELLS if cell[0] in cell[1].plain}
        assert not run.having("wrong")

    def test_what_is_reachable_by_any_address(self, field: Gauntlet) -> None:
        asked = [(service, *way) for service in REACHABLE for way in _ways(field, service)]
        cells = [{"service": of, "text": text, "speaks": how} for of, text, how in asked]
        found: dict[str, set[str]] = {service: set() for service in REACHABLE}
        for place, answers in field.ask_everywhere(request(cells, plain=True)):
            for cell in answers:
                if cell["who"] == cell["service"]:
                    found[cell["service"]].add(place.name)
        expected = {of: {place.name for place in places} for of, places in REACHABLE.items()}
        assert found == expected


def _ways(field: Gauntlet, service: str) -> Iterator[tuple[str, str]]:
    """Yield every address at which a service could be, from anywhere."""
    facts = field.facts
    hosts = [
        "127.0.0.1",
        field.stage.gateway("bridge"),
        field.stage.gateway(field.project.network),
    ]
    if service == "host":
        yield from ((f"mongodb://{host}:{facts['host_port']}/", "mongodb") for host in hosts)
    if service == "db":
        inside = [f"{at}:{facts['db_port']}" for at in (facts["db_address"], "127.0.0.1")]
        outside = [f"{host}:{facts['published']}" for host in hosts]
        for at in (*inside, *outside):
            yield f"postgresql://app:s3cret@{at}/app", "postgresql"
    if service == "cache":
        for host in (*hosts, field.project.address("cache")):
            yield f"redis://{host}:{facts['cache_port']}/0", "redis"
    if service == "solo":
        for host in (*hosts, facts["solo_address"]):
            yield f"{host}:{facts['solo_port']}", "greeting"


# Decoys come last and stay: other servers on the same ports.
RUNS = [(evidence, decoys) for decoys in (False, True) for evidence in (FULL, FILE, BARE)]


def _name(given: object) -> str:
    return given.name if isinstance(given, Evidence) else ("decoys" if given else "alone")


class Runs:
    """What was run so far: each run once, for all tests that look at it."""

    def __init__(self, field: Gauntlet, stack: ExitStack) -> None:
        self._field, self._stack = field, stack
        self._done: dict[tuple[Evidence, bool], Run] = {}
        self._decoys = False

    def get(self, evidence: Evidence, decoys: bool, pytestconfig: pytest.Config) -> Run:
        if (evidence, decoys) not in self._done:
            assert decoys or not self._decoys, "decoys come last"
            if decoys and not self._decoys:
                self._stack.enter_context(self._field.decoys())
                self._decoys = True
            title = evidence.description + (", with decoys" if decoys else "")
            self._done[evidence, decoys] = Run(title, evidence, self._field.run(evidence))
            _show(self._done[evidence, decoys], pytestconfig)
        return self._done[evidence, decoys]


@pytest.fixture(scope="module")
def runs(field: Gauntlet) -> Iterator[Runs]:
    with ExitStack() as stack:
        yield Runs(field, stack)


@pytest.fixture
def run(request: pytest.FixtureRequest, runs: Runs, pytestconfig: pytest.Config) -> Run:
    evidence, decoys = request.param
    return runs.get(evidence, decoys, pytestconfig)


class TestHostshift:
    """Every cell that can be decided is right, and none ever reaches another server."""

    each = pytest.mark.parametrize(
        "run", RUNS, ids=lambda one: "-".join(map(_name, one)), indirect=True
    )

    @each
    def test_every_decidable_cell_is_right(self, run: Run) -> None:
        decidable = {cell for cell in CELLS if run.decidable(cell)}
        missed = [run.told(cell) for cell in CELLS if cell in decidable - run.having("right")]
        assert not missed, "\n".join(missed)

    @each
    def test_never_a_wrong_server(self, run: Run) -> None:
        wrong = [run.told(cell) for cell in CELLS if cell in run.having("wrong")]
        assert not wrong, "\n".join(wrong)

    @each
    def test_what_cannot_be_decided_is_left_alone(self, run: Run) -> None:
        astray = [run.told(cell) for cell in CELLS if cell in run.having("astray")]
        assert not astray, "\n".join(astray)
        assert all(run.cells[cell]["reason"] for cell in run.having("left alone"))

    @pytest.mark.parametrize("run", [(FULL, False)], ids=["full-alone"], indirect=True)
    def test_what_no_address_reaches_is_left_alone_with_the_reason(self, run: Run) -> None:
        for cell in (cell for cell in CELLS if not reachable(*cell)):
            assert run.result(cell) == "left alone", run.told(cell)
            (decision,) = run.cells[cell]["decisions"]
            said = decision["reason"].lower()
            assert any(word in said for word in NAMES_WHY), run.told(cell)


class TestDevcontainer:
    """A developer's container: on the default bridge, the socket mounted, not root."""

    WORKSPACE = "/workspaces/shop"

    @pytest.fixture
    def inside(self, field: Gauntlet) -> Container:
        group = Path(field.stage.engine.url.removeprefix("unix://")).stat().st_gid
        made = field.stage.start(
            "devcontainer",
            field.image,
            ["sleep", "infinity"],
            user=f"1000:{group}",
            volumes=[socket_mount(field.stage)],
            environment={"REMOTE_CONTAINERS": "true", "HOME": "/tmp"},
        )
        bring(made, field.project.files, self.WORKSPACE)
        # There the files are the developer's own.
        made.exec_run(["chown", "-R", "1000", "/workspaces"], user="root")
        return made

    def test_it_is_as_good_as_on_the_bridge(
        self, field: Gauntlet, inside: Container, pytestconfig: pytest.Config
    ) -> None:
        asked = request(field.cells())
        answers = ask(field.stage, inside, asked, directory=self.WORKSPACE)
        ways = [(BRIDGE, way) for way in SPELLINGS]
        run = Run("devcontainer", FULL, dict(zip(ways, answers, strict=True)))
        _show(run, pytestconfig)
        told = "\n".join(run.told(cell) for cell in ways)
        assert run.having("right") == {cell for cell in ways if reachable(*cell)}, told
        assert run.having("left alone") == {cell for cell in ways if not reachable(*cell)}, told


def _show(run: Run, config: pytest.Config) -> None:
    """Show the table: it is what this test is for."""
    tables.add(config, "gauntlet", ["", *run.lines()])
