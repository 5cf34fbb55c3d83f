"""Signs of a compose project that no source describes: they take a proof away."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from hostshift import Policy, discovery, routing
from hostshift.discovery import (
    Container,
    Membership,
    Publication,
    Service,
    Topology,
    unread_projects,
)
from hostshift.discovery.compose import yaml_events
from hostshift.routing.model import Decision, RouteRequest
from hostshift.testing import PLACES
from tests.unit import compose_cases
from tests.unit.compose_cases import oracle
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.document import Document

TEXTS = [
    ("services:\n  db:\n    image: x\n", True),
    ("services: {db: {'build' : .}}\n", True),
    ('{"services": {"db": {"image": "x"}}}\n', True),
    ("name: x\ninclude: [a.yaml]\nx-a: {b: c}\n", True),
    ("services:\n  App\\Provider\\Image:\n    class: x\n", False),
    ("include: [a.yaml]\nstages: [a]\n", False),
    ("a: services, with an image\n", False),
]
"""Texts of YAML files, and whether they describe services."""
IMAGE = "services:\n  store:\n    image: redis\n"


def _other(published: int, **more: Any) -> Service:
    """Give the `store` of another project, which is published."""
    on = Membership(network="pad_default", names=("store",), addresses=("172.19.0.42",))
    out = Publication(port=6379, published=published)
    held = Container(name="pad-store-1", memberships=(on,), publications=(out,))
    given = {"certainty": "known", "source": "engine", **more}
    return Service(service="store", project="pad", containers=(held,), **given)


def _decide(around: Topology) -> Decision:
    asked = RouteRequest(
        host="store", port=6379, vantage=PLACES["host"], protocol="redis", policy=Policy()
    )
    return routing.decide(asked, FakeLook(known=around))


class TestSignsOfAProject:
    """What compose would not find by itself, and yet may describe a project of mine."""

    @pytest.fixture(autouse=True)
    def _root(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").touch()

    def _signs(self, at: Path, *known: Path, **environ: str) -> tuple[str, ...]:
        with contextlib.chdir(at):
            return unread_projects.find(environ, set(map(str, known)), described=bool(known))

    def _signs_for_nobody(self, at: Path, top: Path) -> tuple[str, ...]:
        """Return what another user finds, who may pass through the directories above."""
        for place in (top, *top.parents[:3]):
            if place != at:
                place.chmod(0o755)
        with contextlib.chdir(at):
            os.seteuid(65534)
            try:
                return unread_projects.find({}, (), described=False)
            finally:
                os.seteuid(0)

    @pytest.mark.parametrize(
        "name",
        [
            *("docker-compose.dev.yml", "stack.yml", "docker-stack.yaml", "dev.compose.yaml"),
            *("deploy/compose.yaml", ".devcontainer/docker-compose.yml", "docker/compose.dev.yml"),
            *("compose.json", "tests/docker-compose.yml", "docker/dev/docker-compose.yml"),
            *("backend/compose.yml", "compose/local/compose.yml", "a/b/c/compose.yaml"),
        ],
    )
    @pytest.mark.parametrize("below", ["", "src/app", "src/a/b/c/d"])
    def test_a_file_that_is_named_to_compose(self, tmp_path: Path, name: str, below: str) -> None:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch()
        (tmp_path / below).mkdir(parents=True, exist_ok=True)
        assert self._signs(tmp_path / below) == (str(file),)

    @pytest.mark.parametrize(
        ("name", "text", "sign"),
        [
            pytest.param("local.yml", IMAGE, True, id="local.yml"),
            pytest.param("docker/local.yaml", IMAGE, True, id="docker/local.yaml"),
            pytest.param("local.yml", '"services":\n  "a":\n    "build": .\n', True, id="quoted"),
            pytest.param("local.yml", f"x-a: &a\n  b: c\n{IMAGE}", True, id="after others"),
            pytest.param("a.yml", "services:\n  s: {image: x}\n", True, id="flow style"),
            pytest.param("a.yml", "{services: {s: {build: {context: .}}}}", True, id="all flow"),
            pytest.param(
                "a.yml", "x-b: &b {image: x}\nservices: {s: *b}", True, id="an anchor's service"
            ),
            pytest.param("a.yml", f"\ufeff{IMAGE}", True, id="byte order mark"),
            pytest.param("a.yml", "? services\n: {s: {image: x}}\n", True, id="explicit key"),
            pytest.param("a.yml", f"# {'x' * 100_000}\n{IMAGE}", True, id="long comment"),
            pytest.param("a.yml", f"# {'x' * 5_000_000}\n", True, id="longer than is read"),
            pytest.param("a.yml", "include: [other.yaml]\n", True, id="includes"),
            pytest.param("a.yml", "services: {s: {image: {{ image }}}}\n", True, id="a template"),
            pytest.param("a.yml", "services: {s: {extends: {service: b}}}\n", True, id="extends"),
            pytest.param("a.yml", "include: other.yml\n", False, id="GitLab's include"),
            pytest.param(
                ".gitlab-ci.yml",
                "include: [/a.yml]\nstages: [b]\n",
                False,
                id="GitLab list",
            ),
            pytest.param("a.yml", "x-a: 1\nname: s\ninclude: [a.yaml]\n", True, id="only includes"),
            pytest.param(
                "a.yml", "services: {s: {extends: {{ base }}}}\n", True, id="a template of extends"
            ),
            pytest.param("a.yml", "jobs: {services: {image: x}}\n", False, id="below"),
            pytest.param("a.yml", "services: [image]\n", False, id="a list"),
            pytest.param("services.yaml", "services:\n  App: ~\n", False, id="Symfony's"),
            pytest.param("ci.yml", "a:\n  services:\n    image: b\n", False, id="CI's"),
            pytest.param("notes.txt", IMAGE, False, id="no YAML"),
            pytest.param("node_modules/a/local.yml", IMAGE, False, id="other people's"),
            pytest.param(".cache/compose.yaml", IMAGE, False, id="hidden"),
        ],
    )
    def test_a_file_of_another_name(self, tmp_path: Path, name: str, text: str, sign: bool) -> None:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text, encoding="utf-8")
        assert self._signs(tmp_path) == ((str(file),) if sign else ())

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
    def test_a_file_that_this_user_may_not_read(self, tmp_path: Path) -> None:
        file = tmp_path / "local.yml"
        file.write_text(IMAGE, encoding="utf-8")
        file.chmod(0o600)
        for directory in (tmp_path, *tmp_path.parents[:-2]):
            directory.chmod(0o755)
        os.seteuid(65534)
        try:
            assert self._signs(tmp_path) == (str(file),)
        finally:
            os.seteuid(0)

    def test_the_time_for_such_files_is_bounded(self, tmp_path: Path) -> None:
        for number in range(40):
            text = "services:\n" + "".join(f"  a{n}: {{b: image}}\n" for n in range(20_000))
            (tmp_path / f"{number}.yml").write_text(text, encoding="utf-8")
        began = time.thread_time()
        assert self._signs(tmp_path)
        assert time.thread_time() - began < 3  # half a second, and one step

    def test_what_was_read_is_none(self, tmp_path: Path) -> None:
        read, other = tmp_path / "compose.yaml", tmp_path / "compose.dev.yaml"
        for file in (read, other):
            file.touch()
        assert self._signs(tmp_path, read, other) == ()
        assert self._signs(tmp_path, read) == (str(other),)
        below = tmp_path / "below"
        below.mkdir()
        own = below / "compose.yaml"
        own.touch()
        assert self._signs(below, own) == (str(other), str(read))

    def test_without_a_root_only_the_usual_places_count(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").unlink()
        for name in ("deploy", "other"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "compose.yaml").touch()
        assert self._signs(tmp_path) == (str(tmp_path / "deploy" / "compose.yaml"),)

    def test_a_tree_that_is_too_large_is_a_sign_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(20):
            (tmp_path / f"{number}.txt").touch()
        assert self._signs(tmp_path) == ()
        monkeypatch.setattr(unread_projects, "MOST_ENTRIES", 20)
        assert self._signs(tmp_path) == (str(tmp_path),)

    def test_so_is_a_file_after_too_many(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            (tmp_path / f"{number}.yml").touch()
        assert self._signs(tmp_path) == ()
        monkeypatch.setattr(unread_projects, "MOST_FILES", 2)
        assert self._signs(tmp_path) == (str(tmp_path / "2.yml"),)

    def test_and_one_after_too_many_bytes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            (tmp_path / f"{number}.yml").write_text("a: b" * 100, encoding="utf-8")
        assert self._signs(tmp_path) == ()
        monkeypatch.setattr(unread_projects, "MOST_READ", 500)
        assert self._signs(tmp_path) == (str(tmp_path / "2.yml"),)

    def test_links_in_circles(self, tmp_path: Path) -> None:
        (tmp_path / "again").symlink_to(tmp_path)
        (tmp_path / "compose.yaml").symlink_to(tmp_path / "compose.yaml")
        assert self._signs(tmp_path) == ()
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev" / "compose.yaml").touch()
        assert self._signs(tmp_path) == (str(tmp_path / "dev" / "compose.yaml"),)

    def test_variables(self, tmp_path: Path) -> None:
        assert self._signs(tmp_path) == ()
        assert self._signs(tmp_path, COMPOSE_PROJECT_NAME="ink") == ("COMPOSE_PROJECT_NAME",)
        (tmp_path / ".env").write_text("A=b\nCOMPOSE_PROJECT_NAME=ink\n", encoding="utf-8")
        below = tmp_path / "below"
        below.mkdir()
        assert self._signs(below) == (str(tmp_path / ".env"),)
        assert self._signs(below, tmp_path / "compose.yaml", COMPOSE_FILE="compose.yaml") == ()

    @pytest.mark.parametrize(("mode", "sign"), [(0o644, False), (0o666, True)])
    def test_a_file_of_variables_that_is_not_believed(
        self, tmp_path: Path, mode: int, sign: bool
    ) -> None:
        file = tmp_path / ".env"
        file.write_text("A=b\n", encoding="utf-8")
        file.chmod(mode)
        assert self._signs(tmp_path) == ((str(file),) if sign else ())

    @pytest.mark.parametrize(("text", "sign"), TEXTS)
    @pytest.mark.parametrize("mode", [0o644, 0o664, 0o666])
    def test_a_file_that_others_may_write_is_not_parsed(
        self, tmp_path: Path, text: str, sign: bool, mode: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parsed: list[str] = []
        documents = yaml_events.documents

        def noted(data: bytes, path: str, budget: Budget) -> list[Document]:
            parsed.append(path)
            return documents(data, path, budget)

        monkeypatch.setattr(yaml_events, "documents", noted)
        file = tmp_path / "notes.yml"
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        if mode == 0o664:
            if os.geteuid() != 0:
                pytest.skip("only root gives a file to a group that it is not in")
            os.chown(file, -1, 54321)
        assert self._signs(tmp_path) == ((str(file),) if sign else ())
        assert bool(parsed) is (mode == 0o644)

    def test_a_file_with_many_directives_takes_no_time(self, tmp_path: Path) -> None:
        tags = "".join(f"%TAG !a{n}! x\n" for n in range(200_000))
        (tmp_path / "notes.yml").write_text(f"{tags}---\nservices: {{}}\n", encoding="utf-8")
        for mode in (0o644, 0o666):
            (tmp_path / "notes.yml").chmod(mode)
            began = time.process_time()
            assert self._signs(tmp_path) == ()
            assert time.process_time() - began < 2

    @pytest.mark.parametrize("name", ["composer.yaml", "my-stackoverflow.yml", "compose.txt"])
    def test_what_is_none(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert self._signs(tmp_path) == ()

    @pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
    @pytest.mark.parametrize("mode", [0o711, 0o700])
    def test_a_directory_that_this_user_may_not_list(self, tmp_path: Path, mode: int) -> None:
        """A file in it may describe my services, as one that was listed does."""
        (tmp_path / "compose.dev.yaml").touch()
        (tmp_path / "below").mkdir()
        tmp_path.chmod(mode)
        signs = self._signs_for_nobody(tmp_path, tmp_path)
        assert signs == (
            str(tmp_path) if mode == 0o711 else "a working directory that cannot be searched",
        )

    @pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
    def test_a_dotenv_that_leads_to_where_this_user_may_not_look(self, tmp_path: Path) -> None:
        closed, below = tmp_path / "closed", tmp_path / "below"
        closed.mkdir(mode=0o700)
        (closed / "env").touch()
        below.mkdir()
        (tmp_path / ".env").symlink_to(closed / "env")
        assert str(tmp_path / ".env") in self._signs_for_nobody(below, tmp_path)

    @pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
    @pytest.mark.parametrize("at", [".", "deploy", "a/b"])
    def test_a_directory_that_cannot_be_listed_now(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: str
    ) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "deploy").mkdir()
        real = os.scandir

        def scandir(place: str) -> object:
            if os.path.realpath(place) == os.path.realpath(tmp_path / at):
                raise OSError(number, os.strerror(number))
            return real(place)

        assert self._signs(tmp_path) == ()
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", scandir)
            assert self._signs(tmp_path) == (str(tmp_path / at),)

    def test_a_working_directory_that_is_gone(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        with contextlib.chdir(gone):
            gone.rmdir()
            (sign,) = unread_projects.find({}, (), described=False)
            os.chdir(tmp_path)  # chdir() goes back to a directory that is there
        assert "cannot be searched" in sign

    @pytest.mark.parametrize("project", [None, "pad"])
    def test_a_name_server_that_cannot_say_hides_what_the_name_means(
        self, project: str | None
    ) -> None:
        """As it is written, the name may lead to a server that is meant. Mine is meant anyway."""
        around = Topology(services=(_other(21418),), project=project, listed=bool(project))
        asked = RouteRequest(
            host="store", port=6379, vantage=PLACES["host"], protocol="redis", policy=Policy()
        )
        silent = routing.decide(asked, FakeLook(known=around, names={"store": None}))
        assert silent.undecided is (project is None)
        assert ("the name server could not say" in silent.reason) is (project is None)
        assert not routing.decide(asked, FakeLook(known=around, names={})).undecided

    @pytest.mark.parametrize("project", [None, "ink"])
    def test_anothers_service_is_not_taken(self, project: str | None) -> None:
        other = _other(21418, config_files=("/srv/own.yaml",))
        for signs, undecided in (
            ((), False),
            (("/srv/own.yaml",), False),
            (("/srv/own.yaml", "/srv/local.yml"), True),
        ):
            around = Topology(services=(other,), project=project, listed=bool(project), hints=signs)
            decision = _decide(around)
            assert decision.undecided is undecided
            assert ("/srv/local.yml is a sign" in decision.reason) is undecided


@pytest.mark.parametrize("sign", ["/srv/\x1b[2J\x1b[Hok-compose.yaml", "/srv/a\nb/compose.yaml"])
def test_a_sign_that_another_user_named_is_shown_without_line_ends_and_escapes(sign: str) -> None:
    decision = _decide(Topology(services=(_other(6380),), hints=(sign,)))
    assert not decision.changed
    assert "is a sign of one" in decision.reason
    assert decision.reason.isprintable()


class TestWhatIsLookedFor:
    """Signs count whatever the sources are, and whichever file was named."""

    @pytest.fixture
    def asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Topology]:
        other = Topology(services=(_other(21419),), engine="/run/e.sock")
        monkeypatch.setattr(discovery, "_engine", lambda *_: other)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "pyproject.toml").touch()

        def look(**policy: Any) -> Topology:
            return discovery.discover(
                Policy(**policy), PLACES["host"], compose_cases.plenty(), lambda _: ()
            )

        return look

    def _undecided(self, around: Topology) -> bool:
        return _decide(around).undecided

    @pytest.mark.parametrize(
        "sources", [("engine",), ("engine", "saved"), ("dns", "engine"), ("engine", "compose")]
    )
    def test_a_source_that_is_left_out_proves_nothing(
        self, tmp_path: Path, asked: Callable[..., Topology], sources: Any
    ) -> None:
        assert not self._undecided(asked(sources=sources))
        (tmp_path / "compose.yaml").write_text(IMAGE, encoding="utf-8")
        assert self._undecided(asked(sources=sources))

    @pytest.mark.parametrize("beside", ["compose.yaml", "compose.dev.yaml", "deploy/compose.yaml"])
    def test_a_saved_topology_is_not_all_that_there_is(
        self, tmp_path: Path, asked: Callable[..., Topology], beside: str
    ) -> None:
        (tmp_path / "hostshift.topology.json").write_text(
            json.dumps({"format": 1, "project": "ink", "services": {}}), encoding="utf-8"
        )
        assert not self._undecided(asked())
        (tmp_path / "deploy").mkdir()
        (tmp_path / beside).touch()
        assert self._undecided(asked())

    def test_a_variable_beside_it(
        self,
        tmp_path: Path,
        asked: Callable[..., Topology],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "hostshift.topology.json").write_text(
            json.dumps({"format": 1, "project": "ink", "services": {}}), encoding="utf-8"
        )
        monkeypatch.setenv("COMPOSE_PROJECT_NAME", "ink-2")
        assert self._undecided(asked())

    @pytest.mark.parametrize("by", ["COMPOSE_FILE", "compose_file"])
    def test_one_of_two_files_that_is_named(
        self,
        tmp_path: Path,
        asked: Callable[..., Topology],
        monkeypatch: pytest.MonkeyPatch,
        by: str,
    ) -> None:
        text = "name: ink\nservices:\n  web:\n    image: web\n"
        (tmp_path / "ci.yaml").write_text(text, encoding="utf-8")
        given: dict[str, Any] = {}
        if by == "compose_file":
            given[by] = "ci.yaml"
        else:
            monkeypatch.setenv(by, "ci.yaml")
        assert not self._undecided(asked(**given))
        (tmp_path / "compose.yaml").write_text(IMAGE, encoding="utf-8")
        assert self._undecided(asked(**given))

    def test_files_that_it_includes_were_read(
        self, tmp_path: Path, asked: Callable[..., Topology], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts" / "compose.yaml").write_text(
            "services:\n  web:\n    image: web\n", encoding="utf-8"
        )
        (tmp_path / "compose.yaml").write_text(
            "name: ink\ninclude: [parts/compose.yaml]\n", encoding="utf-8"
        )
        monkeypatch.setenv("PATH", str(oracle().parent))
        assert not self._undecided(asked())
