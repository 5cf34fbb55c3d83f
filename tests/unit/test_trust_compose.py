"""What the real compose reads and runs: another user of the machine decides none of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.discovery import compose
from hostshift.discovery.compose import config_directories
from tests.unit.compose_cases import oracle, plenty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ME, OTHER, SHARED = 23456, 23457, 23400
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")

BEYOND = "services: {db: {image: x, ports: !override ['15432:5432']}}\n"
DOCKER = """#!/bin/sh
# The docker command, as far as it finds and runs its plugin.
for plugin in "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose" \
        "$HOME/.docker/cli-plugins/docker-compose"; do
    [ -x "$plugin" ] && exec "$plugin" "$@"
done
exit 1
"""
PLUGIN = '#!/bin/sh\necho \'{"name": "by-plugin", "services": {}}\'\n'
AS_ME = """
import encodings.ascii, json, os, sys, tempfile, yaml
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose
from hostshift.discovery.compose import config_directories, docker_compose, included_files
from hostshift.trust import accounts
accounts.PASSWD, accounts.GROUP = sys.argv[3:]
os.setgroups([23400]); os.setresgid(23456, 23456, 23456); os.setresuid(23456, 23456, 23456)
found = compose.read(sys.argv[1], json.loads(sys.argv[2]), deadline=Deadline(10, 10))
print(json.dumps([found.project, [[gap.what, gap.fix] for gap in found.gaps]]))
"""


@pytest.fixture
def top() -> Iterator[Path]:
    """Give a directory below which everybody may look, with a project of mine and a docker."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made.chmod(0o755)
    _file(_directory(made / "project", ME) / "compose.yaml", ME, BEYOND)
    _file(_directory(made / "bin", 0) / "docker", 0, DOCKER, 0o755)
    _file(made / "passwd", 0, f"me:x:{ME}:{ME}::/:\n")
    _file(made / "group", 0, f"me:x:{ME}:\n")
    yield made
    shutil.rmtree(made)


def _directory(path: Path, owner: int, mode: int = 0o755, group: int | None = None) -> Path:
    path.mkdir()
    os.chown(path, owner, owner if group is None else group)
    path.chmod(mode)
    return path


def _file(path: Path, owner: int, text: str, mode: int = 0o644) -> Path:
    path.write_text(text, encoding="utf-8")
    os.chown(path, owner, owner)
    path.chmod(mode)
    return path


def _plugins(at: Path, owner: int, mode: int = 0o755, group: int | None = None) -> Path:
    """Make the docker command's directory with a plugin in it, and return it."""
    directory = _directory(at, owner, mode, group)
    plugins = _directory(directory / "cli-plugins", owner, mode, group)
    _file(plugins / "docker-compose", owner, PLUGIN, 0o755)
    return directory


def _compose_as_me(top: Path, **environ: str) -> tuple[str | None, list[list[str]]]:
    """Return the project's name, and what is wrong with how to fix it."""
    given = {"PATH": f"{top / 'bin'}:/usr/bin:/bin", **environ}
    ran = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            AS_ME,
            str(top / "project"),
            json.dumps(given),
            str(top / "passwd"),
            str(top / "group"),
        ],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    project, gaps = json.loads(ran.stdout)
    return project, gaps


# --- HOME and DOCKER_CONFIG ---------------------------------------------------------------------


def _my_home(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o700)
    _plugins(home / ".docker", ME, 0o700)
    return {"HOME": str(home)}


def _umask_002(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o775)
    _plugins(home / ".docker", ME, 0o775)
    return {"HOME": str(home)}


def _linked_plugin(top: Path) -> dict[str, str]:
    """Docker Desktop links its plugins into each home."""
    home = _directory(top / "home", ME, 0o700)
    plugin = _plugins(home / ".docker", ME) / "cli-plugins" / "docker-compose"
    plugin.unlink()
    plugin.symlink_to(_file(top / "plugin", 0, PLUGIN, 0o755))
    return {"HOME": str(home)}


def _mine_in_a_home_for_all(top: Path) -> dict[str, str]:
    """Services and CI have ``HOME=/tmp``."""
    home = _directory(top / "tmp", 0, 0o1777)
    _plugins(home / ".docker", ME)
    return {"HOME": str(home)}


def _configured(top: Path) -> dict[str, str]:
    _directory(top / "home", ME, 0o700)
    return {"HOME": str(top / "home"), "DOCKER_CONFIG": str(_plugins(top / "conf", ME))}


def _relative(top: Path) -> dict[str, str]:
    _directory(top / "home", ME, 0o700)
    _plugins(top / "project" / "conf", ME)
    return {"HOME": str(top / "home"), "DOCKER_CONFIG": "conf"}


def _of_root(top: Path) -> dict[str, str]:
    _plugins(_directory(top / "home", 0) / ".docker", 0)
    return {"HOME": str(top / "home")}


NORMAL = [
    _my_home, _umask_002, _linked_plugin, _mine_in_a_home_for_all, _configured, _relative, _of_root
]  # fmt: skip


@pytest.mark.parametrize("setup", NORMAL, ids=lambda one: one.__name__.strip("_"))
def test_plugins_of_mine_are_run(top: Path, setup: Callable[[Path], dict[str, str]]) -> None:
    assert _compose_as_me(top, **setup(top)) == ("by-plugin", [])


def _theirs_in_a_home_for_all(top: Path) -> dict[str, str]:
    _plugins(_directory(top / "tmp", 0, 0o1777) / ".docker", OTHER)
    return {"HOME": str(top / "tmp")}


def _a_directory_for_all(top: Path) -> dict[str, str]:
    at = _directory(top / "tmp", 0, 0o1777)
    _file(_directory(at / "cli-plugins", OTHER) / "docker-compose", OTHER, PLUGIN, 0o755)
    return {"HOME": str(_directory(top / "home", ME, 0o700)), "DOCKER_CONFIG": str(at)}


def _of_a_group(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o750)
    _plugins(home / ".docker", ME, 0o2775, SHARED)
    return {"HOME": str(home)}


def _plugins_of_a_group(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o750)
    plugins = _plugins(home / ".docker", ME) / "cli-plugins"
    os.chown(plugins, ME, SHARED)
    plugins.chmod(0o2775)
    return {"HOME": str(home)}


def _their_plugin(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o700)
    plugin = _plugins(home / ".docker", ME) / "cli-plugins" / "docker-compose"
    os.chown(plugin, OTHER, OTHER)
    return {"HOME": str(home)}


def _my_link_to_their_plugin(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o700)
    plugin = _plugins(home / ".docker", ME) / "cli-plugins" / "docker-compose"
    plugin.unlink()
    plugin.symlink_to(_file(top / "plugin", OTHER, PLUGIN, 0o755))
    return {"HOME": str(home)}


def _settings_that_name_theirs(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o700)
    theirs = _plugins(top / "theirs", OTHER) / "cli-plugins"
    settings = _plugins(home / ".docker", ME) / "config.json"
    _file(settings, ME, json.dumps({"cliPluginsExtraDirs": [str(theirs)]}))
    return {"HOME": str(home)}


def _their_settings(top: Path) -> dict[str, str]:
    home = _directory(top / "home", ME, 0o700)
    _file(_plugins(home / ".docker", ME) / "config.json", OTHER, "{}")
    return {"HOME": str(home)}


def _another_home(top: Path) -> dict[str, str]:
    _plugins(_directory(top / "home", OTHER) / ".docker", OTHER)
    return {"HOME": str(top / "home")}


ATTACKS = [
    _theirs_in_a_home_for_all, _a_directory_for_all, _of_a_group, _plugins_of_a_group,
    _their_plugin, _my_link_to_their_plugin, _settings_that_name_theirs, _their_settings,
    _another_home,
]  # fmt: skip


@pytest.mark.parametrize("setup", ATTACKS, ids=lambda one: one.__name__.strip("_"))
def test_plugins_of_another_user_are_not_run(
    top: Path, setup: Callable[[Path], dict[str, str]]
) -> None:
    project, gaps = _compose_as_me(top, **setup(top))
    ((what, fix),) = gaps
    assert project is None
    assert "none is installed" in what
    assert fix.startswith("install docker compose")


@pytest.mark.parametrize("setup", [_of_a_group, _plugins_of_a_group, _their_plugin])
def test_the_reason_and_the_fix_name_my_own_directory(
    top: Path, setup: Callable[[Path], dict[str, str]]
) -> None:
    environ = setup(top)
    (_, ((what, fix),)) = _compose_as_me(top, **environ)
    assert "home/.docker is not believed: " in what
    subprocess.run(fix.partition(" or ")[2].rpartition(": ")[2].split(), check=True)
    (_, gaps) = _compose_as_me(top, **environ)
    if gaps:  # a directory above its plugins has the same fault
        subprocess.run(gaps[0][1].partition(" or ")[2].split(), check=True)
    assert _compose_as_me(top, **environ) == ("by-plugin", [])


SEEN = """#!/bin/sh
echo "$HOME" "$DOCKER_CONFIG" $(ls -A "$HOME" "$DOCKER_CONFIG" | grep -v :) > seen
echo '{"name": "seen", "services": {}}'
"""


@pytest.mark.parametrize("exists", [True, False])
def test_a_home_for_all_becomes_an_empty_directory(top: Path, exists: bool) -> None:
    """Also where it is not there yet: another user could make it at any moment."""
    home = _directory(top / "tmp", 0, 0o1777)
    _file(top / "bin" / "docker-compose", 0, SEEN, 0o755)
    (top / "bin" / "docker").unlink()
    assert _compose_as_me(top, HOME=str(home if exists else home / "me")) == ("seen", [])
    seen = (top / "project" / "seen").read_text(encoding="utf-8").split()
    assert len(seen) == 2  # and they are empty
    assert len({*seen}) == 1
    assert not seen[0].startswith(str(top))
    assert not Path(seen[0]).exists()  # it is removed afterwards


def test_settings_of_podman_are_looked_at_as_well(top: Path) -> None:
    """Its ``containers.conf`` names programs."""
    home = _directory(top / "home", ME, 0o700)
    given = {"HOME": str(home), "XDG_CONFIG_HOME": str(_directory(top / "theirs", OTHER))}
    with config_directories.believed(given, "/") as (environ, _):
        assert "XDG_CONFIG_HOME" not in environ
        assert environ["HOME"] != str(home)  # this process is root, not the home's owner
    os.chown(home, 0, 0)
    _directory(_directory(home / ".config", 0) / "containers", 0, 0o777)
    with config_directories.believed({"HOME": str(home)}, "/") as (environ, _):
        assert environ["HOME"] != str(home)
    (home / ".config" / "containers").chmod(0o755)
    with config_directories.believed({"HOME": str(home)}, "/") as (environ, _):
        assert environ == {"HOME": str(home)}
    (home / ".docker").symlink_to(_directory(top / "tmp", 0, 0o1777) / "made later")
    with config_directories.believed({"HOME": str(home)}, "/") as (environ, left_out):
        assert environ["DOCKER_CONFIG"] == environ["HOME"] != str(home)
        assert left_out is None


def test_where_no_empty_directory_can_be_made(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(_directory(top / "open", 0, 0o777)))
    home = str(_directory(top / "tmp", 0, 0o1777))
    os.chown(top / "project", 0, 0)
    os.chown(top / "project" / "compose.yaml", 0, 0)
    given = {"HOME": home, "PATH": str(oracle().parent)}
    found = compose.read(str(top / "project"), given, deadline=plenty())
    (gap,) = found.gaps
    assert found.services == ()
    assert "TMPDIR" in gap.fix


# --- label_file -----------------------------------------------------------------------------------

LABELLED = "services: {db: {image: x, label_file: %s, ports: ['15432:5432']}}\n"


@pytest.fixture
def mine(top: Path) -> Path:
    """Give a project of this user, which only the real compose reads, with a directory beside."""
    project = _directory(top / "mine", 0)
    _file(project / "compose.yaml", 0, "include: [other.yaml]\n")
    _directory(top / "beside", 0, 0o1777)
    return project


def _services(project: Path, **environ: str) -> tuple[list[str], list[str]]:
    given = {"PATH": str(oracle().parent), "HOME": "/root", **environ}
    found = compose.read(str(project), given, deadline=plenty())
    return [one.service for one in found.services], [str(gap) for gap in found.gaps]


@pytest.mark.parametrize("labels", ["{at}", "[{mine}, {at}]", "~/labels"])
@pytest.mark.parametrize("where", ["other.yaml", "compose.yaml", "base.yaml"])
def test_labels_of_another_user_hide_no_service(
    top: Path, mine: Path, labels: str, where: str
) -> None:
    beside = top / "beside" / "labels"
    labelled = LABELLED % labels.format(at=beside, mine=_file(mine / "own", 0, "a=b\n"))
    extending = "services: {db: {extends: {file: base.yaml, service: db}}}\n"
    _file(mine / "other.yaml", 0, extending if where == "base.yaml" else "services: {}\n")
    beyond = "include: [other.yaml]\n" if where == "compose.yaml" else ""
    _file(mine / where, 0, beyond + labelled)
    _directory(top / "home", 0)
    home = {"HOME": str(top / "home")}
    own = top / "home" / "labels" if labels[0] == "~" else beside
    _file(own, 0, "hostshift.note=x\n")
    assert _services(mine, **home) == (["db"], [])
    _file(own, 0, "hostshift.ignore=true\n")
    assert _services(mine, **home) == ([], [])
    _file(own, OTHER, "hostshift.ignore=true\n")
    services, (gap,) = _services(mine, **home)
    assert services == []
    assert f"belongs to user {OTHER}" in gap
    assert f"chown 0 {own}" in gap
