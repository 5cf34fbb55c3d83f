"""What a hostile second user tried, and what a normal machine was refused: each is one test.

The attacker is another user. The victim is root, or a user of its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import struct
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, detect
from hostshift.base import redaction
from hostshift.base.deadline import Deadline
from hostshift.cli import env, env_files, main
from hostshift.config.table import SETTINGS
from hostshift.detect import capture, facts
from hostshift.discovery import compose, engine, saved, unread_projects
from hostshift.discovery.engine import sockets
from hostshift.drivers import pgpass
from hostshift.errors import CaptureError, EnvironmentFileError, UndecidedError
from hostshift.resolution.result import Resolution
from hostshift.testing import pretend
from hostshift.trust import accounts, gate, owners
from tests.unit.compose_cases import oracle, plenty
from tests.unit.fake_engine import PLENTY

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.discovery import Topology

OTHER, VICTIM, GROUP = 23457, 23456, 54321
SECRET = "S3cr3tXYZ"
OURS = str(Path(hostshift.__file__).parent)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")


def _theirs(path: Path, text: str | None = None) -> Path:
    """Make a file of the other user; None: a pipe that nobody writes to."""
    os.mkfifo(path) if text is None else path.write_text(text, encoding="utf-8")
    os.chown(path, OTHER, OTHER, follow_symlinks=False)
    return path


def _compose(at: Path, **environ: str) -> Topology:
    given = {"PATH": str(oracle().parent), "HOME": "/root", **environ}
    return compose.read(str(at), given, deadline=plenty())


def _published(found: Topology) -> list[int | None]:
    return [port.published for service in found.services for port in service.publications]


# --- compose itself reads what was looked at, and nothing else ----------------------------------

BEYOND = "services: {db: {image: x, ports: !override ['${DBPORT:-15432}:5432']}}\n"
EVIL = "services: {db: {image: x, ports: ['6666:5432']}}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", EVIL),
        ("docker-compose.override.yml", EVIL),
        (".env", "DBPORT=6666\n"),
        (".env", "COMPOSE_FILE={at}/evil.yaml\n"),
        (".env", None),
    ],
    ids=["file", "override", "variable", "another file", "pipe"],
)
@pytest.mark.parametrize("how", ["searched", "named", "by COMPOSE_FILE"])
def test_compose_is_handed_the_files_that_were_looked_at(
    shared: Path, name: str, text: str | None, how: str
) -> None:
    _theirs(shared / "evil.yaml", EVIL)
    _theirs(shared / name, text and text.replace("{at}", str(shared)))
    mine = shared / "docker-compose.yml"
    mine.write_text(BEYOND, encoding="utf-8")
    began = time.monotonic()
    if how == "named":
        given = {"PATH": str(oracle().parent)}
        found = compose.read(str(shared), given, file=str(mine), deadline=plenty())
    else:
        found = _compose(shared, **({"COMPOSE_FILE": str(mine)} if how[0] == "b" else {}))
    assert time.monotonic() - began < 7  # a pipe that is waited for takes all of 8 seconds
    assert _published(found) == ([] if how == "searched" else [15432]), found.gaps
    assert [gap.where for gap in found.gaps] == ([str(mine)] if how == "searched" else [])


def test_variables_of_my_own_files_count_through_compose_as_well(shared: Path) -> None:
    shared.chmod(0o755)
    (shared / "docker-compose.yml").write_text(BEYOND, encoding="utf-8")
    (shared / ".env").write_text("DBPORT=15433\n", encoding="utf-8")
    assert _published(_compose(shared)) == [15433]
    (shared / "sub").mkdir()
    (shared / "sub" / ".env").write_text("DBPORT=15434\n", encoding="utf-8")
    file = {"COMPOSE_FILE": "../docker-compose.yml"}
    assert _published(_compose(shared / "sub", **file)) == [15434]
    assert _published(_compose(shared, COMPOSE_ENV_FILES="sub/.env")) == [15434]
    assert _published(_compose(shared, COMPOSE_ENV_FILES="sub/.env,.env")) == [15433]


@pytest.mark.parametrize("text", [None, "DBPORT=6666\n", ""], ids=["pipe", "variable", "none"])
def test_what_is_included_has_a_directory_that_is_mine(shared: Path, text: str | None) -> None:
    mine = shared / "mine"
    mine.mkdir()
    (mine / "inc.yaml").write_text(BEYOND.replace("!override ", ""), encoding="utf-8")
    (mine / "compose.yaml").write_text(
        f"include: [{{path: ./inc.yaml, project_directory: {shared}}}]\n", encoding="utf-8"
    )
    if text != "":
        _theirs(shared / ".env", text)
    found = _compose(mine)
    assert (found.services, len(found.gaps)) == ((), 1)
    shared.chmod(0o755)
    (shared / ".env").unlink(missing_ok=True)
    assert _published(_compose(mine)) == [15432]


PRINTING = """#!/bin/sh
echo "$HOME $DOCKER_CONFIG" > {at}/seen
echo '{{"name": "kiosk", "services": {{}}}}'
"""


def test_compose_is_not_handed_another_users_home(shared: Path) -> None:
    """The docker command takes plugins from there and runs them."""
    shared.chmod(0o755)
    (shared / "compose.yaml").write_text(BEYOND, encoding="utf-8")
    program = shared / "bin" / "docker-compose"
    program.parent.mkdir()
    program.write_text(PRINTING.format(at=shared), encoding="utf-8")
    program.chmod(0o755)
    home = shared / "home"
    home.mkdir()
    os.chown(home, OTHER, OTHER)
    given = {"HOME": str(home), "DOCKER_CONFIG": str(home), "PATH": f"{program.parent}:/bin"}
    assert _compose(shared, **given).project == "kiosk"
    assert (shared / "seen").read_text(encoding="utf-8").split() == ["/root"]


# --- a stranger stops nobody --------------------------------------------------------------------

AS_VICTIM = """
import encodings.ascii, json, os, sys, yaml
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose, saved
from hostshift.discovery.compose import extends, docker_compose as program
os.setgroups([]); os.setresgid(23456, 23456, 23456); os.setresuid(23456, 23456, 23456)
found = compose.read(sys.argv[1], {}, deadline=Deadline(10, 10))
print(json.dumps([[one.service for one in found.services], [str(gap) for gap in found.gaps]]))
"""


@pytest.mark.parametrize("name", ["compose.yaml", "compose.override.yaml", ".env"])
def test_a_link_to_where_nobody_may_look(shared: Path, name: str) -> None:
    hidden = shared / "hidden"
    hidden.mkdir(mode=0o700)
    (shared / "docker-compose.yml").write_text("services: {a: {image: x}}\n", encoding="utf-8")
    os.chown(shared / "docker-compose.yml", VICTIM, VICTIM)
    (shared / name).symlink_to(hidden / "x")
    os.chown(shared / name, OTHER, OTHER, follow_symlinks=False)
    ran = subprocess.run(
        [sys.executable, "-P", "-c", AS_VICTIM, str(shared)],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    services, gaps = json.loads(ran.stdout)
    assert services == []  # a file of mine in there counts only if I name it
    assert len(gaps) == 1
    assert str(shared / "docker-compose.yml") in gaps[0]


@pytest.mark.usefixtures("no_usual_engine")
def test_a_home_that_everybody_may_write(shared: Path) -> None:
    """Services and CI have ``HOME=/tmp``."""
    (shared / ".docker").mkdir()
    _theirs(shared / ".docker" / "config.json", '{"currentContext": "evil"}')
    (shared / ".colima").mkdir()
    for number in range(300):
        _theirs(_directory(shared / ".colima" / f"\x1b[2J\n{number}") / "docker.sock", "")
    os.chown(shared / ".docker", OTHER, OTHER)
    os.chown(shared / ".colima", OTHER, OTHER)
    found = engine.read((), {"HOME": str(shared)}, deadline=Deadline(PLENTY, PLENTY))
    assert (found.gaps, found.engine) == ((), "")
    os.chown(shared / ".colima", 0, 0)
    found = engine.read((), {"HOME": str(shared)}, deadline=Deadline(PLENTY, PLENTY))
    assert len(found.notes) < 30
    assert "\x1b" not in "".join(map(str, found.notes))
    assert "\n" not in "".join(map(str, found.notes))


@pytest.mark.usefixtures("no_usual_engine")
def test_profiles_that_a_group_puts_into_a_home_are_not_listed(shared: Path) -> None:
    """However many there are. A note says why none of them is asked."""
    shared.chmod(0o2775)
    os.chown(shared, 0, GROUP)
    profiles = _directory(shared / ".colima")
    profiles.chmod(0o2775)
    _theirs(_directory(profiles / "a") / "docker.sock", "")
    assert list(sockets._of_profiles(str(profiles))) == []
    _theirs(_directory(profiles / "default") / "docker.sock", "")
    environ = {"HOME": str(shared), "DOCKER_CONTEXT": "default"}
    notes = engine.read((), environ, deadline=Deadline(PLENTY, PLENTY)).notes
    (note,) = [note for note in notes if ".colima" in note.where]
    assert f"may be written by the group {GROUP}" in note.what


def test_not_every_name_in_my_own_directory_of_profiles_is_looked_at(shared: Path) -> None:
    profiles = _directory(shared / ".colima")
    for number in range(sockets.MOST_ENTRIES * 2):
        _directory(profiles / f"{number}").joinpath("docker.sock").touch()
    assert len(sockets._of_profiles(str(profiles))) == sockets.MOST_PROFILES
    names = sockets._names(str(profiles))
    assert len(names) == sockets.MOST_ENTRIES


# --- files that others put into a project -------------------------------------------------------

MANY = {
    "foreign keys": "include:\n" + "x:\n" * 1_398_000,
    "extensions": "include:\n" + "".join(f"x-{number}:\n" for number in range(400_000)),
    "one long key": "include:\n" + "a" * 4_194_000,
    "one key again": "include:\n" + "name:\n" * 699_000,
    "words": "services " * 466_000,
}


@pytest.mark.parametrize("kind", MANY)
def test_files_that_a_group_puts_into_a_project_take_little_time(
    shared: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their text is searched, within a limit; then each of them may describe services."""
    shared.chmod(0o2775)
    os.chown(shared, 0, GROUP)
    (shared / ".git").mkdir()
    first = _theirs(shared / "z0.yaml", MANY[kind])
    for number in range(1, 16):
        (shared / f"z{number}.yaml").hardlink_to(first)
    monkeypatch.chdir(shared)
    began = time.process_time()
    signs = unread_projects.find({}, (), described=False)
    assert time.process_time() - began < 2
    assert set(signs) <= set(map(str, shared.glob("*.yaml")))
    assert kind == "words" or bool(signs) is (kind != "foreign keys")


def test_a_search_that_has_no_time_left_names_the_files(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.chmod(0o755)
    (shared / ".git").mkdir()
    (shared / "a.yaml").write_text("a: 1\n", encoding="utf-8")
    monkeypatch.chdir(shared)
    assert unread_projects.find({}, (), described=False, deadline=Deadline(1, 1)) == ()
    over = unread_projects.find({}, (), described=False, deadline=Deadline(0, 0))
    assert over == (str(shared / "a.yaml"),)


def _directory(path: Path) -> Path:
    path.mkdir()
    return path


# --- libpq's password file ----------------------------------------------------------------------


@pytest.fixture
def passwords(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the password file of a home that another user has, and that ``sudo -E`` passed on."""
    for name in ("PGPASSFILE", "PGPASSWORD", "PGUSER", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    home = _directory(shared / "theirs")
    file = _theirs(home / ".pgpass", "localhost:5432:*:*:theirs\n")
    file.chmod(0o600)
    os.chown(home, OTHER, OTHER)
    monkeypatch.setenv("HOME", str(home))
    return file


def _password(**parameters: str) -> str | None:
    return pgpass.password({"user": "a", "dbname": "d", **parameters}, "localhost", 5432)


def test_a_password_file_in_a_home_of_another_user_does_not_count(
    passwords: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = _directory(shared / "mine")
    accounts_file = shared / "passwd"
    accounts_file.write_text(f"root:x:0:0::{mine}:/bin/sh\n", encoding="utf-8")
    monkeypatch.setattr(accounts, "PASSWD", str(accounts_file))
    assert _password() is None
    (mine / ".pgpass").write_text("localhost:5432:*:*:mine\n", encoding="utf-8")
    (mine / ".pgpass").chmod(0o600)
    assert _password() == "mine"
    assert _password(passfile=str(passwords)) == "theirs"  # the user named it


def test_my_own_password_file_counts_wherever_libpq_reads_it(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a link, and in a home that others may write: libpq asks for the file's mode alone."""
    monkeypatch.delenv("PGPASSFILE", raising=False)
    monkeypatch.setenv("HOME", str(shared))
    (shared / "file").write_text("localhost:5432:*:*:mine\n", encoding="utf-8")
    (shared / "file").chmod(0o600)
    (shared / ".pgpass").symlink_to("file")
    assert _password() == "mine"


LEASE = """
import fcntl, os, signal, sys
os.setresuid(23457, 23457, 23457)
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("leased", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["lease", "pipe"])
def test_no_password_file_of_another_user_makes_root_wait(passwords: Path, how: str) -> None:
    """The kernel lets whoever opens a leased file wait for up to 45 seconds (fcntl(2))."""
    words = [sys.executable, "-P", "-c", LEASE if how == "lease" else "", str(passwords)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        if how == "lease":
            assert other.stdout.readline() == "leased\n"
        else:
            passwords.unlink()
            _theirs(passwords)
            passwords.chmod(0o600)
        began = time.monotonic()
        assert _password(passfile=str(passwords)) is None
        assert time.monotonic() - began < 2
        other.kill()


# --- access control lists -----------------------------------------------------------------------

_NOBODY = 0xFFFFFFFF


def _acl(*named: tuple[int, int, int], group: int = 6) -> bytes:
    """Write an access control list: tag, permissions and id of each named entry."""
    others = [(1, 6, _NOBODY), (4, group, _NOBODY), (0x10, 6, _NOBODY), (0x20, 4, _NOBODY)]
    entries = sorted([*named, *others])  # the kernel wants them by their tags
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.mark.parametrize(
    ("named", "group", "believed"),
    [
        ([(2, 6, 65534)], 4, False),
        ([(2, 4, 65534)], 4, True),
        ([(2, 6, 0)], 4, True),
        ([(8, 6, 54321)], 4, False),
        ([(8, 4, 54321)], 6, True),
        ([], 6, True),
    ],
    ids=["user", "reader", "root", "group", "private group", "plain"],
)
@pytest.mark.parametrize("where", ["file", "directory"])
def test_an_access_control_list_says_who_may_write(
    shared: Path, named: list[tuple[int, int, int]], group: int, believed: bool, where: str
) -> None:
    shared.chmod(0o755)
    file = shared / "f"
    file.write_bytes(b"mine")
    at = file if where == "file" else shared
    try:
        os.setxattr(at, "system.posix_acl_access", _acl(*named, group=group))
    except OSError as error:
        pytest.skip(f"this file system has no access control lists: {error}")
    assert at.stat().st_mode & 0o020  # the mask, as the group's bits
    if believed:
        assert gate.read(str(file), 100) == b"mine"
        return
    with pytest.raises(gate.UntrustedError, match="by its access control list") as caught:
        gate.read(str(file), 100)
    assert caught.value.fix.startswith("setfacl -b ")


# --- whose container it is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "engines", "known", "believed"),
    [
        (0, True, True, True),
        (0, False, True, False),
        (999, True, False, True),
        (999, True, True, False),
        (999, False, False, False),
    ],
    ids=["root", "LXC", "app", "app beside a user of that number", "a machine"],
)
def test_whose_files_are_mounted_in_a_container(
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    engines: bool,
    known: bool,
    believed: bool,
) -> None:
    os.chown(shared, OTHER, OTHER)
    monkeypatch.chdir(shared)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(owners, "is_in_an_engines_container", lambda: engines)
    monkeypatch.setattr(accounts, "has", lambda _: known)
    assert owners.may_decide(OTHER) is believed
    assert not owners.may_decide(OTHER + 1)


@pytest.mark.parametrize(
    ("place", "believed"),
    [
        *((place, True) for place in ("/", "/tmp", "/home", "/work", "/var/lib")),
        ("/run/docker.sock", True),
        ("/var/tmp/x", False),
        ("/tmp/docker.sock", False),
        ("/run/user/1000", False),
        ("/home/eve", False),
    ],
)
def test_root_where_it_has_no_number(
    monkeypatch: pytest.MonkeyPatch, place: str, believed: bool
) -> None:
    """In a user namespace every user without a number looks like root without one."""
    monkeypatch.setattr(owners, "is_unmapped", lambda _: True)
    assert owners.is_roots_unmapped(Path("/").stat(), place) is believed
    monkeypatch.setattr(owners, "is_unmapped", lambda _: False)
    assert not owners.is_roots_unmapped(Path("/").stat(), place)


def test_this_machine_has_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert accounts.has(0)
    assert not accounts.has(OTHER)
    monkeypatch.setattr(accounts, "PASSWD", "/nope")
    assert accounts.has(OTHER)


# --- env files ----------------------------------------------------------------------------------


def test_settings_of_a_strangers_file_are_not_printed(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "HOSTSHIFT_MAP=db=evil\n_HOSTSHIFT_GIVEN={}\nCOLOR=red\n"
    file = _theirs(shared / "x.env", text)
    assert main(["env", "--file", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.out == "export COLOR=red\n"
    assert "do not count" in printed.err
    os.chown(file, 0, 0)
    assert main(["env", "--file", str(file)]) == 0
    assert "HOSTSHIFT_MAP=db=evil" in capsys.readouterr().out


def test_what_hostshift_writes_for_itself_is_not_taken_from_a_strangers_file(shared: Path) -> None:
    file = _theirs(shared / "x.env", "_HOSTSHIFT_GIVEN=evil\nCOLOR=red\n")
    command = [sys.executable, "-P", "-m", "hostshift", "exec", "--env-file", str(file), "--"]
    ran = subprocess.run([*command, "env"], capture_output=True, text=True, check=True)
    assert "COLOR=red" in ran.stdout
    assert "evil" not in ran.stdout


@pytest.mark.parametrize("lines", [24, 60])
def test_variables_that_grow_without_end(shared: Path, lines: int) -> None:
    grown = [f"A{n}=${{A{n - 1}}}${{A{n - 1}}}\n" for n in range(1, lines)]
    (shared / "x.env").write_text("A0=xx\n" + "".join(grown), encoding="utf-8")
    began = time.thread_time()
    with pytest.raises(EnvironmentFileError, match="longer than"):
        env_files.read([str(shared / "x.env")])
    assert time.thread_time() - began < 2


def test_one_value_that_grows_without_end(shared: Path) -> None:
    (shared / "x.env").write_text(f"A={'x' * 500_000}\nB={'${A}' * 100_000}\n", encoding="utf-8")
    began = time.thread_time()
    with pytest.raises(EnvironmentFileError, match="longer than"):
        env_files.read([str(shared / "x.env")])
    assert time.thread_time() - began < 2


def test_variables_are_replaced_as_python_dotenv_does(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dotenv import dotenv_values

    monkeypatch.setenv("OUTER", "o")
    monkeypatch.setenv("A", "outer")
    text = "A=1\nB=${A}\nA=2\nC=${A}${OUTER}${NONE:-d}\nNONE\nD=${NONE:-e}\nE='$A'\nF=\"${B}\"\n"
    file = shared / "x.env"
    file.write_text(text, encoding="utf-8")
    expected = {name: value for name, value in dotenv_values(file).items() if value is not None}
    assert env_files.read([str(file)]) == expected
    assert expected["B"] == "1"


@pytest.mark.parametrize("name", sorted(env.READONLY))
def test_what_bash_lets_nobody_set_is_left_out(name: str) -> None:
    assert env.written({name: "1", "COLOR": "red"}, "shell") == "export COLOR=red"
    assert name in env.written({name: "1"}, "dotenv")


# --- secrets and names that others chose --------------------------------------------------------


def _undecided() -> dict[str, Callable[[], object]]:
    text = f"u:{SECRET}@localhost:port/db"
    strict = Policy(strict=True)
    return {
        "resolve": lambda: hostshift.resolve(text, policy=strict),
        "environ": lambda: hostshift.resolve_environ({"X": text}),
        "from_env": lambda: hostshift.from_env("X"),
        "explain": lambda: hostshift.explain(text, dialect="nope"),
    }


@pytest.mark.parametrize("how", ["resolve", "from_env", "explain", "environ"])
def test_no_frame_of_ours_keeps_the_text(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What collects errors shows the variables of each frame."""
    monkeypatch.setenv("X", f"u:{SECRET}@localhost:port/db")
    monkeypatch.setenv("HOSTSHIFT_STRICT", "1")
    monkeypatch.setenv("HOSTSHIFT_ENV", "X")
    hostshift.reset()
    with pytest.raises(hostshift.HostshiftError) as caught:
        _undecided()[how]()
    _has_no_secret(caught.value)
    if how == "resolve":
        assert caught.type is UndecidedError


def _has_no_secret(error: BaseException) -> None:
    """Fail if the message of an error, or a frame of ours, shows the secret."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if frame.filename.startswith(OURS)]
    assert frames
    assert SECRET not in str([frame.locals for frame in frames])
    assert SECRET not in str(error)
    assert shown.__cause__ is None
    assert shown.__context__ is None


URL = f"postgresql://u:{SECRET}@localhost/db"


def _policy(name: str) -> Callable[[], object]:
    given: Any = {name: (URL, 3.5)}
    return lambda: Policy(**given)


WRONG: dict[str, Callable[[], object]] = {
    "resolve, dialect": lambda: hostshift.resolve(URL, dialect=5),  # type: ignore[arg-type]
    "resolve, policy": lambda: hostshift.resolve(URL, policy={}),  # type: ignore[arg-type]
    "resolve, unknown dialect": lambda: hostshift.resolve(URL, dialect="nope"),
    "resolve, policy is the text": lambda: hostshift.resolve(
        "x",
        policy=URL,  # type: ignore[arg-type]
    ),
    "resolve, dialect is the text": lambda: hostshift.resolve("x", dialect=URL),
    "resolve, dialect holds it": lambda: hostshift.resolve(
        "x",
        dialect=[URL],  # type: ignore[arg-type]
    ),
    "aresolve, dialect": lambda: asyncio.run(
        hostshift.aresolve(URL, dialect=5)  # type: ignore[arg-type]
    ),
    "aresolve, policy": lambda: asyncio.run(
        hostshift.aresolve(URL, policy=3)  # type: ignore[arg-type]
    ),
    "aresolve, unknown dialect": lambda: asyncio.run(hostshift.aresolve(URL, dialect="nope")),
    "explain, dialect": lambda: hostshift.explain(URL, dialect=5),  # type: ignore[arg-type]
    "explain, policy": lambda: hostshift.explain(URL, policy=3),  # type: ignore[arg-type]
    "from_env, dialect": lambda: hostshift.from_env(
        "NONE",
        URL,
        dialect=5,  # type: ignore[arg-type]
    ),
    "from_env, unknown dialect": lambda: hostshift.from_env("NONE", URL, dialect="nope"),
    "from_env, not a name": lambda: hostshift.from_env(URL),
    "environ, policy": lambda: hostshift.resolve_environ(
        {"A": URL},
        policy=3,  # type: ignore[arg-type]
    ),
    "address, port": lambda: hostshift.resolve_address(URL, "x"),  # type: ignore[arg-type]
    "address, the text is the port": lambda: hostshift.resolve_address(
        "h",
        URL,  # type: ignore[arg-type]
    ),
    "pretend": lambda: pretend("host", policy=URL).__enter__(),  # type: ignore[arg-type]
    "replace": lambda: Policy().replace(map=URL),
    **{f"Policy, {name}": _policy(name) for name in SETTINGS},
    "Policy, a text": lambda: Policy(map=URL),
}


@pytest.mark.parametrize("how", WRONG)
def test_no_frame_of_ours_keeps_what_an_argument_was(how: str) -> None:
    with pytest.raises((hostshift.HostshiftError, TypeError)) as caught:
        WRONG[how]()
    _has_no_secret(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: hostshift.resolve("localhost:1"),
        lambda: hostshift.resolve_environ({"A": "redis://localhost:1"}),
        lambda: hostshift.resolve_address("localhost", 1),
        hostshift.vantage,
    ],
    ids=["resolve", "environ", "address", "vantage"],
)
def test_no_frame_of_ours_keeps_a_wrong_setting(
    ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTSHIFT_MAP", URL)
    hostshift.reset()
    with pytest.raises(hostshift.SettingError) as caught:
        ask()
    _has_no_secret(caught.value)


@pytest.mark.parametrize("kind", [Policy, Resolution, hostshift.Vantage])
def test_a_record_that_has_no_fields_yet_can_be_shown(kind: type) -> None:
    """What collects errors shows it where its making was interrupted."""
    assert kind.__name__ in repr(object.__new__(kind))


@pytest.mark.parametrize(
    "given",
    [
        f"postgres://u:{SECRET}@h/db",
        f"Server=db;Password={SECRET}",
        f"/u:{SECRET}@h",
        f"a\n{SECRET}=b",
    ],
)
@pytest.mark.parametrize("which", ["compose_file", "topology_file", "DOCKER_HOST", "env files"])
def test_a_string_in_the_place_of_a_path_is_not_shown(
    given: str, which: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "compose.yaml").write_text("services: {a: {image: x}}", encoding="utf-8")
    found = {
        "compose_file": lambda: compose.read(str(tmp_path), {}, file=given, deadline=plenty()),
        "topology_file": lambda: saved.read(str(tmp_path), file=given, deadline=plenty()),
        "DOCKER_HOST": lambda: engine.read(
            (), {"DOCKER_HOST": f"unix://{given}"}, deadline=plenty()
        ),
        "env files": lambda: compose.read(
            str(tmp_path), {"COMPOSE_ENV_FILES": given}, deadline=plenty()
        ),
    }[which]()
    assert found.gaps
    assert SECRET not in repr(found) + caplog.text + "".join(map(str, (*found.gaps, *found.notes)))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/srv/my shop/compose.yaml", "/srv/my shop/compose.yaml"),
        ("tcp://docker:2375", "tcp://docker:2375"),
        ("tcp://[fd00::1]:2375", "tcp://[fd00::1]:2375"),
        ("the docker context", "the docker context"),
        ("/srv/@shop/compose.yaml", "'/xxx/@xxxx/xxxxxxx.xxxx'"),
        ("/srv/@shop/app/compose.yaml", "app/compose.yaml"),
        ("/tmp/\x1b[2J/docker.sock", "'/xxx/x[9x/xxxxxx.xxxx'"),
    ],
)
def test_a_place_is_shown_as_it_is_where_it_looks_like_one(given: str, shown: str) -> None:
    assert redaction.place(given) == shown


def test_a_fix_can_be_pasted(shared: Path) -> None:
    at = shared / "my $(touch pwned) 'project'"
    at.mkdir(mode=0o755)
    file = at / "f"
    file.write_bytes(b"mine")
    file.chmod(0o666)
    with pytest.raises(gate.UntrustedError) as caught:
        gate.read(str(file), 100)
    subprocess.run(["/bin/sh", "-c", caught.value.fix], cwd=shared, check=True)
    assert not (shared / "pwned").exists()
    assert gate.read(str(file), 100) == b"mine"


# --- writing ------------------------------------------------------------------------------------


def test_a_capture_makes_no_directory_through_a_strangers_link(shared: Path) -> None:
    mine = shared / "mine"
    mine.mkdir()
    (shared / "cap").symlink_to(mine)
    os.chown(shared / "cap", OTHER, OTHER, follow_symlinks=False)
    found = detect.detect()
    around = facts.read()
    with pytest.raises(CaptureError, match="not written to"):
        capture.write(str(shared / "cap" / "new" / "deep"), around, found)
    assert list(mine.iterdir()) == []


def test_a_capture_where_everybody_may_write(shared: Path) -> None:
    before = os.umask(0)
    try:
        capture.write(str(shared / "new" / "deep"), facts.read(), detect.detect())
    finally:
        os.umask(before)
    assert (shared / "new").stat().st_mode & 0o777 == 0o755
    assert (shared / "new" / "deep" / "vantage.json").is_file()


@pytest.mark.parametrize("kind", ["file", "pipe", "link"])
def test_what_is_saved_replaces_nothing_of_another_user(
    shared: Path, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shared / "compose.yaml").write_text("services: {a: {image: x}}\n", encoding="utf-8")
    monkeypatch.chdir(shared)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "compose")
    monkeypatch.setenv("HOSTSHIFT_COMPOSE_FILE", "compose.yaml")
    hostshift.reset()
    target = shared / "their"
    if kind == "link":
        target.symlink_to(shared / "compose.yaml")
        os.chown(target, OTHER, OTHER, follow_symlinks=False)
    else:
        _theirs(target, "precious" if kind == "file" else None)
    before = target.lstat()
    assert main(["topology", "--save", str(target)]) != 0
    assert "another user's file is there" in capsys.readouterr().err
    assert target.lstat().st_ino == before.st_ino
    os.chown(target, 0, 0, follow_symlinks=False)
    assert main(["topology", "--save", str(target)]) == 0
    assert target.is_file()


def test_a_captured_machine_is_not_left(shared: Path) -> None:
    """A link in a capture that somebody attached to a report leads out of it."""
    private = shared / "private"
    private.write_text(f"nameserver 10.0.0.1\nsearch {SECRET}.example\n", encoding="utf-8")
    root = shared / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "resolv.conf").symlink_to(private)
    (root / "etc" / "real").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    (root / "etc" / "hosts").symlink_to("real")
    found = facts.read(str(root))
    assert "etc/resolv.conf" not in found.texts
    assert "etc/hosts" in found.texts
