"""Marks of a project's root, and files of mine, that another user puts where I work.

The attacker is a member of a group that shares a directory with the victim, or anybody who can
move a file of the victim's to ``/tmp``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hostshift.config.project import ROOT_MARKS

if TYPE_CHECKING:
    from pathlib import Path

ME, OTHER, GROUP = 23456, 23457, 23400
COMPOSE = "services: {db: {image: postgres, ports: ['15432:5432']}}\n"
SAVED = '{"format": 1, "project": "shop", "services": {}}'
TEXTS = {
    "hostshift.toml": 'mode = "off"\n',
    "pyproject.toml": '[tool.hostshift]\nmode = "off"\n',
    "hostshift.topology.json": SAVED.replace("shop", "other"),
    ".git": None,
}
"""What makes a root of a directory: a text, or a directory."""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")

LOOK = """
import encodings.ascii, json, os, sys, yaml, tomllib
from hostshift.base.deadline import Deadline
from hostshift.config import model, project, settings, settings_file
from hostshift.discovery import compose, saved, unread_projects
from hostshift.discovery.compose import yaml_events
from hostshift.trust import accounts, gate, owners, shared_directory
owners.is_in_an_engines_container = lambda: False
user, group, at, environ = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
saved.read("/", deadline=Deadline(9, 9)); compose.read("/", {}, deadline=Deadline(9, 9))
os.setgroups([group]); os.setresgid(user, user, user); os.setresuid(user, user, user)
os.chdir(at)
built, again = compose.read(None, environ, deadline=Deadline(9, 9)), saved.read(
    None, file=environ.get("HOSTSHIFT_TOPOLOGY_FILE"), deadline=Deadline(9, 9))
print(json.dumps({
    "mode": settings.load().mode, "root": project.project_root(), "tree": project.tree_above(at),
    "ports": [port.published for one in built.services for port in one.publications],
    "project": again.project, "signs": unread_projects.find({}, (), described=False),
    "gaps": [str(gap) for gap in (*built.gaps, *again.gaps)],
}))
"""


def _look(at: Path, **environ: str) -> tuple[dict[str, object], str]:
    """Return what the victim finds in a directory, and the warnings."""
    words = [str(ME), str(GROUP), str(at), json.dumps(environ)]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", LOOK, *words],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(ran.stdout)
    return found, ran.stderr


def _made(path: Path, text: str | None, owner: int = ME) -> Path:
    path.mkdir() if text is None else path.write_text(text, encoding="utf-8")
    os.chown(path, owner, owner)
    path.chmod(0o755 if text is None else 0o644)
    return path


def _directory(path: Path, mode: int, owner: int = ME, group: int = ME) -> Path:
    path.mkdir()
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def _project(top: Path) -> Path:
    """Make a project with a directory that a group shares."""
    project = _directory(top / "project", 0o755)
    _made(project / ".git", None)
    _made(project / "hostshift.toml", 'mode = "report"\n')
    _made(project / "hostshift.topology.json", SAVED)
    _made(project / "compose.yaml", COMPOSE)
    _directory(project / "uploads", 0o2775, group=GROUP)
    return project


@pytest.mark.parametrize("mark", [*ROOT_MARKS, "nothing"])
@pytest.mark.parametrize("deep", [False, True], ids=["in it", "in a directory of mine below"])
@pytest.mark.parametrize("owner", [OTHER, ME], ids=["theirs", "moved there"])
def test_a_member_of_a_group_hides_no_settings(
    top: Path, mark: str, deep: bool, owner: int
) -> None:
    project = _project(top)
    at = project / "uploads"
    if mark != "nothing":
        _made(at / mark, TEXTS[mark], owner)
    found, warnings = _look(_directory(at / "mine", 0o755) if deep else at)
    assert (found["mode"], found["root"]) == ("report", str(project))
    assert found["tree"] == str(project)
    assert found["ports"] == [15432]
    is_topology = mark == "hostshift.topology.json"  # it may be mine, so nobody can say
    assert found["project"] == (None if is_topology else "shop")
    assert ["is not believed" in str(gap) for gap in found["gaps"]] == [True] * is_topology  # type: ignore[attr-defined]
    is_settings = mark.endswith(".toml")
    assert (f"{at / mark} is not used: " in warnings) is is_settings
    assert bool(warnings) is is_settings


@pytest.mark.parametrize("mark", ROOT_MARKS)
@pytest.mark.parametrize("mode", [0o2775, 0o777], ids=["a group's", "the umask 0"])
def test_without_a_root_above_the_shared_directory_is_the_root(
    top: Path, mark: str, mode: int
) -> None:
    """So that the errors name the file that does not count, and how to fix it."""
    at = _directory(top / "shared", mode, group=GROUP)
    _made(at / mark, TEXTS[mark])
    found, warnings = _look(at)
    assert (found["mode"], found["root"], found["tree"]) == ("on", str(at), str(at))
    assert ("is not used" in warnings) is mark.endswith(".toml")
    assert len(found["gaps"]) == (mark == "hostshift.topology.json")  # type: ignore[arg-type]
    at.chmod(0o755)
    found, warnings = _look(at)
    assert (found["gaps"], warnings) == ([], "")
    assert found["mode"] == ("off" if mark.endswith(".toml") else "on")


@pytest.mark.parametrize("mark", ROOT_MARKS)
def test_another_users_checkout_is_a_root_of_its_own(top: Path, mark: str) -> None:
    at = _directory(top / "theirs", 0o755, OTHER)
    _made(at / mark, TEXTS[mark], OTHER)
    found, _ = _look(at)
    assert (found["mode"], found["root"]) == ("on", str(at))


STICKY = [
    pytest.param(0o1777, GROUP, id="for everybody"),
    pytest.param(0o3775, GROUP, id="for a group"),
]


def _moved(top: Path, mode: int, group: int, name: str, text: str | None) -> Path:
    """Make a directory of mine in a sticky one, into which a file of mine was moved."""
    sticky = _directory(top / "tmp", mode, 0, group)
    _made(sticky / name, text)
    return _directory(sticky / "work", 0o755)


@pytest.mark.parametrize(("mode", "group"), STICKY)
@pytest.mark.parametrize("name", [*TEXTS, "compose.yaml", ".env"])
@pytest.mark.parametrize("here", ["in it", "below it"])
def test_a_file_of_mine_that_was_moved_does_not_count(
    top: Path, mode: int, group: int, name: str, here: str
) -> None:
    texts = {**TEXTS, "compose.yaml": COMPOSE, ".env": "COMPOSE_FILE=x.yaml\n"}
    work = _moved(top, mode, group, name, texts[name])
    found, warnings = _look(work.parent if here == "in it" else work)
    assert (found["mode"], found["root"], found["tree"]) == ("on", None, None)
    assert (found["ports"], found["project"]) == ([], None)
    assert ("is not used: it lies in a directory" in warnings) is name.endswith(".toml")
    assert len(found["gaps"]) == (name in ("compose.yaml", "hostshift.topology.json"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*TEXTS, "compose.yaml", ".env"])
def test_what_was_moved_beside_my_project_changes_nothing_in_it(top: Path, name: str) -> None:
    texts = {**TEXTS, "compose.yaml": COMPOSE, ".env": "COMPOSE_FILE=x.yaml\n"}
    work = _moved(top, 0o1777, GROUP, name, texts[name])
    _made(work / "hostshift.toml", 'mode = "report"\n')
    _made(work / "hostshift.topology.json", SAVED)
    _made(work / "docker-compose.yml", COMPOSE)
    found, warnings = _look(work)
    assert (found["mode"], found["ports"], found["project"]) == ("report", [15432], "shop")
    assert (found["gaps"], warnings) == ([], "")


@pytest.mark.parametrize(("mode", "group"), STICKY)
def test_what_is_named_counts_there(top: Path, mode: int, group: int) -> None:
    text = COMPOSE.replace("15432", "${DBPORT:-15432}")
    sticky = _moved(top, mode, group, "compose.yaml", text).parent
    _made(sticky / "hostshift.topology.json", SAVED)
    named = {"COMPOSE_FILE": "compose.yaml", "HOSTSHIFT_TOPOLOGY_FILE": "hostshift.topology.json"}
    found, _ = _look(sticky, **named)
    assert (found["ports"], found["project"], found["gaps"]) == ([15432], "shop", [])
    _made(sticky / ".env", "DBPORT=15433\n")
    found, _ = _look(sticky, **named)
    assert found["ports"] == []
    assert "/.env" in str(found["gaps"])
    assert "COMPOSE_ENV_FILES" in str(found["gaps"])
    assert _look(sticky, **named, COMPOSE_ENV_FILES=".env")[0]["ports"] == [15433]
    assert _look(sticky, **named, COMPOSE_DISABLE_ENV_FILE="1")[0]["ports"] == [15432]


def test_an_included_project_takes_no_env_file_that_was_moved(top: Path) -> None:
    sticky = _moved(top, 0o1777, GROUP, ".env", "DBPORT=6666\n").parent
    work = sticky / "work"
    _made(work / "inc.yaml", COMPOSE.replace("15432", "${DBPORT:-15432}"))
    entry = f"{{path: ./inc.yaml, project_directory: {sticky}}}"
    _made(work / "compose.yaml", f"include: [{entry}]\n")
    found, _ = _look(work)
    assert found["ports"] == []
    assert str(sticky / ".env") in str(found["gaps"])
    named = entry.replace("}", f", env_file: {sticky}/.env}}")
    _made(work / "compose.yaml", f"include: [{named}]\n")
    assert "/.env" not in str(_look(work)[0]["gaps"])  # only the compose command is missing
