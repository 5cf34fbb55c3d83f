"""Another user of the machine at every input: an engine, an env file, a directory to write to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.base.deadline import Deadline
from hostshift.cli import env_files, main
from hostshift.discovery import engine
from hostshift.discovery.engine import chosen
from hostshift.trust import gate, owners
from tests.unit.fake_engine import INSPECTED, PLENTY, Call, fake_engine, the_gap, truthful

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.discovery import Topology

OTHER = 23457
COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users"),
    pytest.mark.usefixtures("no_usual_engine"),
]


@pytest.fixture
def theirs() -> Iterator[Path]:
    """Give the home of another user, with a socket's directory in it."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    (made / ".docker").mkdir()
    yield made
    shutil.rmtree(made)


def _give(*paths: Path) -> None:
    for path in paths:
        os.chown(path, OTHER, OTHER, follow_symlinks=False)


def _asked(**environ: str) -> Topology:
    return engine.read((), environ, deadline=Deadline(PLENTY, PLENTY))


# --- engines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["of the socket", "of its directory", "of a link to it"])
def test_an_engine_of_another_user_is_not_asked(theirs: Path, owner: str) -> None:
    at = theirs / "docker.sock"
    with fake_engine(at) as evil:
        link = theirs.parent / f"{theirs.name}.sock"
        link.symlink_to(at)
        try:
            _give({"of the socket": at, "of its directory": theirs}.get(owner, link))
            path = link if owner == "of a link to it" else at
            gap = the_gap(_asked(DOCKER_HOST=f"unix://{path}"), passing=False)
            assert "is not asked" in gap
            assert f"belongs to user {OTHER}" in gap
            if path == at:
                usual = _asked(HOME="/root", XDG_RUNTIME_DIR=str(theirs))
                assert (usual.engine, usual.gaps) == ("", ())
        finally:
            link.unlink()
    assert evil.paths == []


TAKES_OVER = """
import os, socket, sys
os.setresgid(23457, 23457, 23457); os.setresuid(23457, 23457, 23457)
listening = socket.socket(socket.AF_UNIX)
sys.stdin.readline()
listening.bind(sys.argv[1])
listening.listen()
print("listens", flush=True)
print(listening.accept()[0].recv(1000), flush=True)
"""


def test_who_takes_an_engines_name_during_a_look_is_not_asked(theirs: Path) -> None:
    """The engine stops after its first answer, and its name is free in a sticky directory."""
    at, pipe = theirs / "docker.sock", subprocess.PIPE
    theirs.chmod(0o1777)
    words = [sys.executable, "-P", "-c", TAKES_OVER, str(at)]
    with subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def stops(call: Call) -> None:
            at.unlink()
            print(file=other.stdin, flush=True)
            assert other.stdout is not None
            assert other.stdout.readline() == "listens\n"
            truthful(call)

        with fake_engine(at, stops) as fake:
            found = _asked(DOCKER_HOST=f"unix://{at}")
        assert "belongs to another user" in the_gap(found, passing=False)
        assert fake.paths == ["/version"]
        assert other.stdout.readline() == "b''\n"  # it was dialled, and asked nothing
    assert found.services == ()


def test_a_kernel_that_does_not_say_who_listens_stops_nobody(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a sandbox's own kernel, which does not know the option."""
    monkeypatch.setattr(socket, "SO_PEERCRED", -1)
    at = theirs / "docker.sock"
    with fake_engine(at):
        assert _asked(DOCKER_HOST=f"unix://{at}").engine == str(at)


def test_a_socket_in_a_directory_that_all_may_write_is_not_asked(theirs: Path) -> None:
    at = theirs / "docker.sock"
    with fake_engine(at) as evil:
        theirs.chmod(0o777)
        assert "may be written by every user" in the_gap(
            _asked(DOCKER_HOST=f"unix://{at}"), passing=False
        )
        theirs.chmod(0o1777)
        assert _asked(DOCKER_HOST=f"unix://{at}").engine == str(at)
    assert evil.paths


@pytest.mark.parametrize(
    ("address", "here"),
    [("", True), ("0.0.0.0", True), ("127.0.0.1", True), ("::", True), ("203.0.113.7", False),
     ("2001:db8::7", False)],
)  # fmt: skip
def test_a_port_that_is_published_elsewhere_is_none(theirs: Path, address: str, here: bool) -> None:
    said = json.loads(json.dumps(INSPECTED))
    said["NetworkSettings"]["Ports"]["5432/tcp"] = [{"HostIp": address, "HostPort": "15432"}]
    with fake_engine(theirs / "docker.sock", partial(truthful, inspected=said)):
        found = _asked(DOCKER_HOST=f"unix://{theirs / 'docker.sock'}")
    (service,) = found.services
    assert bool(service.publications) is here
    assert bool(found.gaps) is not here


@pytest.mark.parametrize("whole", [True, False])
def test_the_home_that_sudo_passes_on_is_not_mine(theirs: Path, whole: bool) -> None:
    """Its context and its engine are another user's; root has a home of its own."""
    at = theirs / "docker.sock"
    config = theirs / ".docker" / "config.json"
    config.write_text(json.dumps({"currentContext": "evil"}), encoding="utf-8")
    meta = theirs / ".docker" / "contexts" / "meta" / chosen._digest("evil") / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Endpoints": {"docker": {"Host": f"unix://{at}"}}}))
    with fake_engine(at) as evil:
        assert _asked(HOME=str(theirs)).engine == str(at)
        evil.paths.clear()
        if whole:
            _give(theirs)
            found = _asked(HOME=str(theirs))
            assert owners.home({"HOME": str(theirs)}) == "/root"
            assert found.engine != str(at)
            assert "evil" not in repr(found)
        else:
            _give(config)
            gap = the_gap(_asked(HOME=str(theirs)), passing=False)
            assert f"it belongs to user {OTHER}" in gap
    assert evil.paths == []


@pytest.mark.parametrize("kind", ["fifo", "directory", "device", "endless"])
def test_what_is_no_configuration_does_not_hang(theirs: Path, kind: str) -> None:
    config = theirs / ".docker" / "config.json"
    if kind == "fifo":
        os.mkfifo(config)
    elif kind == "directory":
        config.mkdir()
    else:
        config.symlink_to("/dev/zero" if kind == "device" else "/proc/kmsg")
    found = _asked(HOME=str(theirs))
    assert [gap.where for gap in found.gaps] in ([], ["the docker context"])


# --- files for exec -----------------------------------------------------------------------------


def _exec(at: Path, *files: str) -> subprocess.CompletedProcess[str]:
    words = [word for file in files for word in ("--env-file", file)]
    return subprocess.run(
        [COMMAND, "exec", *words, "--", "sh", "-c", 'echo "$DATABASE_URL|$A|$HOSTSHIFT_MAP"'],
        cwd=at,
        env={"PATH": PATH, "DATABASE_URL": "redis://localhost:6379/0"},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("how", ["theirs", "open", "link"])
def test_settings_of_a_file_that_another_user_could_write_do_not_count(
    theirs: Path, how: str
) -> None:
    """Its other variables are for the command, as with ``docker run --env-file``."""
    file = theirs / ".env"
    file.write_text("A=b\nHOSTSHIFT_MAP=localhost=evil.example\n", encoding="utf-8")
    assert _exec(theirs, ".env").stdout == (
        "redis://evil.example:6379/0|b|localhost=evil.example\n"
    )
    if how == "link":
        file.rename(theirs / "real.env")
        file.symlink_to("real.env")
    if how == "open":
        file.chmod(0o666)
    else:
        _give(file)
    ran = _exec(theirs, ".env")
    assert ran.stdout == "redis://localhost:6379/0|b|\n"
    assert "HOSTSHIFT_MAP in " in ran.stderr
    assert "Next: " in ran.stderr


def test_each_file_counts_for_itself(theirs: Path) -> None:
    (theirs / "mine.env").write_text("HOSTSHIFT_MAP=localhost=mine.test\n", encoding="utf-8")
    file = theirs / "their.env"
    for text in ("A=b\n", "A=b\nHOSTSHIFT_MAP=localhost=evil.example\n"):
        file.write_text(text, encoding="utf-8")
        _give(file)
        ran = _exec(theirs, "mine.env", "their.env")
        assert ran.stdout == "redis://mine.test:6379/0|b|localhost=mine.test\n"
        assert ("their.env do not count" in ran.stderr) is ("evil" in text)


@pytest.mark.parametrize("first", ["mine", "theirs"])
def test_what_is_believed_is_what_was_read(
    theirs: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another user that is put in the place of mine, and mine in the place of theirs."""
    file, other = theirs / ".env", theirs / "other"
    file.write_text("HOSTSHIFT_MAP=localhost=evil.example\n", encoding="utf-8")
    _give(file)
    other.write_text("HOSTSHIFT_MAP=localhost=mine.test\n", encoding="utf-8")
    if first == "mine":
        _swap(file, other)
    read = gate.read

    def swapping(path: str, most: int) -> bytes:
        try:
            return read(path, most)
        finally:
            _swap(file, other)

    monkeypatch.setattr(gate, "read", swapping)
    expected = {"HOSTSHIFT_MAP": "localhost=mine.test"} if first == "mine" else {}
    assert env_files.read([str(file)]) == expected


def _swap(one: Path, other: Path) -> None:
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


@pytest.mark.parametrize("form", ["shell", "dotenv", "json"])
def test_a_setting_of_mine_is_printed_and_not_the_one_that_a_stranger_puts_after_it(
    theirs: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = theirs / "mine.env", theirs / "their.env"
    mine.write_text("A=1\nHOSTSHIFT_MAP=localhost=mine.test\n", encoding="utf-8")
    other.write_text("A=2\nHOSTSHIFT_MAP=localhost=evil.example\n", encoding="utf-8")
    _give(other)
    for files in ((mine, other), (other, mine)):
        named = [word for file in files for word in ("--file", str(file))]
        assert main(["env", "--format", form, *named]) == 0
        printed = capsys.readouterr()
        assert "localhost=mine.test" in printed.out
        assert "evil" not in printed.out
        assert "their.env do not count" in printed.err


# --- settings files -----------------------------------------------------------------------------

COMMANDS = (
    ("resolve", "redis://localhost:6379/0"),
    ("explain", "redis://localhost:6379/0"),
    ("topology",),
    ("vantage",),
    ("env",),
    ("exec", "--", "echo", "ran"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: str(words[0]))
@pytest.mark.parametrize("name", ["hostshift.toml", "pyproject.toml"])
def test_a_command_says_without_an_option_that_a_settings_file_does_not_count(
    theirs: Path, words: tuple[str, ...], name: str
) -> None:
    """The answer would be another one with it, and shells read only standard output."""
    table = "[tool.hostshift]\n" if name == "pyproject.toml" else ""
    file = theirs / name
    file.write_text(f'{table}map = "localhost=evil.example"\n', encoding="utf-8")
    environ = {"PATH": PATH, "DATABASE_URL": "redis://localhost:6379/0"}
    run = partial(
        subprocess.run, [COMMAND, *words], cwd=theirs, env=environ, capture_output=True, text=True
    )
    assert "is not used" not in run(check=True).stderr
    file.chmod(0o666)
    ran = run(check=True)
    assert ran.stderr.count(f"{file} is not used: it may be written by every user") == 1
    assert f"Next: chmod go-w {file}" in ran.stderr
    assert "is not used" not in ran.stdout
    assert "evil" not in ran.stdout


# --- what is written ----------------------------------------------------------------------------

COMPOSE = "name: shop\nservices: {db: {image: postgres, ports: ['15432:5432']}}\n"


@pytest.fixture
def project(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = theirs / "project"
    made.mkdir()
    (made / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    monkeypatch.chdir(made)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "saved,compose")
    return made


def test_a_saved_topology_does_not_go_through_a_link(project: Path) -> None:
    victim, link = project.parent / "victim", project / "saved.json"
    victim.write_text("precious", encoding="utf-8")
    link.symlink_to(victim)
    assert main(["topology", "--save", "saved.json"]) == 0
    assert victim.read_text(encoding="utf-8") == "precious"
    assert not link.is_symlink()
    assert json.loads(link.read_text(encoding="utf-8"))["project"] == "shop"
    assert link.stat().st_mode & 0o777 == 0o644
    assert sorted(one.name for one in project.iterdir()) == ["compose.yaml", "saved.json"]


def test_nor_into_a_directory_of_another_user(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = project.parent / "there"
    there.mkdir()
    _give(there)
    assert main(["topology", "--save", str(there / "saved.json")]) == 2
    assert f"belongs to user {OTHER}" in capsys.readouterr().err
    assert list(there.iterdir()) == []


def test_a_topology_is_whole_or_as_before(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = project / "saved.json"
    saved.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchmod", full)
        assert main(["topology", "--save", "saved.json"]) == 2
    assert saved.read_text(encoding="utf-8") == "before"
    assert sorted(one.name for one in project.iterdir()) == ["compose.yaml", "saved.json"]


def test_a_capture_does_not_go_where_another_user_could_plant_links(
    theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = theirs / "planted"
    planted.mkdir()
    _give(planted)
    assert main(["vantage", "--capture", str(planted)]) == 2
    assert f"belongs to user {OTHER}" in capsys.readouterr().err
    assert list(planted.iterdir()) == []
    assert main(["vantage", "--capture", str(theirs / "new")]) == 0
    assert (theirs / "new" / "vantage.json").is_file()


def test_a_socket_is_no_less_trusted_for_its_mode(theirs: Path) -> None:
    """Docker's is for a group: who may write to it may talk to the engine, and not be it."""
    at = theirs / "docker.sock"
    with fake_engine(at):
        at.chmod(0o666)
        assert _asked(DOCKER_HOST=f"unix://{at}").engine == str(at)
    with socket.socket(socket.AF_UNIX) as left_over:
        at.unlink(missing_ok=True)
        left_over.bind(str(at))
        assert "nobody listens" in the_gap(_asked(DOCKER_HOST=f"unix://{at}"), passing=True)


@pytest.mark.parametrize("whose", ["mine", "theirs", "everybody's"])
def test_the_environment_does_not_go_into_a_file_of_another_user(
    theirs: Path,
    whose: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A host with my password in it is looked up, by a name server that may be anybody's."""
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    monkeypatch.delenv("NOT_SET", raising=False)
    file = theirs / "x.env"
    lines = ("A=a", "B=${A}.${NOT_SET:-c}", "REDIS_URL=redis://${DB_PASSWORD}.x:6379/${A}")
    file.write_text("\n".join((*lines, "D=${DB_PASSWORD:-none}", "")), encoding="utf-8")
    if whose == "theirs":
        _give(file)
    elif whose != "mine":
        file.chmod(0o666)
    mine = whose == "mine"
    expected = {"A": "a", "B": "a.c", "D": "hunter2" if mine else "none"}
    expected["REDIS_URL"] = f"redis://{'hunter2' if mine else ''}.x:6379/a"
    assert env_files.read([str(file)]) == expected
    assert "hunter2" not in caplog.text
    assert ("DB_PASSWORD of the environment count as not set" in caplog.text) is not mine
    assert ("Next: " in caplog.text) is not mine
