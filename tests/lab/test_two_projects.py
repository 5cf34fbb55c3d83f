"""Two projects have services of the same names: a string of one never leads to the other's."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.containers import copy_into
from tests.lab.gauntlet.asking import Answers, Process, ask, bring, request
from tests.lab.gauntlet.pair import EVIDENCE, ROOT, Pair
from tests.lab.gauntlet.project import Project, postgres, socket_mount
from tests.lab.places import HOST_NETWORK, Scene
from tests.lab.situations.grounds import Grounds, must, need
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

_SLEEP = ["sleep", "infinity"]
TIMES = 4
"""The engine's name server gives the addresses of a name in turn."""


def stays_undecided(found: Mapping[str, Any]) -> bool:
    """Return True if nothing was changed and the answer says that it is not certain."""
    (decision,) = found["decisions"]
    return bool(found["after"] == found["text"] and decision["undecided"])


@pytest.fixture(scope="module")
def on_one(module_stage: Stage, app_image: str) -> Pair:
    return Pair(module_stage, app_image, module_stage.network("one"), ["shared"])


TELLING = tuple(evidence for evidence in EVIDENCE if evidence != "dns")
"""What tells the projects apart. On an external network the names that a name server gives do
not say which project is mine: that is a network of no project."""


class TestBothOnOneNetwork:
    """Both projects are on one external network and nowhere else."""

    def test_a_name_server_alone_leaves_the_string_and_knows_nothing(self, on_one: Pair) -> None:
        for found in on_one.ask("dns", on_one.by_name(), policies=[{}] * TIMES):
            (decision,) = found["decisions"]
            assert found["after"] == found["text"], found
            assert decision["certainty"] != "known", found

    @pytest.mark.parametrize("evidence", TELLING)
    def test_while_both_run_mine_is_meant(self, on_one: Pair, evidence: str) -> None:
        """With an engine that tells them apart, it is reached each time; else never the other."""
        for found in on_one.ask(evidence, on_one.by_name(), policies=[{}] * TIMES):
            if "engine" in evidence or not stays_undecided(found):
                assert found["who"] == found["service"], found

    @pytest.mark.parametrize("evidence", TELLING)
    def test_while_both_run_an_integration_connects_to_mine(
        self, on_one: Pair, evidence: str
    ) -> None:
        for found in on_one.dial(evidence, on_one.by_name(plugs=True) * TIMES):
            allowed = (found["service"],) if "engine" in evidence else (found["service"], None)
            assert found["who"] in allowed, (found["who"], found["error"], found)

    def test_mine_stops_and_comes_back_while_a_process_goes_on(self, on_one: Pair) -> None:
        """Nobody is dialled in its place, and it is found again. Then it stops for good."""
        process = Process(on_one.stage, on_one.mine.container("operator"), ROOT).start()
        asked = request(on_one.by_name(plugs=True), plain=True)

        def check_mine() -> None:
            for found in process.ask(asked, timeout=60):
                assert found["who"] == found["service"], (found["service"], found["error"])

        check_mine()
        for name in on_one.names:
            on_one.mine.stop(name)
        for _ in range(2):
            for found in process.ask(asked, timeout=60):
                assert found["who"] is None, repr(found)
        on_one.mine.up(*on_one.names)
        on_one.wait(on_one.mine)
        check_mine()

    @pytest.mark.parametrize("evidence", TELLING)
    def test_while_mine_is_down_the_string_stays(self, on_one: Pair, evidence: str) -> None:
        """The reason names both projects, and no integration connects to the other one."""
        for name in on_one.names:
            on_one.mine.stop(name)
        for found in on_one.ask(evidence, on_one.by_name()):
            assert stays_undecided(found), found
            if "engine" in evidence:
                assert on_one.mine.name in found["reason"], found
                assert on_one.theirs.name in found["reason"], found
        for found in on_one.dial(evidence, on_one.by_name(plugs=True)):
            assert found["who"] is None, repr(found)

    def test_while_mine_is_down_strict_raises(self, on_one: Pair) -> None:
        operator = on_one.mine.container("operator")
        strict = {"HOSTSHIFT_STRICT": "1"}
        for cell in on_one.by_name():
            words = ["hostshift", "resolve", cell["text"]]
            said = on_one.stage.exec(operator, words, environment=strict, working_dir=ROOT)
            assert (said.code != 0, said.stdout) == (True, ""), said


@pytest.fixture(scope="module")
def on_two(module_stage: Stage, app_image: str) -> Pair:
    return Pair(module_stage, app_image, module_stage.network("two"), ["default"])


class TestOwnNetworkAndASharedOne:
    """My services are on my own network. My client is also on one where the other project is."""

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_a_port_that_mine_publishes_is_mine(self, on_two: Pair, evidence: str) -> None:
        """A password must not go to the other one because it answers to the same name."""
        for found in on_two.ask(evidence, on_two.by_port(), policies=[{}] * TIMES):
            if "engine" in evidence or not stays_undecided(found):
                assert found["who"] == found["service"], found

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_an_integration_connects_to_mine(self, on_two: Pair, evidence: str) -> None:
        for found in on_two.dial(evidence, on_two.by_port(plugs=True) * TIMES):
            allowed = (found["service"],) if "engine" in evidence else (found["service"], None)
            assert found["who"] in allowed, (found["who"], found["error"], found)

    @pytest.mark.parametrize("evidence", EVIDENCE)
    def test_the_name_that_both_answer_to(self, on_two: Pair, evidence: str) -> None:
        """On one network it is mine, on the other the other's."""
        for found in on_two.ask(evidence, on_two.by_name(), policies=[{}] * TIMES):
            if "engine" in evidence or not stays_undecided(found):
                assert found["who"] == found["service"], found
        for found in on_two.dial(evidence, on_two.by_name(plugs=True)):
            assert found["who"] in (found["service"], None), found


class Case(NamedTuple):
    """What was done to a compose file, and who asks."""

    command: str = "true"
    old: str = ""
    new: str = ""
    user: str = ""


class Down:
    """My project is down, and another one runs and publishes a service of the same name."""

    def __init__(self, stage: Stage, image: str) -> None:
        self.stage, self.image, self.port = stage, image, free_port()
        theirs = postgres(image, self.port, "theirs", ports=[f"{free_port()}:{self.port}"])
        self.theirs = Project(stage, f"theirs{stage.session}", {"books": theirs})
        self.theirs.up()
        stage.wait(self.theirs.container("books"), self.port)
        mine = postgres(image, self.port, "mine", ports=[f"{free_port()}:{self.port}"])
        self.mine = Project(stage, f"mine{stage.session}", {"books": mine})
        self.boxes = {user: self._box(user) for user in ("", "1000")}

    def _box(self, user: str) -> Container:
        """Start a client that may ask the engine, and may not read what only root may."""
        group = Path(self.stage.engine.url.removeprefix("unix://")).stat().st_gid
        more: Any = {"user": f"{user}:{group}", "environment": {"HOME": "/tmp"}} if user else {}
        volumes = [socket_mount(self.stage)]
        options = Scene(self.stage, self.image).options(HOST_NETWORK, volumes=volumes, **more)
        made = self.stage.start(f"box{user}", self.image, _SLEEP, **options)
        bring(made)
        return made

    def cell(self, *, plug: bool = False) -> dict[str, str]:
        scheme, speaks = ("postgresql+psycopg", "sqlalchemy") if plug else ("postgresql",) * 2
        text = f"{scheme}://app:s3cret@books:{self.port}/app"
        return {"text": text, "speaks": speaks}

    def ask(self, case: Case, **more: Any) -> Answers:
        """Ask where the working directory has my compose file, once that was done to it."""
        box, files = self.boxes[case.user], self.mine.files
        text = files["compose.yaml"]
        assert case.old in text
        box.exec_run(["rm", "-rf", ROOT], user="root")
        copy_into(
            box, {**files, "compose.yaml": text.replace(case.old or text, case.new or text)}, ROOT
        )
        done = box.exec_run(["sh", "-ec", case.command], user="root", workdir=ROOT)
        assert done.exit_code == 0, done.output
        return ask(self.stage, box, request([self.cell(**more)], plain=bool(more)), directory=ROOT)


@pytest.fixture(scope="module")
def down(module_stage: Stage, app_image: str) -> Down:
    return Down(module_stage, app_image)


UNHELPFUL = {
    "a group that others are in may write": Case("chgrp 1000 compose.yaml; chmod 664 compose.yaml"),
    "the owner's own group may write": Case("chmod 664 compose.yaml"),
    "everybody may write": Case("chmod 666 compose.yaml"),
    "only another user may read": Case(
        "chown -R 1000 .; chown 0 compose.yaml; chmod 600 compose.yaml", user="1000"
    ),
    "broken": Case("echo ']' >> compose.yaml"),
    "empty": Case(": > compose.yaml"),
    "no YAML at all": Case("head -c 300 /bin/true > compose.yaml"),
    "a required variable is not set": Case(old='"mine"', new='"${BOOKS_PASSWORD:?}"'),
    "it includes a file that is missing": Case(
        old='"services"', new='"include": ["parts.yaml"], "services"'
    ),
}
"""Compose files that say little or nothing of my project."""


@pytest.mark.parametrize("case", UNHELPFUL)
def test_my_project_is_down_and_its_file_is_no_help(down: Down, case: str) -> None:
    """That the file cannot be used is no proof that I have no such service."""
    done = UNHELPFUL[case]
    (found,) = down.ask(done)
    assert stays_undecided(found), found
    assert found["who"] is None, found
    assert "compose" in found["reason"] or down.mine.name in found["reason"], found
    (dialled,) = down.ask(done, plug=True)
    assert dialled["who"] is None, dialled


def test_my_project_is_down_and_its_file_is_fine(down: Down) -> None:
    """The engine shows no container of mine: the other project's is not meant all the same."""
    (found,) = down.ask(Case())
    assert found["after"] == found["text"], found
    assert found["who"] is None, found
    (dialled,) = down.ask(Case(), plug=True)
    assert dialled["who"] is None, dialled


@contextmanager
def restarting(container: Container) -> Iterator[None]:
    """Have a container that is restarted again and again."""
    over = threading.Event()

    def again() -> None:
        while not over.wait(0.3):
            container.restart(timeout=0)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_service_of_mine_that_restarts_all_the_time(stage: Stage, app_image: str) -> None:
    """Whether it runs just now does not change who is meant."""
    pair = Pair(stage, app_image, stage.network("three"), ["default", "shared"], names=["db"])
    process = Process(stage, pair.mine.container("operator")).start()
    asked = request([*pair.by_name(plugs=True), *pair.by_port(plugs=True)], plain=True)
    with restarting(pair.mine.container("db")):
        for evidence in ("engine", "engine+file"):
            cells = [*pair.by_name(), *pair.by_port()]
            for found in pair.ask(evidence, cells, policies=[{}] * TIMES):
                assert found["who"] in ("db", None) or stays_undecided(found), found
                assert str(pair.rivals["db"]) not in found["after"], found
        for _ in range(TIMES):
            for found in process.ask(asked, timeout=60):
                assert found["who"] in ("db", None), found


@contextmanager
def office(address: str, device: str) -> Iterator[None]:
    """Have a bridge that no engine made, and on it a host whose server does not run."""
    inside = f"{device}x"
    with ExitStack() as stack:

        def made(words: str, undo: str) -> None:
            must(["ip", *words.split()])
            stack.callback(must, ["ip", *undo.split()])

        made(f"link add {device} type bridge", f"link delete {device}")
        made(f"netns add {device}", f"netns delete {device}")
        for words in (
            f"address add {address.rpartition('.')[0]}.1/24 dev {device}",
            f"link set {device} up",
            f"link add {inside} type veth peer name eth0 netns {device}",
            f"link set {inside} master {device} up",
            f"-n {device} address add {address}/24 dev eth0",
            f"-n {device} link set eth0 up",
        ):
            must(["ip", *words.split()])
        yield


def test_a_host_of_the_office_whose_server_is_off(stage: Stage, app_image: str) -> None:
    """Its name leads to a bridge that no engine made: no container of that name is meant."""
    need("ip", packages=["iproute2"])
    theirs, grounds = Down(stage, app_image), Grounds(stage, app_image)
    address = "10.199.7.9"
    with closing(grounds), office(address, grounds.device("lan")):
        more: Any = {"extra_hosts": {"books": address}, "volumes": [socket_mount(stage)]}
        options = Scene(stage, app_image).options(HOST_NETWORK, **more)
        box = stage.start("office", app_image, _SLEEP, **options)
        bring(box)
        for found in ask(stage, box, request([theirs.cell()])):
            assert found["after"] == found["text"], found
            assert found["who"] is None, repr(found)
        (dialled,) = ask(stage, box, request([theirs.cell(plug=True)], plain=True))
        assert dialled["who"] is None, dialled
