"""Compose files and the saved topology: they say, there is nothing, or they could not say.

What could not be read is a gap with a next step, whatever was in the way: never
silence, never an exception, and never a matter of how busy the machine is.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.deadline import Deadline
from hostshift.settings import project_root as root_of
from hostshift.topology import Neighbourhood, compose, saved
from hostshift.topology.compose import program
from tests.unit.compose_cases import SMALL, oracle, plenty, project_root, read, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.topology.model import Gap

SAVED = {"format": 1, "project": "kiosk", "services": {"till": {"containers": []}}}
PROJECT = Path(__file__).parents[2]
EXTENDING = "services: {till: {image: x}, door: {extends: till}}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


def _gap(found: Neighbourhood) -> Gap:
    assert not found.services
    (gap,) = found.gaps
    return gap


def _read_saved(root: Path) -> Neighbourhood:
    return saved.read(str(root), deadline=plenty())


def _script(at: Path, text: str) -> str:
    """Write a compose of our own and return the path to find it in."""
    at.mkdir(exist_ok=True)
    (at / "docker-compose").write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (at / "docker-compose").chmod(0o755)
    return f"{at}:/bin:/usr/bin"


# --- three outcomes -----------------------------------------------------------------------------


def test_where_there_is_no_file_there_is_no_gap(root: Path) -> None:
    assert read(root) == _read_saved(root) == Neighbourhood()


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
        text = text[:-1] + ", mat: {extends: till}}"
    path = str(oracle().parent)
    found = read(root, text, PATH=path)
    assert {service.service for service in found.services} == {"till", "mat"} - (
        set() if through else {"mat"}
    )
    assert not found.listed
    assert not found.gaps
    plain = text.replace(f", {key}", "")
    assert read(root, plain, PATH=path).listed


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
        ("compose.yaml", 0o664, "chmod go-w {at}/compose.yaml"),
        ("compose.yaml", 0o646, "chmod go-w {at}/compose.yaml"),
        (".env", 0o666, "chmod go-w {at}/.env"),
        (".", 0o777, "chmod o-w {at}"),
    ],
)
def test_a_file_that_is_not_believed(root: Path, name: str, mode: int, fix: str) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / ".env").write_text("", encoding="utf-8")
    (root / name).chmod(mode)
    gap = _gap(read(root))
    assert (gap.fix, gap.passing) == (fix.format(at=root), False)
    subprocess.run(gap.fix, shell=True, check=True)
    assert read(root).listed  # the advice helps


def test_a_saved_file_that_is_not_believed(root: Path) -> None:
    at = root / saved.FILE
    at.write_text(json.dumps(SAVED), encoding="utf-8")
    at.chmod(0o662)
    gap = _gap(_read_saved(root))
    assert (gap.where, gap.fix, gap.passing) == (str(at), f"chmod go-w {at}", False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives away")
def test_another_users_file(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    os.chown(root / "compose.yaml", 4711, 4711)
    assert f"chown {os.geteuid()} {root}/compose.yaml" in _gap(read(root)).fix


def test_a_variable_that_matters_is_named(root: Path) -> None:
    gap = _gap(read(root, "services:\n  till:\n    image: x\n    ports: ['${TILL_PORT:?}:80']"))
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
    gap = _gap(read(root, EXTENDING))
    assert "none is installed" in gap.what
    assert (gap.fix, gap.passing) == ("install docker compose", False)
    docker = tmp_path / "bin" / "docker"
    path = _script(tmp_path / "bin", "exit 1")
    (tmp_path / "bin" / "docker-compose").rename(docker)  # a docker command without the plugin
    assert _gap(read(root, PATH=path)).fix == "install docker compose"
    path = _script(tmp_path / "bin", '[ "$1" = version ]')
    gap = _gap(read(root, PATH=path))
    assert "refuses the file" in gap.what
    assert (gap.fix, gap.passing) == ("docker compose config says why", False)


def test_time_that_is_over_may_pass(root: Path, tmp_path: Path) -> None:
    path = _script(tmp_path / "bin", "sleep 60")
    (root / "compose.yaml").write_text(EXTENDING, encoding="utf-8")
    began = time.monotonic()
    gap = _gap(compose.read(str(root), {"PATH": path}, deadline=Deadline(0.3, 0.3)))
    assert "too long" in gap.what
    assert gap.passing
    assert time.monotonic() - began < 10  # not the 60 s of the program
    (root / saved.FILE).write_text(json.dumps(SAVED), encoding="utf-8")
    assert _gap(saved.read(str(root), deadline=Deadline(0, 0))).passing


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
    (root / "compose.yaml").write_text(EXTENDING, encoding="utf-8")
    deadline = Deadline(30 if ends else 1, 30 if ends else 1)
    began = time.monotonic()
    found = compose.read(str(root), {"PATH": path}, deadline=deadline)
    assert time.monotonic() - began < 29
    assert found.listed is ends
    for name in ("child", "self"):
        assert _gone(int((tmp_path / name).read_text(encoding="utf-8")))


def test_a_program_that_never_stops_printing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "PRINTED", 1 << 20)
    path = _script(tmp_path / "bin", "while :; do echo '{}{}{}{}{}{}{}{}{}{}{}{}{}{}'; done")
    assert "prints more" in why(read(root, EXTENDING, PATH=path))


def test_the_printed_name_is_the_projects(root: Path, tmp_path: Path) -> None:
    path = _script(tmp_path / "bin", f"echo '{PRINTED}'")
    found = read(root, EXTENDING, PATH=path)
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
    assert _gap(read(tmp_path)).fix.startswith("chmod")


@pytest.mark.parametrize("marked", [True, False], ids=["outside of the root", "no root"])
def test_a_file_above_that_does_not_count_is_a_gap(tmp_path: Path, *, marked: bool) -> None:
    (tmp_path / "docker-compose.yml").write_text(SMALL, encoding="utf-8")
    below = tmp_path / "below" / "deep"
    below.mkdir(parents=True)
    if marked:
        (below.parent / ".git").mkdir()
    gap = _gap(read(below))
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
    (linked / "stall" / "compose.yaml").write_text(EXTENDING, encoding="utf-8")
    environ = {"PATH": str(oracle().parent), "PWD": f"{linked}/stall/link"}
    found = compose.read(None, environ, deadline=plenty())
    assert (found.project, len(found.services)) == ("stall", 2)


# --- bounds -------------------------------------------------------------------------------------

MB = 1 << 20
NESTED = "${TILL:-" * (MB // 10) + "}" * (MB // 10)
RANGE = "services:\n  s0: &s {image: x, ports: ['1-65535']}\n"


@pytest.mark.parametrize(
    ("text", "env", "reason"),
    [
        (SMALL, "T=1\n" * (2 * MB), "larger than 1 MB"),
        (SMALL, f"TILL={NESTED}", "variables within each other"),
        (f"x-a: '{NESTED}'\n{SMALL}", "", "variables within each other"),
        (f"x-a: '{'${A:-' * 40}{'b' * (7 * MB)}{'}' * 40}'\n{SMALL}", "", "too long"),
        (RANGE + "".join(f"  s{n}: *s\n" for n in range(1, 40)), "", "more than 100,000 ports"),
        (RANGE.replace("x,", "x, scale: 9000,"), "", "more than 100,000 ports"),
        (
            "services: {till: {image: x, scale: 9000, networks: &n ["
            + ", ".join(f"n{n}" for n in range(900))
            + "]}}\nnetworks: {"
            + ", ".join(f"n{n}: {{}}" for n in range(900))
            + "}",
            "",
            "more than 100,000 ports",
        ),
    ],
    ids=[
        "large .env",
        "nested .env",
        "nested value",
        "long and deep",
        "ports by anchor",
        "replicas with ports",
        "replicas with networks",
    ],
)
def test_what_costs_too_much_is_refused_soon(root: Path, text: str, env: str, reason: str) -> None:
    (root / ".env").write_text(env, encoding="utf-8")
    began = time.thread_time()
    found = read(root, text)
    assert time.thread_time() - began < 3  # documented: 2 s of processor time, and one step
    assert reason in why(found)
    assert not _gap(found).passing


@pytest.mark.parametrize(
    "text",
    [
        "x-a:\n" + "- ${A:-b}\n" * (7 * MB // 10) + SMALL,
        f"x-a: '{'$A' * (4 * MB - 99)}'\n{SMALL}",
        "x-a:\n" + "- a\n" * (2 * MB - 99) + SMALL,
        "--- {services: {a: {image: x}}}\n" * 200_000,
        "".join(f"---\nservices: {{a{n}: {{image: x}}}}\n" for n in range(20_000)),
    ],
    ids=["operators", "variables", "scalars", "documents", "merges"],
)
def test_the_processor_time_is_bounded(root: Path, text: str) -> None:
    began = time.thread_time()
    found = read(root, text)
    assert time.thread_time() - began < 3
    assert "processor time" in why(found)
    assert not _gap(found).passing


def test_many_links_to_one_service_are_no_burden(root: Path) -> None:
    links = ", ".join(f"'till:name{n}'" for n in range(50_000))
    found = read(root, f"services: {{till: {{image: x}}, door: {{image: x, links: [{links}]}}}}")
    assert len(found.services[0].linked) == 50_000


def test_one_service_may_have_every_port_there_is(root: Path) -> None:
    assert len(read(root, RANGE).services[0].publications) == 65_535


STOPPED = """
import os, signal
from hostshift.deadline import Deadline
from hostshift.topology.budget import Budget
budget = Budget(Deadline(60, 60), processor=0.3)
os.kill(os.getpid(), signal.SIGSTOP)
budget.check()
"""


def test_time_in_which_this_process_does_not_run_does_not_count() -> None:
    """A stopped process is as busy a machine as there can be."""
    child = subprocess.Popen([sys.executable, "-P", "-c", STOPPED], cwd=PROJECT)
    os.waitpid(child.pid, os.WUNTRACED)
    time.sleep(0.6)
    child.send_signal(signal.SIGCONT)
    assert child.wait(60) == 0


# --- broken input -------------------------------------------------------------------------------


def _bomb(at: Path) -> None:
    at.write_text(
        "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a, *a]\n" for n in range(9)) + "b: [[[[[\x00",
        encoding="utf-8",
    )


BROKEN: dict[str, Callable[[Path], object]] = {
    "directory": Path.mkdir,
    "pipe": os.mkfifo,
    "zero": lambda at: at.symlink_to("/dev/zero"),
    "full": lambda at: at.symlink_to("/dev/full"),
    "terminal": lambda at: at.symlink_to("/dev/tty"),
    "kernel log": lambda at: at.symlink_to("/proc/kmsg"),
    "memory": lambda at: at.symlink_to("/proc/self/mem"),
    "own output": lambda at: at.symlink_to("/proc/self/fd/1"),
    "not UTF-8": lambda at: at.write_bytes(b'{"format": "\xff\xfe"}'),
    "null bytes": lambda at: at.write_bytes(b"\0" * 999),
    "nothing": Path.touch,
    "deep": lambda at: at.write_text("[" * 99_999, encoding="utf-8"),
    "deeper": lambda at: at.write_text('{"a":' * 99_999, encoding="utf-8"),
    "bomb": _bomb,
    "digits": lambda at: at.write_text('{"format": ' + "9" * 99_999 + "}", encoding="utf-8"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("source", ["compose", "saved"])
def test_broken_input_is_a_gap(root: Path, kind: str, source: str) -> None:
    name = "compose.yaml" if source == "compose" else saved.FILE
    BROKEN[kind](root / name)
    began = time.monotonic()
    found = read(root) if source == "compose" else _read_saved(root)
    assert time.monotonic() - began < 20  # nothing waits for a pipe, a device or the kernel
    gap = _gap(found)
    assert (gap.source, gap.where.partition(":")[0]) == (source, str(root / name))
    assert gap.fix
    assert found.notes


@pytest.mark.parametrize("kind", ["pipe", "zero", "null bytes"])
def test_a_broken_variable_file_is_a_gap(root: Path, kind: str) -> None:
    BROKEN[kind](root / ".env")
    assert _gap(read(root, SMALL)).where.partition(":")[0] == str(root / ".env")


@pytest.mark.parametrize("name", ["none.yaml", "a\0b", "\ud800", "x" * 5000], ids=ascii)
def test_a_name_that_names_nothing_is_a_gap(root: Path, name: str) -> None:
    assert _gap(read(root, file=name)).fix
    assert _gap(saved.read(str(root), file=name)).fix


@pytest.mark.parametrize("directory", ["a\0b", "\ud800", "x" * 5000, "", "/dev/null", "."])
def test_odd_directories_have_no_root_and_raise_nothing(tmp_path: Path, directory: str) -> None:
    for path in (directory, f"{tmp_path}/{directory}"):
        assert root_of(path) in (None, root_of())


def test_a_long_chain_of_links_raises_nothing(tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"l{number}").symlink_to(tmp_path / f"l{number + 1}")
    assert root_of(str(tmp_path / "l0")) is None


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = project_root(tmp_path)
    (named / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (named / saved.FILE).write_text(json.dumps(SAVED), encoding="utf-8")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert root_of() is None
    for found in (compose.read(None, {}, deadline=plenty()), saved.read(None)):
        assert "cannot be searched" in _gap(found).what
        assert _gap(found).fix
    file = str(named / "compose.yaml")
    assert compose.read(None, {}, file=file, deadline=plenty()).listed
    assert saved.read(None, file=str(named / saved.FILE)).listed


AS_NOBODY = """
import os, sys, json
from hostshift.deadline import Deadline
from hostshift.settings import project_root
from hostshift.topology import compose, saved
import yaml
os.chdir(sys.argv[1])
os.chmod(sys.argv[2], int(sys.argv[3], 8))
os.setgroups([]); os.setgid(4712); os.setuid(4712)
project_root()
found = compose.read(None, {}, deadline=Deadline(60, 60)), saved.read(None)
print(json.dumps([[(gap.what, gap.fix) for gap in one.gaps] for one in found]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("closed", [".", "files"])
def test_what_this_user_may_not_read(closed: str) -> None:
    """A directory that may not be searched, and files that may not be read."""
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        made.chmod(0o755)
        for name, text in (("compose.yaml", SMALL), (saved.FILE, json.dumps(SAVED))):
            (made / name).write_text(text, encoding="utf-8")
            os.chown(made / name, 0, 0)
            (made / name).chmod(0o600 if closed == "files" else 0o644)
        mode = "700" if closed == "." else "755"
        done = subprocess.run(
            [sys.executable, "-P", "-c", AS_NOBODY, made, made, mode],
            capture_output=True,
            text=True,
            check=True,
            cwd=PROJECT,
        )
    finally:
        shutil.rmtree(made)
    for (what, fix), *more in json.loads(done.stdout):
        assert "permission denied" in what
        assert fix
        assert not more


def test_no_descriptor_is_left(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / saved.FILE).write_text(json.dumps(SAVED), encoding="utf-8")
    assert read(root).listed  # what it imports is loaded
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(at.name) for at in Path("/proc/self/fd").iterdir())
    held = [os.dup(0) for _ in range(3)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, before[1]))
        while True:
            held.append(os.dup(0))
    except OSError:
        gaps = [_gap(read(root)), _gap(_read_saved(root))]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in held:
            os.close(descriptor)
    assert all(gap.passing and "ulimit" in gap.fix for gap in gaps)


SHORT = """
import json, os, resource, sys
from pathlib import Path
from hostshift.deadline import Deadline
from hostshift.topology import compose, saved
import yaml
compose.read("/", {}, deadline=Deadline(60, 60))
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + (8 << 20),) * 2)
found = compose.read(sys.argv[1], {}, deadline=Deadline(60, 60)), saved.read(sys.argv[1])
print(json.dumps([[(gap.what, gap.passing) for gap in one.gaps] for one in found]))
"""


def test_memory_that_is_short_may_come_back(root: Path) -> None:
    (root / "compose.yaml").write_text("x-a: [" + "{}, " * (MB // 4) + "]", encoding="utf-8")
    (root / saved.FILE).write_text("[" + "{}, " * (MB // 4) + "{}]", encoding="utf-8")
    command = [sys.executable, "-P", "-c", SHORT, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    expected = [["cannot be read: not enough memory", True]]
    assert json.loads(done.stdout) == [expected, expected]
