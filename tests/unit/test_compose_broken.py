"""Broken input of every kind, for compose files and the saved topology: a gap, no exception."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.config.project import project_root as root_of
from hostshift.discovery import Topology, compose, saved
from tests.unit.compose_cases import SMALL, gap_of, plenty, project_root, read

if TYPE_CHECKING:
    from collections.abc import Callable


SAVED = {"format": 1, "project": "kiosk", "services": {"till": {"containers": []}}}
PROJECT = Path(__file__).parents[2]

MB = 1 << 20


def _read_saved(root: Path) -> Topology:
    return saved.read(str(root), deadline=plenty())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


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
def test_broken_input_is_agap_of(root: Path, kind: str, source: str) -> None:
    name = "compose.yaml" if source == "compose" else saved.FILE
    BROKEN[kind](root / name)
    began = time.monotonic()
    found = read(root) if source == "compose" else _read_saved(root)
    assert time.monotonic() - began < 20  # nothing waits for a pipe, a device or the kernel
    gap = gap_of(found)
    assert (gap.source, gap.where.partition(":")[0]) == (source, str(root / name))
    assert gap.fix
    assert found.notes


@pytest.mark.parametrize("kind", ["pipe", "zero", "null bytes"])
def test_a_broken_variable_file_is_agap_of(root: Path, kind: str) -> None:
    BROKEN[kind](root / ".env")
    assert gap_of(read(root, SMALL)).where.partition(":")[0] == str(root / ".env")


@pytest.mark.parametrize("name", ["none.yaml", "a\0b", "\ud800", "x" * 5000], ids=ascii)
def test_a_name_that_names_nothing_is_agap_of(root: Path, name: str) -> None:
    assert gap_of(read(root, file=name)).fix
    assert gap_of(saved.read(str(root), file=name)).fix


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
        assert "cannot be searched" in gap_of(found).what
        assert gap_of(found).fix
    file = str(named / "compose.yaml")
    assert compose.read(None, {}, file=file, deadline=plenty()).listed
    assert saved.read(None, file=str(named / saved.FILE)).services


AS_NOBODY = """
import os, sys, json
from hostshift.base.deadline import Deadline
from hostshift.config.project import project_root
from hostshift.discovery import compose, saved
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
        gaps = [gap_of(read(root)), gap_of(_read_saved(root))]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in held:
            os.close(descriptor)
    assert all(gap.passing and "ulimit" in gap.fix for gap in gaps)


SHORT = """
import json, os, resource, sys
from pathlib import Path
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose, saved
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
