"""Compose files and the saved topology: they say, there is nothing, or they could not say.

What could not be read is a gap with a next step, whatever was in the way: never
silence, never an exception, and never a matter of how busy the machine is.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Topology, compose, saved
from hostshift.discovery.compose import docker_compose
from tests.unit.compose_cases import (
    BEYOND,
    SMALL,
    gap_of,
    oracle,
    plenty,
    project_root,
    read,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


SAVED = {"format": 1, "project": "kiosk", "services": {"till": {"containers": []}}}
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


def _read_saved(root: Path) -> Topology:
    return saved.read(str(root), deadline=plenty())


def _script(at: Path, text: str) -> str:
    """Write a compose of our own and return the path to find it in."""
    at.mkdir(exist_ok=True)
    (at / "docker-compose").write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (at / "docker-compose").chmod(0o755)
    return f"{at}:/bin:/usr/bin"


# --- three outcomes -----------------------------------------------------------------------------


def test_where_there_is_no_file_there_is_nogap_of(root: Path) -> None:
    assert read(root) == _read_saved(root) == Topology()


@pytest.mark.parametrize("text", [SMALL, "services: {}", "networks: {n: {}}"])
def test_a_file_that_was_read_lists_what_there_is(root: Path, text: str) -> None:
    found = read(root, text)
    assert (found.listed, found.gaps, found.project) == (True, (), "shop")
    assert len(found.services) == (text == SMALL)


@pytest.mark.parametrize(
    "key", ["profiles: [night]", "labels: {hostshift.ignore: 'true'}", "labels: [hostshift.ignore]"]
)
@pytest.mark.parametrize("through", [False, True])
def test_a_list_that_leaves_a_service_out_is_not_one(
    root: Path, key: str, *, through: bool
) -> None:
    """The service may run, so its name is not free for another project's."""
    text = f"services: {{till: {{image: x}}, door: {{image: x, {key}}}}}"
    if through:
        text = text[:-1] + ", mat: {image: x, expose: !reset []}}"
    path = str(oracle().parent)
    found = read(root, text, PATH=path)
    assert {service.service for service in found.services} == {"till", "mat"} - (
        set() if through else {"mat"}
    )
    assert not found.listed
    assert not found.gaps
    plain = text.replace(f", {key}", "")
    assert read(root, plain, PATH=path).listed


PART = "services: {part: {image: x}}"
INCLUDED: dict[str, dict[str, str]] = {
    "its own .env": {
        "compose.yaml": "include: [sub/inc.yaml]",
        "sub/.env": "PART=odd.yaml",
        "sub/inc.yaml": "include: ['${PART:-good.yaml}']\n" + PART,
    },
    "an env_file": {
        "compose.yaml": "include: [{path: sub/inc.yaml, env_file: vars}]",
        "vars": "PART=odd.yaml",
        "sub/inc.yaml": "include: ['${PART:-good.yaml}']\n" + PART,
    },
    "its project directory": {
        "compose.yaml": "include: [{path: inc.yaml, project_directory: sub}]",
        "inc.yaml": "include: [odd.yaml]\n" + PART,
        "odd.yaml": "services: {decoy: {image: x}}",
    },
    "what extends in turn": {
        "compose.yaml": f"include: [sub/inc.yaml]\n{SMALL}",
        "sub/inc.yaml": "services: {part: {extends: {file: deep/a.yaml, service: a}}}",
        "sub/deep/a.yaml": "services: {a: {extends: {file: ../odd.yaml, service: odd}}}",
    },
    "the second of two paths": {
        "compose.yaml": "include: [{path: [sub/inc.yaml, sub/odd.yaml]}]",
        "sub/inc.yaml": PART,
    },
}


@pytest.mark.parametrize("texts", INCLUDED.values(), ids=list(INCLUDED))
def test_what_compose_really_includes_is_what_has_to_be_believed(
    root: Path, texts: dict[str, str]
) -> None:
    """By the variables and the directory of what includes it, not by the project's."""
    (root / "sub" / "deep").mkdir(parents=True)
    given = {
        "sub/odd.yaml": "services: {odd: {image: x, ports: ['15432:5432']}}",
        "sub/good.yaml": "services: {good: {image: x}}",
        **texts,
    }
    for name, text in given.items():
        (root / name).write_text(f"{text}\n", encoding="utf-8")
    path = str(oracle().parent)
    found = read(root, given["compose.yaml"], PATH=path)
    assert "part" in [service.service for service in found.services]
    (root / "sub" / "odd.yaml").chmod(0o666)
    gap = gap_of(read(root, given["compose.yaml"], PATH=path))
    assert gap.where == str(root / "sub" / "odd.yaml")
    assert "may be written by every user" in gap.what


def test_a_file_of_variables_for_what_is_included(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "inc.yaml").write_text(PART, encoding="utf-8")
    (root / "sub" / ".env").write_text("A=b\n", encoding="utf-8")
    (root / "sub" / ".env").chmod(0o666)
    gap = gap_of(read(root, "include: [sub/inc.yaml]", PATH=str(oracle().parent)))
    assert gap.where == str(root / "sub" / ".env")


def test_a_hundred_included_files(root: Path) -> None:
    names = [f"part{number}.yaml" for number in range(120)]
    for number, name in enumerate(names):
        (root / name).write_text(f"services: {{s{number}: {{image: x}}}}", encoding="utf-8")
    found = read(root, f"include: [{', '.join(names)}]", PATH=str(oracle().parent))
    assert len(found.services) == 120


def test_a_profile_in_an_included_file_counts_too(root: Path) -> None:
    (root / "sub.yaml").write_text(
        "services: {door: {image: x, profiles: [night]}}", encoding="utf-8"
    )
    found = read(root, f"include: [sub.yaml]\n{SMALL}", PATH=str(oracle().parent))
    assert [service.service for service in found.services] == ["a"]
    assert not found.listed


def test_a_saved_topology_lists_what_there_is(root: Path) -> None:
    (root / saved.FILE).write_text(json.dumps(SAVED), encoding="utf-8")
    found = _read_saved(root)
    assert (found.listed, found.gaps) == (True, ())
    (root / saved.FILE).write_text(json.dumps({**SAVED, "services": {}}), encoding="utf-8")
    found = _read_saved(root)
    assert (found.listed, found.gaps, found.services) == (True, (), ())


# --- what could not say, and the next step ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mode", "fix"),
    [
        ("compose.yaml", 0o666, "chmod go-w {at}/compose.yaml"),
        ("compose.yaml", 0o646, "chmod go-w {at}/compose.yaml"),
        (".env", 0o666, "chmod go-w {at}/.env"),
        (".", 0o777, "chmod go-w {at}"),
    ],
)
def test_a_file_that_is_not_believed(root: Path, name: str, mode: int, fix: str) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / ".env").write_text("", encoding="utf-8")
    (root / name).chmod(mode)
    gap = gap_of(read(root))
    assert (gap.fix, gap.passing) == (fix.format(at=root), False)
    subprocess.run(gap.fix, shell=True, check=True)
    assert read(root).listed  # the advice helps


def test_a_saved_file_that_is_not_believed(root: Path) -> None:
    at = root / saved.FILE
    at.write_text(json.dumps(SAVED), encoding="utf-8")
    at.chmod(0o662)
    gap = gap_of(_read_saved(root))
    assert (gap.where, gap.fix, gap.passing) == (str(at), f"chmod go-w {at}", False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives away")
@pytest.mark.parametrize("name", ["compose.yaml", "."])
def test_a_group_that_others_are_in(root: Path, name: str) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / name).chmod(0o775)
    assert read(root).listed  # its group is root's own
    os.chown(root / name, -1, 54321)
    gap = gap_of(read(root))
    assert "may be written by the group 54321" in gap.what
    subprocess.run(gap.fix, shell=True, check=True)
    assert read(root).listed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives away")
def test_another_users_file(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    os.chown(root / "compose.yaml", 4711, 4711)
    assert f"chown {os.geteuid()} {root}/compose.yaml" in gap_of(read(root)).fix


def test_a_variable_that_matters_is_named(root: Path) -> None:
    gap = gap_of(read(root, "services:\n  till:\n    image: x\n    ports: ['${TILL_PORT:?}:80']"))
    assert gap.where == f"{root}/compose.yaml:4"
    assert gap.what == "the variable TILL_PORT has to be set"
    assert gap.fix.startswith("set TILL_PORT ")
    assert not gap.passing


def test_a_variable_that_does_not_matter_hides_nothing(root: Path) -> None:
    text = """
services:
  till: {image: "x:${TAG:?}", environment: {PW: "${PW:?}"}, ports: ["8345:5432"]}
"""
    found = read(root, text)
    assert (found.listed, found.gaps, found.notes) == (True, (), ())
    assert found.services[0].publications[0].published == 8345


def test_a_program_that_is_missing_or_refuses(root: Path, tmp_path: Path) -> None:
    gap = gap_of(read(root, BEYOND))
    assert "none is installed" in gap.what
    assert (gap.fix, gap.passing) == ("install docker compose", False)
    docker = tmp_path / "bin" / "docker"
    path = _script(tmp_path / "bin", "exit 1")
    (tmp_path / "bin" / "docker-compose").rename(docker)  # a docker command without the plugin
    assert gap_of(read(root, PATH=path)).fix == "install docker compose"
    path = _script(tmp_path / "bin", '[ "$1" = version ]')
    gap = gap_of(read(root, PATH=path))
    assert "refuses the file" in gap.what
    assert (gap.fix, gap.passing) == ("docker compose config says why", False)


def test_time_that_is_over_may_pass(root: Path, tmp_path: Path) -> None:
    path = _script(tmp_path / "bin", "sleep 60")
    (root / "compose.yaml").write_text(BEYOND, encoding="utf-8")
    began = time.monotonic()
    gap = gap_of(compose.read(str(root), {"PATH": path}, deadline=Deadline(0.3, 0.3)))
    assert "too long" in gap.what
    assert gap.passing
    assert time.monotonic() - began < 10  # not the 60 s of the program
    (root / saved.FILE).write_text(json.dumps(SAVED), encoding="utf-8")
    assert gap_of(saved.read(str(root), deadline=Deadline(0, 0))).passing


# --- the program and its children ---------------------------------------------------------------


def _is_alive(pid: int) -> bool:
    """Return True if a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _gone(pid: int) -> bool:
    ends = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < ends:
        time.sleep(0.01)
    return not _is_alive(pid)


PRINTED = '{"name": "kiosk", "services": {"till": {"image": "x"}}}'


@pytest.mark.parametrize("ends", [True, False], ids=["it ends", "it hangs"])
def test_no_child_of_the_program_is_left(root: Path, tmp_path: Path, *, ends: bool) -> None:
    """A child may also hold the output open for longer than the program lives."""
    script = f"sleep 61 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/self\necho '{PRINTED}'"
    path = _script(tmp_path / "bin", script if ends else f"{script}\nwait")
    (root / "compose.yaml").write_text(BEYOND, encoding="utf-8")
    deadline = Deadline(30 if ends else 1, 30 if ends else 1)
    began = time.monotonic()
    found = compose.read(str(root), {"PATH": path}, deadline=deadline)
    assert time.monotonic() - began < 29
    assert found.listed is ends
    for name in ("child", "self"):
        assert _gone(int((tmp_path / name).read_text(encoding="utf-8")))


def test_what_a_program_printed_while_this_process_did_not_run_counts() -> None:
    """It has ended, and all of its time is over when this process looks at it again."""
    with subprocess.Popen(["echo", "{}"], stdout=subprocess.PIPE) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert docker_compose._output(process, time.monotonic() - 1) == b"{}\n"


def test_a_program_that_never_stops_printing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_compose, "PRINTED", 1 << 20)
    path = _script(tmp_path / "bin", "while :; do echo '{}{}{}{}{}{}{}{}{}{}{}{}{}{}'; done")
    assert "prints more" in why(read(root, BEYOND, PATH=path))


def test_the_printed_name_is_the_projects(root: Path, tmp_path: Path) -> None:
    path = _script(tmp_path / "bin", f"echo '{PRINTED}'")
    found = read(root, BEYOND, PATH=path)
    assert found.project == "kiosk"
    assert [service.container for service in found.services] == ["kiosk-till-1"]


# --- where a file counts ------------------------------------------------------------------------


def test_the_working_directorys_own_file_needs_no_root(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TILL=8346", encoding="utf-8")
    (tmp_path / "compose.override.yaml").write_text(
        "services: {a: {hostname: h}}", encoding="utf-8"
    )
    found = read(tmp_path, "services: {a: {image: x, ports: ['${TILL}:80']}}")
    assert found.listed
    assert found.services[0].publications[0].published == 8346
    (tmp_path / "compose.yaml").chmod(0o666)
    assert gap_of(read(tmp_path)).fix.startswith("chmod")


@pytest.mark.parametrize("marked", [True, False], ids=["outside of the root", "no root"])
def test_a_file_above_that_does_not_count_is_agap_of(tmp_path: Path, *, marked: bool) -> None:
    (tmp_path / "docker-compose.yml").write_text(SMALL, encoding="utf-8")
    below = tmp_path / "below" / "deep"
    below.mkdir(parents=True)
    if marked:
        (below.parent / ".git").mkdir()
    gap = gap_of(read(below))
    assert gap.where == str(tmp_path / "docker-compose.yml")
    assert "HOSTSHIFT_COMPOSE_FILE" in gap.fix


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Path]:
    """Work in a directory that a link leads to, with a compose file above each of the two."""
    for name in ("stall", "store/inner"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("stall", "store"):
        (tmp_path / name / "compose.yaml").write_text(
            f"services: {{{name}: {{image: x}}}}", encoding="utf-8"
        )
        (tmp_path / name / ".git").mkdir()
    (tmp_path / "stall" / "link").symlink_to(tmp_path / "store" / "inner")
    before = Path.cwd()
    os.chdir(tmp_path / "store" / "inner")
    yield tmp_path
    os.chdir(before)


@pytest.mark.parametrize("own", [False, True], ids=["a file above", "a file of its own"])
@pytest.mark.parametrize(
    ("pwd", "through_link"),
    [
        ("{at}/stall/link", True),
        ("{at}/stall/link/", True),
        ("{at}/store/../stall/link", True),
        ("{at}/store/inner", False),
        ("{at}/stall", False),
        ("stall/link", False),
        ("/nowhere", False),
        ("", False),
        (None, False),
    ],
)
def test_a_linked_working_directory_is_what_it_is_to_compose(
    linked: Path, pwd: str | None, *, own: bool, through_link: bool
) -> None:
    if own:
        Path("compose.yaml").write_text(SMALL, encoding="utf-8")
    environ = {"PATH": os.defpath, "HOME": "/"}
    if pwd is not None:
        environ["PWD"] = pwd.format(at=linked)
    done = subprocess.run(
        [oracle(), "config", "--format", "json"], env=environ, capture_output=True, check=True
    )
    said = json.loads(done.stdout)
    found = compose.read(None, environ, deadline=plenty())
    assert (found.project, found.gaps) == (said["name"], ())
    assert {service.service for service in found.services} == set(said["services"])
    ours = ("link", "inner") if own else ("stall", "store")
    assert found.project == ours[0 if through_link else 1]


def test_a_linked_working_directory_through_the_program(linked: Path) -> None:
    (linked / "stall" / "compose.yaml").write_text(BEYOND, encoding="utf-8")
    environ = {"PATH": str(oracle().parent), "PWD": f"{linked}/stall/link"}
    found = compose.read(None, environ, deadline=plenty())
    assert (found.project, len(found.services)) == ("stall", 2)
