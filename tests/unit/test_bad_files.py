"""Whatever lies in the place of a file: refused at once with a reason, by root and by others."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ME = 23456
MOST_SECONDS = 1.0
"""Of processor time: five times what is right, for a machine that is slow."""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def _growing(path: Path) -> None:
    lines = [
        "a: &a [x]",
        *(f"b{at}: &b{at} [*{f'b{at - 1}' if at else 'a'}, *a]" for at in range(500)),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 << 20)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "directory": Path.mkdir,
    "socket": _socket,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "link to the kernel's log": lambda path: path.symlink_to("/proc/kmsg"),
    "link to a file of /proc": lambda path: path.symlink_to("/proc/self/maps"),
    "link that dangles": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to what is not for it": lambda path: path.symlink_to("/etc/shadow"),
    "100 MB": _sparse,
    "deep brackets": lambda path: path.write_text("[" * 200_000, encoding="utf-8"),
    "deep braces": lambda path: path.write_text("{a: " * 100_000, encoding="utf-8"),
    "a huge key": lambda path: path.write_text("a" * 500_000 + " = 1\n", encoding="utf-8"),
    "a dotted key": lambda path: path.write_text("a" + ".a" * 60_000 + " = 1\n", encoding="utf-8"),
    "a huge number": lambda path: path.write_text("a = " + "9" * 100_000, encoding="utf-8"),
    "an anchor that grows": _growing,
    "no UTF-8": lambda path: path.write_bytes(b"\xff\xfe\x00=\x80" * 1000),
    "NULs": lambda path: path.write_bytes(b"\0" * 100_000),
    "nothing": Path.touch,
    "not readable": lambda path: path.touch(0),
}
INPUTS = (
    *("hostshift.toml", "pyproject.toml", "hostshift.topology.json", "compose.yaml", ".env"),
    *("docker-compose.override.yml", "local.yml", ".docker/config.json", "given.env"),
)

PROGRAM = """
import encodings.idna, json, os, sys, time, tomllib, yaml, dotenv
from hostshift import errors
from hostshift.config import model, settings, settings_file
from hostshift.cli import env_files
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose, engine, unread_projects as hints, saved
import hostshift.discovery.compose.yaml_events, hostshift.discovery.engine.chosen
import hostshift.discovery.engine.services, hostshift.discovery.engine.snapshot
import hostshift.discovery.engine.local_addresses
from hostshift.discovery.engine import sockets
sockets.DOCKER = sockets.PODMAN = "/nonexistent"
saved.read("/", deadline=Deadline(10, 10)); compose.read("/", {}, deadline=Deadline(10, 10))
user, top = int(sys.argv[1]), sys.argv[2]
if user:
    os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)

def outcome(ask):
    try:
        return ask()
    except errors.HostshiftError as error:
        return f"{type(error).__name__}: {error}"

def gaps(found):
    return [str(gap) for gap in found.gaps]

found = {}
for name in sorted(os.listdir(top)):
    at = os.path.join(top, name)
    os.chdir(at)
    began = time.process_time()
    asked = [
        outcome(lambda: settings.load().mode),
        outcome(lambda: gaps(compose.read(None, {}, deadline=Deadline(1, 5)))),
        outcome(lambda: gaps(saved.read(None, deadline=Deadline(1, 5)))),
        outcome(lambda: len(hints.find({}, (), described=False))),
        outcome(lambda: gaps(engine.read((), {"HOME": at}, deadline=Deadline(1, 5)))),
        outcome(lambda: sorted(env_files.read(["given.env"]))[:1]),
    ]
    found[name] = [time.process_time() - began, asked]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def top() -> Iterator[Path]:
    """Give a directory for each input and kind."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made.chmod(0o755)
    for kind, make in KINDS.items():
        for name in INPUTS:
            at = made / f"{name} {kind}".replace("/", "_")
            at.mkdir()
            (at / ".git").mkdir()
            (at / name).parent.mkdir(exist_ok=True)
            if name in (".env", "docker-compose.override.yml"):
                (at / "compose.yaml").write_text("services: {a: {image: x}}", encoding="utf-8")
            make(at / name)
    yield made
    shutil.rmtree(made)


def _give(top: Path, user: int) -> None:
    for at, directories, files in os.walk(top):
        for name in (".", *directories, *files):
            os.chown(Path(at) / name, user, user, follow_symlinks=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
@pytest.mark.parametrize("user", [0, ME])
def test_each_ends_at_once_and_says_why(top: Path, user: int) -> None:
    _give(top, user)
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(user), str(top)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": os.devnull},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    assert len(found) == len(KINDS) * len(INPUTS)
    slow = {name: seconds for name, (seconds, _) in found.items() if seconds > MOST_SECONDS}
    assert slow == {}
    texts = [json.dumps(asked) for _, asked in found.values()]
    assert [text for text in texts if "Traceback" in text or "root:" in text] == []
    silent = [name for name, (_, asked) in found.items() if not _is_said(name, asked, user)]
    assert silent == [], [(name, found[name][1][SPEAKS[name.partition(" ")[0]]]) for name in silent]


SPEAKS = {"hostshift.toml": 0, "compose.yaml": 1, "hostshift.topology.json": 2, ".env": 1}
"""Which answer has the reason; ``pyproject.toml`` may well have no word of ours."""


TAKEN = (
    *("directory", "deep brackets", "a huge number", "a huge key", "a dotted key"),
    *("an anchor that grows", "link to what is not for it"),
)
"""What compose takes as a ``.env``: it passes a directory by, and the others set variables."""


def _is_said(name: str, asked: list[Any], user: int) -> bool:
    """Return True if a reason is given, or there is nothing to give one for."""
    file, _, kind = name.partition(" ")
    if file not in SPEAKS or kind in ("nothing", "link that dangles", "link to itself"):
        return True
    if kind == "not readable" and user == 0:
        return True
    if kind in ("link to a file of _proc", "link to the kernel's log"):
        return True  # it has no size, so it is read as empty; to read it could have an effect
    if file == ".env" and kind in TAKEN:
        return True
    said = asked[SPEAKS[file]]
    return bool(said) and said not in ("on", [])
