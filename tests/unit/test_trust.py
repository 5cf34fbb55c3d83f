"""One gate: what is believed on normal machines, and what another user tries in vain.

The attacker is another user of this machine. The victim is root, or a user of its own.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift import Policy
from hostshift.base.deadline import Deadline
from hostshift.config import settings
from hostshift.discovery import compose, saved, unread_projects
from hostshift.trust import accounts, acl, gate, owners
from hostshift.trust.gate import UntrustedError

if TYPE_CHECKING:
    from collections.abc import Callable

ME, OTHER, SHARED = 23456, 23457, 23400
"""Users without an entry in the machine's files, and a group that both could be in."""
MINE, THEIRS = b"mine", b"theirs"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")

# What is imported may lie where that user cannot look.
BECOME = """
import encodings.ascii, json, os, sys
from hostshift.trust import accounts, gate as trust
user = int(sys.argv[1])
os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
"""
IMPORTS = "from hostshift.trust import accounts, owners\n"
READ = """
found = []
for path in sys.argv[2:]:
    try:
        found.append(trust.read(path, 1000).decode())
    except trust.UntrustedError as error:
        found.append(["untrusted", error.place, error.rule, error.fix])
    except OSError as error:
        found.append(["error", error.errno])
print(json.dumps(found))
"""
FLIP = """
import os, sys
link, mine, theirs, swapped, me, other = sys.argv[1:]
me, other = int(me), int(other)

def become(user):
    os.seteuid(0); os.setegid(user); os.seteuid(user)

def flip(target):
    become(other)
    os.symlink(target, link + ".new"); os.rename(link + ".new", link)

def swap(owner, text):
    become(0)
    with open(swapped + ".new", "w") as file:
        file.write(text)
    os.chown(swapped + ".new", owner, owner); os.rename(swapped + ".new", swapped)

flip(mine); swap(me, "mine")
print("going", flush=True)
while True:
    flip(theirs); swap(other, "theirs"); flip(mine); swap(me, "mine")
"""
RACE = """
from collections import Counter
found = Counter()
for path in sys.argv[3:] * int(sys.argv[2]):
    try:
        found[trust.read(path, 1000).decode()] += 1
    except (OSError, trust.UntrustedError):
        found["refused"] += 1
print(json.dumps(found))
"""


def _run_as(
    user: int, program: str, *words: object, first: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program as another user, and something first while it is still this one."""
    return subprocess.run(
        [sys.executable, "-P", "-c", first + BECOME + program, str(user), *map(str, words)],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )


def _read_as(user: int, *paths: Path, first: str = "") -> list[object]:
    found: list[object] = json.loads(_run_as(user, READ, *paths, first=first).stdout)
    return found


def _on_a_machine(top: Path) -> str:
    """Return a program's first lines: this is no container, and the files list the user."""
    (top / "passwd").write_text(f"me:x:{ME}:{ME}::/:\n", encoding="utf-8")
    (top / "group").write_text(f"me:x:{ME}:\n", encoding="utf-8")
    files = f"accounts.PASSWD, accounts.GROUP = {str(top / 'passwd')!r}, {str(top / 'group')!r}\n"
    return f"{IMPORTS}owners.is_in_an_engines_container = lambda: False\n{files}"


def _made(path: Path, owner: int, mode: int = 0o644, group: int | None = None) -> Path:
    """Make a file of somebody."""
    path.write_bytes(MINE if owner in (0, ME) else THEIRS)
    _given(path, owner, mode, group)
    return path


def _given(path: Path, owner: int, mode: int, group: int | None = None) -> Path:
    os.chown(path, owner, owner if group is None else group)
    path.chmod(mode)
    return path


def _directory(path: Path, owner: int, mode: int = 0o755, group: int | None = None) -> Path:
    path.mkdir()
    return _given(path, owner, mode, group)


# --- normal machines ----------------------------------------------------------------------------


def _home(top: Path) -> Path:
    return _made(_directory(top / "home", ME, 0o700) / "f", ME)


def _umask_002(top: Path) -> Path:
    return _made(_directory(top / "home", ME, 0o775) / "f", ME, 0o664)


def _of_root(top: Path) -> Path:
    return _made(top / "f", 0)


def _sticky(top: Path) -> Path:
    return _made(_directory(top / "tmp", 0, 0o1777) / "f", ME)


def _below_sticky(top: Path) -> Path:
    return _made(_directory(_directory(top / "tmp", 0, 0o1777) / "mine", ME) / "f", ME)


def _link(top: Path, owner: int, target: Path) -> Path:
    """Make somebody's link in a directory for everybody."""
    link = _directory(top / "tmp", 0, 0o1777) / "link"
    link.symlink_to(target)
    os.lchown(link, owner, owner)
    return link


def _my_link(top: Path) -> Path:
    return _link(top, ME, _home(top))


def _link_above(top: Path) -> Path:
    _home(top)
    link = top / "link"
    link.symlink_to("./home/../home")
    return link / "f"


def _group_that_only_reads(top: Path) -> Path:
    return _made(_directory(top / "srv", 0, 0o2755, SHARED) / "f", ME, 0o640, SHARED)


def _list_of_readers(top: Path) -> Path:
    """As ``setfacl -m u:23457:r`` leaves a file; the umask 002 gave its group the write bit."""
    file = _made(_directory(top / "home", ME, 0o775) / "f", ME, 0o664)
    entries = [(1, 6, -1), (2, 4, OTHER), (4, 6, -1), (16, 6, -1), (32, 4, -1)]
    words = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    with suppress(OSError):  # a file system without lists is as normal
        os.setxattr(file, "system.posix_acl_access", struct.pack("<I", 2) + words)
    return file


NORMAL = [
    _home, _umask_002, _of_root, _sticky, _below_sticky, _my_link, _link_above,
    _group_that_only_reads, _list_of_readers,
]  # fmt: skip


@as_root
@pytest.mark.parametrize("setup", NORMAL, ids=lambda one: one.__name__.strip("_"))
def test_normal_machines(setup: Callable[[Path], Path], top: Path) -> None:
    assert _read_as(ME, setup(top), first=_on_a_machine(top)) == ["mine"]


@as_root
@pytest.mark.parametrize("inside", [True, False])
def test_a_private_group_that_is_in_no_file(top: Path, inside: bool) -> None:
    """On a machine a directory service may have any member in it; no file lists one."""
    file = _made(top / "f", ME, 0o664)
    first = f"{IMPORTS}owners.is_in_an_engines_container = lambda: {inside}\n"
    (answer,) = _read_as(ME, file, first=first)
    rule = f"it may be written by the group {ME}"
    assert answer == ("mine" if inside else ["untrusted", str(file), rule, f"chmod go-w {file}"])


@as_root
def test_root_reads_what_only_root_can_write(top: Path) -> None:
    assert gate.read(str(_made(top / "f", 0, 0o664)), 1000) == MINE


@as_root
@pytest.mark.parametrize(("here", "inside", "believed"), [
    (ME, True, True), (ME, False, False), (0, True, False), (OTHER, True, False),
])  # fmt: skip
def test_root_in_a_container_believes_whose_directory_is_mounted(
    top: Path, monkeypatch: pytest.MonkeyPatch, here: int, inside: bool, believed: bool
) -> None:
    file = _made(_directory(top / "app", ME) / "f", ME)
    monkeypatch.chdir(_directory(top / "here", here))
    monkeypatch.setattr(owners, "is_in_an_engines_container", lambda: inside)
    if believed:
        assert gate.read(str(file), 1000) == MINE
        return
    with pytest.raises(UntrustedError, match=f"belongs to user {ME}"):
        gate.read(str(file), 1000)


CONFIG_MAP = """
import os, subprocess, sys
from hostshift.trust import owners, gate as trust
volume, inside = sys.argv[1], sys.argv[2] == "inside"
owners.is_in_an_engines_container = lambda: inside
mount = lambda *words: subprocess.run(["mount", *words], check=True)
mount("-t", "tmpfs", "-o", "mode=0777", "tmpfs", volume)
os.makedirs(volume + "/..2026"); os.symlink("..2026", volume + "/..data")
with open(volume + "/..2026/topology.json", "w") as file:
    file.write("mine")
os.symlink("..data/topology.json", volume + "/topology.json")
for remounted in (False, True):
    if remounted:
        mount("-o", "remount,ro", volume)
    try:
        print(trust.read(volume + "/topology.json", 100).decode())
    except trust.UntrustedError as error:
        print("untrusted")
"""


@as_root
@pytest.mark.parametrize(("where", "said"), [("inside", "mine"), ("outside", "untrusted")])
def test_a_volume_that_is_mounted_to_be_read(top: Path, where: str, said: str) -> None:
    """Kubernetes' directories for ConfigMaps are of mode 0777, and nobody there can write."""
    command = ["unshare", "--mount", sys.executable, "-P", "-c", CONFIG_MAP, str(top), where]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["untrusted", said]


def test_this_process_is_in_a_container_if_its_processes_are() -> None:
    outside = str(Path("/proc/self/ns/pid").readlink()) == owners._INITIAL_PIDS
    marked = any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))
    assert owners.is_in_a_container() is (marked or not outside)
    if os.geteuid() == 0:
        program = "from hostshift.trust import owners; print(owners.is_in_a_container())"
        inside = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-P", "-c", program]
        ran = subprocess.run(inside, capture_output=True, text=True, check=True)
        assert ran.stdout == "True\n"


SOURCES = """
for at in sys.argv[2:]:
    os.chdir(at)
    found = compose.read(None, {}, deadline=Deadline(10, 10))
    again = saved.read(None, deadline=Deadline(10, 10))
    print(json.dumps([
        [one.service for one in found.services], [gap.what for gap in found.gaps],
        again.project, [gap.what for gap in again.gaps], settings.load().mode,
    ]))
"""
LOADED = """
from hostshift.config import settings, settings_file as _settings_file, model as _settings_model
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose, saved
saved.read("/", deadline=Deadline(10, 10)); compose.read("/", {}, deadline=Deadline(10, 10))
import hostshift.discovery.compose.yaml_events, tomllib
"""


@as_root
@pytest.mark.parametrize(
    ("place", "mode", "file_mode"),
    [
        pytest.param(0o755, 0o755, 0o644, id="umask 022"),
        pytest.param(0o775, 0o775, 0o664, id="umask 002, below a directory of 775"),
        pytest.param(0o700, 0o700, 0o600, id="umask 077"),
        pytest.param(0o2775, 0o2775, 0o664, id="with the group's bit"),
        pytest.param(0o1777, 0o755, 0o644, id="below a sticky directory"),
        pytest.param(0o755, 0o1775, 0o644, id="sticky, and nobody else may write"),
    ],
)
@pytest.mark.parametrize("mark", ["pyproject.toml", ".git", "requirements.txt"])
def test_a_checkout_is_believed_with_all_its_files(
    top: Path, place: int, mode: int, file_mode: int, mark: str
) -> None:
    project = _directory(_directory(top / "home", ME, place) / "project", ME, mode)
    texts = {
        mark: "",
        "compose.yaml": "services: {db: {image: postgres}, web: {env_file: .env, image: x}}",
        ".env": "A=b",
        "hostshift.topology.json": '{"format": 1, "project": "shop", "services": {}}',
        "hostshift.toml": 'mode = "report"',
    }
    for name, text in texts.items():
        (project / name).write_text(text, encoding="utf-8")
        _given(project / name, ME, file_mode)
    ran = _run_as(ME, SOURCES, project, first=LOADED + _on_a_machine(top))
    assert json.loads(ran.stdout) == [["db", "web"], [], "shop", [], "report"]


# --- attacks ------------------------------------------------------------------------------------


def _their_file(top: Path) -> Path:
    return _made(_directory(top / "tmp", 0, 0o1777) / "f", OTHER)


def _written_by_all(top: Path) -> Path:
    return _made(top / "f", ME, 0o666)


def _written_by_a_group(top: Path) -> Path:
    return _made(top / "f", ME, 0o664, SHARED)


def _open_directory(top: Path) -> Path:
    return _made(_directory(top / "d", ME, 0o777) / "f", ME)


def _directory_of_a_group(top: Path) -> Path:
    return _made(_directory(top / "d", 0, 0o2775, SHARED) / "f", ME)


def _their_directory(top: Path) -> Path:
    return _made(_directory(top / "d", OTHER) / "f", ME)


def _open_directory_above(top: Path) -> Path:
    return _made(_directory(_directory(top / "d", ME, 0o777) / "e", ME) / "f", ME)


def _their_link(top: Path) -> Path:
    return _link(top, OTHER, _home(top))


def _their_link_above(top: Path) -> Path:
    return _link(top, OTHER, _home(top).parent) / "f"


def _my_link_through_theirs(top: Path) -> Path:
    link = top / "mine"
    link.symlink_to(_their_link(top))
    os.lchown(link, ME, ME)
    return link


def _my_link_into_their_directory(top: Path) -> Path:
    link = top / "mine"
    link.symlink_to(_their_directory(top))
    return link


ATTACKS = [
    _their_file, _written_by_all, _written_by_a_group, _open_directory, _directory_of_a_group,
    _their_directory, _open_directory_above, _their_link, _their_link_above,
    _my_link_through_theirs, _my_link_into_their_directory,
]  # fmt: skip


@as_root
@pytest.mark.parametrize("setup", ATTACKS, ids=lambda one: one.__name__.strip("_"))
def test_what_another_user_could_decide_is_not_believed(
    setup: Callable[[Path], Path], top: Path
) -> None:
    path = setup(top)
    (found,) = _read_as(ME, path)
    assert isinstance(found, list)
    kind, place, rule, fix = found
    assert kind == "untrusted"
    assert place.startswith(str(top))
    assert rule.startswith("it " if place == str(path) else "/".join(Path(place).parts[-2:]))
    assert place in fix


@as_root
@pytest.mark.parametrize("setup", ATTACKS, ids=lambda one: one.__name__.strip("_"))
def test_the_fix_helps(setup: Callable[[Path], Path], top: Path) -> None:
    """Each error's own command, one after the other, ends with a file that is believed."""
    path = setup(top)
    for _ in range(4):
        (found,) = _read_as(ME, path)
        if not isinstance(found, list):
            return
        subprocess.run(found[3].rpartition(": ")[2].split(" "), check=True)
    pytest.fail(f"still not believed: {_read_as(ME, path)}")


@as_root
def test_races(top: Path) -> None:
    """A link that flips, and a file that is replaced, in 50,000 reads: never theirs."""
    shared, rounds = _directory(top / "tmp", 0, 0o1777), 25_000
    mine = _made(_directory(top / "home", ME) / "f", ME)
    theirs = _made(_directory(top / "their", OTHER) / "f", OTHER)
    link, swapped = shared / "f", _directory(top / "swapped", 0) / "f"
    words = [link, mine, theirs, swapped, ME, OTHER]
    program = [sys.executable, "-P", "-c", FLIP, *map(str, words)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as flips:
        try:
            assert flips.stdout is not None
            assert flips.stdout.readline() == b"going\n"
            found = json.loads(_run_as(ME, RACE, rounds, link, swapped).stdout)
            assert flips.poll() is None
        finally:
            flips.kill()
    assert sorted(found) == ["mine", "refused"]
    assert found["refused"] > rounds  # each through the link, and some of the file's
    assert sum(found.values()) == 2 * rounds


# --- what a stranger puts into a directory for everybody ------------------------------------------

COMPOSE = "services: {db: {image: postgres, ports: ['15432:5432']}}\n"
SAVED = '{"format": 1, "project": "evil", "services": {}}'
STRANGE = {
    "compose.yaml": COMPOSE,
    "docker-compose.override.yml": COMPOSE,
    "local.yml": COMPOSE,
    ".env": "COMPOSE_FILE=evil.yaml\n",
    "hostshift.toml": "map = 'db=evil.example'\n",
    "pyproject.toml": "[tool.hostshift]\nmap = 'db=evil.example'\n",
    "hostshift.topology.json": SAVED,
    ".git": None,
}
"""Names, and a text or a directory."""


@as_root
@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("kind", ["as it is", "broken", "fifo", "directory", "link to a device"])
@pytest.mark.parametrize("here", ["in it", "below it"])
def test_a_stranger_neither_redirects_nor_stops_who_works_in_tmp(
    name: str, kind: str, here: str, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = _directory(top / "tmp", 0, 0o1777)
    mine = _directory(shared / "mine", 0)
    _strange(shared / name, kind, STRANGE[name])
    monkeypatch.chdir(shared if here == "in it" else mine)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "saved,compose")
    assert settings.load() == Policy(sources=("saved", "compose"))
    around = [
        compose.read(None, {}, deadline=Deadline(10, 10)),
        saved.read(None, deadline=Deadline(10, 10)),
    ]
    assert [one.gaps for one in around] == [(), ()]
    assert [one.project for one in around] == [None, None]
    assert unread_projects.find({}, (), described=False) == ()


def _strange(path: Path, kind: str, text: str | None) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "directory" or text is None:
        path.mkdir()
    else:
        path.write_text("[" * 50_000 if kind == "broken" else text, encoding="utf-8")
    os.chown(path, OTHER, OTHER, follow_symlinks=False)


def _their_project(shared: Path) -> None:
    (shared / "docker").mkdir()
    (shared / "docker" / "compose.yaml").write_text(COMPOSE, encoding="utf-8")


def _their_deep_project(shared: Path) -> None:
    deep = shared / "theirs" / "more"
    deep.mkdir(parents=True)
    (deep / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (deep / "local.yml").write_text(COMPOSE, encoding="utf-8")


def _their_closed_directory(shared: Path) -> None:
    (shared / "deploy").mkdir(mode=0o700)


def _many_files(shared: Path) -> None:
    for number in range(unread_projects.MOST_ENTRIES + 1):
        (shared / f"{number}").touch()


def _many_of_yaml(shared: Path) -> None:
    for number in range(unread_projects.MOST_FILES + 1):
        (shared / f"a{number}.yml").write_text("a: 1", encoding="utf-8")


def _many_large_ones(shared: Path) -> None:
    (shared / "a.yml").write_bytes(b"x: services\n" * (unread_projects._YAML_LIMIT // 12 - 1))
    for number in range(190):
        (shared / f"a{number}.yml").hardlink_to(shared / "a.yml")


def _a_link_to_where_nobody_may_look(shared: Path) -> None:
    (shared / "hidden").mkdir(mode=0o700)
    (shared / "local.yml").symlink_to("hidden/x")
    (shared / "loop.yml").symlink_to("loop.yml")


@as_root
@pytest.mark.parametrize("here", ["in it", "below it"])
@pytest.mark.parametrize("project", [True, False], ids=["a project", "none"])
@pytest.mark.parametrize(
    "setup",
    [
        _their_project, _their_deep_project, _their_closed_directory, _many_files, _many_of_yaml,
        _many_large_ones, _a_link_to_where_nobody_may_look,
    ],
    ids=lambda one: one.__name__.strip("_"),
)  # fmt: skip
def test_nothing_that_a_stranger_puts_into_tmp_is_a_sign(
    setup: Callable[[Path], None], project: bool, here: str, top: Path
) -> None:
    """At any depth. It neither counts for the limits nor takes the time that is for mine."""
    shared = _directory(top / "tmp", 0, 0o1777)
    setup(shared)
    for path in list(shared.rglob("*")):
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
    mine = _directory(shared / "mine", ME)
    _made(shared / "zz.yml", ME)
    if project:
        _made(shared / "pyproject.toml", ME)
    words = (shared if here == "in it" else mine, mine / "compose.yaml")
    seconds, before, after = json.loads(_run_as(ME, SIGNS, *words, first=LOADED).stdout)
    assert before == []
    assert seconds < 1
    found = [mine / "compose.yaml"] if here == "below it" else []
    assert after == [str(path) for path in found]


SIGNS = """
import time
from hostshift.discovery import unread_projects
at, mine = sys.argv[2:]
os.chdir(at)
began = time.process_time()
before = unread_projects.find({}, (), described=False)
seconds = time.process_time() - began
open(mine, "w").write("services: {db: {image: x}}")
print(json.dumps([seconds, before, unread_projects.find({}, (), described=False)]))
"""


@as_root
def test_more_than_can_be_listed_of_a_directory_for_everybody(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody can say which files of mine are there."""
    shared = _directory(top / "tmp", 0, 0o1777)
    for number in range(30):
        _made(shared / f"{number}", OTHER)
    monkeypatch.chdir(shared)
    assert unread_projects.find({}, (), described=False) == ()
    monkeypatch.setattr(unread_projects, "MOST_LISTED", 20)
    assert unread_projects.find({}, (), described=False) == (str(shared),)


@as_root
def test_strangers_files_in_a_directory_for_everybody_take_little_time(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many are listed in a tenth of a second, and then the search ends."""
    shared = _directory(top / "tmp", 0, 0o1777)
    file = _made(shared / "0", OTHER)
    for number in range(1, 30_000):
        (shared / f"{number}").hardlink_to(file)
    monkeypatch.chdir(shared)
    began = time.process_time()
    assert unread_projects.find({}, (), described=False) == (str(shared),)
    assert time.process_time() - began < 0.5


@as_root
@pytest.mark.parametrize("ending", ["", ".yml"])
def test_strangers_files_of_many_owners_take_little_time(
    top: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """A stranger with numbers of their own (``newuidmap``) has a thousand owners."""
    shared = _directory(top / "tmp", 0, 0o1777)
    for number in range(unread_projects.MOST_JUDGED - 1):
        _made(shared / f"{number}{ending}", 100_000 + number)
    monkeypatch.chdir(shared)
    began = time.process_time()
    assert unread_projects.find({}, (), described=False) == ()
    assert time.process_time() - began < 0.3


@as_root
def test_a_search_without_time_asks_for_no_more_owners(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = _directory(top / "tmp", 0, 0o1777)
    _made(shared / "a.yml", OTHER)
    monkeypatch.chdir(shared)
    assert unread_projects.find({}, (), described=False, deadline=Deadline(9, 9)) == ()
    late = unread_projects.find({}, (), described=False, deadline=Deadline(0, 0))
    assert late == (str(shared),)
    monkeypatch.setattr(unread_projects, "MOST_JUDGED", 0)
    assert unread_projects.find({}, (), described=False) == (str(shared),)


@as_root
@pytest.mark.parametrize("name", ["compose.yaml", "hostshift.topology.json"])
def test_in_a_directory_of_mine_it_is_a_gap(
    name: str, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say then what my project has: it may be a checkout of another user."""
    project = _directory(top / "project", 0)
    (project / "pyproject.toml").touch()
    _strange(project / name, "as it is", STRANGE[name])
    monkeypatch.chdir(project)
    found = [
        compose.read(None, {}, deadline=Deadline(10, 10)),
        saved.read(None, deadline=Deadline(10, 10)),
    ]
    (gap,) = [gap for one in found for gap in one.gaps]
    assert gap.what == f"is not believed: it belongs to user {OTHER}"
    assert gap.fix == f"if you trust it: chown 0 {project / name}"


@as_root
@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("setup", [_their_file, _written_by_all, _open_directory, _their_directory])
def test_where_no_path_can_be_opened_by_its_parts(
    setup: Callable[[Path], Path], refuses: bool, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and its directory are looked at by name: macOS, or a sandbox's own kernel."""
    if refuses:
        monkeypatch.setattr(gate, "_PATH", 1 << 30 | os.O_RDWR)  # not for a directory: EISDIR
        monkeypatch.setattr(gate, "_UNKNOWN", (errno.EISDIR,))
    else:
        monkeypatch.setattr(gate, "_WALKS", False)
    mine = _made(_directory(top / "fine", 0) / "f", 0)
    assert gate.read(str(mine), 1000) == MINE
    with pytest.raises(UntrustedError):
        gate.read(str(setup(top)), 1000)


# --- what is no file, and what is a socket -------------------------------------------------------


@pytest.mark.parametrize("kind", ["fifo", "directory", "device", "socket", "loop", "nothing"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(OSError, match=r"Errno"):
        gate.read(str(path), 1000)


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(MINE)
    (tmp_path / "f").chmod(0o644)
    (tmp_path / "l").symlink_to("f")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        assert gate.read(str(tmp_path / "l"), 2) == MINE[:2]
        for name in ("none", "f/x", "."):
            with pytest.raises(OSError, match=r"Errno"):
                gate.read(str(tmp_path / name), 1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_name_with_a_null_byte(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="null"):
        gate.read(f"{tmp_path}/\0", 1)


@as_root
@pytest.mark.parametrize(("owner", "place", "believed"), [
    (0, 0o755, True), (0, 0o1777, True), (OTHER, 0o1777, False), (0, 0o777, False),
])  # fmt: skip
def test_a_socket(top: Path, owner: int, place: int, believed: bool) -> None:
    """Its own mode is free: Docker's is for a group."""
    path = _directory(top / "run", 0, place) / "engine.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        _given(path, owner, 0o666)
        if believed:
            assert stat.S_ISSOCK(gate.check_socket(str(path)).st_mode)
            return
        with pytest.raises(UntrustedError):
            gate.check_socket(str(path))


# --- private groups -----------------------------------------------------------------------------

PASSWD = """root:x:0:0::/root:/bin/sh
ann:x:1000:1000::/home/ann:/bin/sh
bob:x:1001:100::/home/bob:/bin/sh
eve:x:1002:1000::/home/eve:/bin/sh
joe:x:1003:1003::/home/joe:/bin/sh
max:x:1004:1004::/home/max:/bin/sh
amy:x:1006:1006::/home/amy:/bin/sh
eva:x:1008:1006:Eva\x0bM\x85u\u2028r\r:/home/eva:/bin/sh
mia:x:1007:1007:Mia:/home/mia:/bin/sh
zoe:x:1010:1010::/home/zoe:/bin/sh
pia:x:1011:1011::/home/pia:/bin/sh
ida:x:1012:1012::/home/ida:/bin/sh
joy:x:1112: 01012::/home/joy:/bin/sh
kim:x:1013:1013::/home/kim:/bin/sh
"""
GROUP = """root:x:0:
none:x:1005:
users:x:100:
ann:x:1000:
joe:x:1003:joe
max:x:1004:max,eve
odd
amy:x:1006:
mia:\x1cx:1007:mia,o\x85,eve
zoe:x:1010:
alias:x:01010:eve
pia:x:1011:
alone:x:+1011:
ida:x:1012:
kim:x:1013:
beyond:x:4294968309:eve
"""


@pytest.mark.parametrize(
    ("user", "group", "private"),
    [
        pytest.param(1006, 1006, False, id="the line of another member has an odd character"),
        pytest.param(1007, 1007, False, id="the line of the group has an odd character"),
        pytest.param(0, 0, True, id="root's own"),
        pytest.param(1000, 1000, False, id="another has it, too"),
        pytest.param(1001, 100, True, id="a primary group that nobody else has"),
        pytest.param(1003, 1003, True, id="it is the only member"),
        pytest.param(1004, 1004, False, id="another is a member"),
        pytest.param(1000, 1003, False, id="another user's"),
        pytest.param(
            5000, 5000, True, id="nobody is known, and the numbers are one, in a container"
        ),
        pytest.param(5000, 5001, False, id="nobody is known"),
        pytest.param(5000, 1003, False, id="a group of somebody"),
        pytest.param(5001, 0, True, id="a group that only root is in"),
        pytest.param(1003, 1005, True, id="a group that nobody is in"),
        pytest.param(1010, 1010, False, id="another is a member, by a number with a zero"),
        pytest.param(1011, 1011, False, id="a second line has the number with a sign"),
        pytest.param(1012, 1012, False, id="another's primary group, with a blank and a zero"),
        pytest.param(1013, 1013, False, id="another is a member, by a number beyond 32 bits"),
    ],
)
def test_a_private_group(
    user: int, group: int, private: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("PASSWD", PASSWD), ("GROUP", GROUP)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(accounts, name, str(tmp_path / name))
    for inside in (True, False):
        monkeypatch.setattr(owners, "is_in_an_engines_container", lambda inside=inside: inside)
        listed = private and (inside or (group, user) != (5000, 5000))
        assert owners.is_private_group(group, user) is listed


@pytest.mark.parametrize("field", ["1003", "01003", " 1003", "+1003", "4294968299", "-4294966293"])
def test_an_account_counts_however_its_number_is_written(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the C library reads it."""
    (tmp_path / "passwd").write_text(f"joe:x:{field}:1::/home/joe:/bin/sh\n", encoding="utf-8")
    monkeypatch.setattr(accounts, "PASSWD", str(tmp_path / "passwd"))
    assert accounts.has(1003)
    assert accounts.home_of(1003) == "/home/joe"
    assert not accounts.has(1004)


@pytest.mark.parametrize("field", ["", "x", "1_003", "-", "+-1003", "१००३", "1003x", "1004"])
def test_what_is_another_number_or_none_is_no_account(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "passwd").write_text(f"joe:x:{field}:1::/home/joe:/bin/sh\n", encoding="utf-8")
    monkeypatch.setattr(accounts, "PASSWD", str(tmp_path / "passwd"))
    assert not accounts.has(1003)


def test_where_the_files_cannot_be_read_no_group_is_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts, "GROUP", "/nope")
    assert not accounts.is_private_group(0, 0)


@as_root
def test_a_group_of_this_process_alone_may_write_what_is_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``root:www-data`` 0664, and OpenShift's users, whose group is root's."""
    (tmp_path / "passwd").write_text(
        "root:x:0:0::/:\nwww:x:33:33::/:\nme:x:5:0::/:\n", encoding="utf-8"
    )
    (tmp_path / "group").write_text("root:x:0:\nwww:x:33:\nteam:x:40:www,me\n", encoding="utf-8")
    for name in ("PASSWD", "GROUP"):
        monkeypatch.setattr(accounts, name, str(tmp_path / name.lower()))
    private = {}
    for user in (33, 5, 7):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        private[user] = [owners.is_private_group(group, 0) for group in (33, 0, 40)]
        assert acl._is_harmless(acl._USER, user, 0, 0)
        assert not acl._is_harmless(acl._USER, user + 1, 0, 0)
    assert private == {33: [True, False, False], 5: [False, True, False], 7: [False] * 3}
