"""What all situations have in common: the engine, the image, its root file system, programs.

The root file system is the image's, unpacked. Other runtimes start from it, and
on the host itself `nobody` runs the image's Python from it: the checkout and its
interpreter may lie where only their owner can look.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import shell
from tests.lab.containers import Outcome
from tests.lab.errors import LabError
from tests.lab.processes import Owner
from tests.lab.situations.model import Unavailable, as_user
from tests.lab.stage import Stage
from tests.lab.state import locked, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.lab.engine import Engine
    from tests.lab.situations.model import User

# Readable by every user and kept on a disk: /tmp is often mounted without programs.
_SCRATCH = Path("/var/tmp")
_PREFIX = "hostshift-situations-"
_TIMEOUT = 120.0
# What the image's own settings say; runtimes that start from its files do not read them.
_IMAGE_PATH = "/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WRAPPER = """#!/bin/sh
PYTHONHOME={root}/usr PYTHONPATH={packages} exec {loader} {program} "$@"
"""


class Grounds:
    """One session's ground for all situations; closing it removes what was unpacked."""

    def __init__(self, stage: Stage, image: str) -> None:
        """Prepare; nothing is unpacked until a situation needs it."""
        self.stage = stage
        self.image = image
        self._kept: dict[str, Any] = {}
        self._closing = ExitStack()
        _forget_the_dead()

    @property
    def engine(self) -> Engine:
        """Give the Docker engine."""
        return self.stage.engine

    def named(self, name: str) -> str:
        """Give a name that no other session has."""
        return self.stage.named(name)

    @cached_property
    def scratch(self) -> Path:
        """Give a directory of this session's that every user can read."""
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_SCRATCH))
        (path / "owner").write_text(f"{Owner.me().label} {self.stage.session}", encoding="ascii")
        path.chmod(0o755)
        return path

    @cached_property
    def root(self) -> Path:
        """Give the image's root file system, without the mark that a container left in it."""
        need_root()
        root = self.scratch / "root"
        root.mkdir(mode=0o755)
        container = self.engine.client.containers.create(self.image, labels=self.stage.labels)
        try:
            unpack = ["tar", "-x", "--numeric-owner", "-C", str(root)]
            with subprocess.Popen(unpack, stdin=subprocess.PIPE) as tar:
                feed(tar, container.export())
        finally:
            container.remove(force=True)
        if tar.returncode:
            raise LabError(f"unpacking {self.image} failed with {tar.returncode}")
        (root / ".dockerenv").unlink(missing_ok=True)
        # Docker binds its own over this one and leaves it empty.
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
        return root

    @cached_property
    def programs(self) -> Path:
        """Give a directory with the image's programs, made so that they run on the host."""
        directory = self.scratch / "bin"
        directory.mkdir(mode=0o755)
        python = f"{self.root}/usr/bin/python3"
        self._wrap(directory / "python", python)
        self._wrap(directory / "hostshift", f"{python} -P -m hostshift")
        self._wrap(directory / "ask-detectors", f"{python} -P {self.root}/opt/detectors/ask.py")
        self._wrap(directory / "systemd-detect-virt", f"{self.root}/usr/bin/systemd-detect-virt")
        return directory

    def _wrap(self, path: Path, program: str) -> None:
        """Start a program by the loader and the libraries that it was made for."""
        loaders = ("lib64/ld-linux-*.so.*", "lib/ld-linux-*.so.*")
        loader = next(found for glob in loaders for found in self.root.glob(glob))
        libraries = next(self.root.glob("usr/lib/*-linux-gnu"))
        where = f"{loader} --library-path {libraries}:{libraries}/systemd"
        packages = next(self.root.glob("opt/venv/lib/python3*/site-packages"))
        text = _WRAPPER.format(root=self.root, packages=packages, loader=where, program=program)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def on_host(self, command: Sequence[str], user: User = "root") -> Outcome:
        """Run the image's programs, or any, on the host itself."""
        if user != "root":
            need_root()
        path = f"{self.programs}{os.pathsep}{shell.environment()['PATH']}"
        return run_process(as_user(command, user), {"PATH": path})

    def device(self, kind: str) -> str:
        """Give the name of a network device or namespace of this session's.

        The files that it leaves tell the next session of this one's death.
        """
        need_root()
        self.scratch.exists()
        return f"{kind}{self.stage.session}"

    def kept(self, name: str, make: Callable[[Grounds], AbstractContextManager[Any]]) -> Any:
        """Enter something once and keep it to the end of the session, or until dropped."""
        if name not in self._kept:
            leaving = self._closing.enter_context(ExitStack())
            self._kept[name] = leaving, leaving.enter_context(make(self))
        return self._kept[name][1]

    def drop(self, name: str) -> None:
        """Leave something that was kept."""
        leaving, _ = self._kept.pop(name)
        leaving.close()

    def close(self) -> None:
        """Remove what was unpacked; what mounts upon it did so out of our sight."""
        self._closing.close()
        if "scratch" in self.__dict__:
            shutil.rmtree(self.scratch)


def inside(command: Sequence[str], user: User = "root") -> list[str]:
    """Run a command inside the root file system, where nobody has set the image's variables."""
    return ["env", f"PATH={_IMAGE_PATH}", "LANG=C.UTF-8", *as_user(command, user)]


def run_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a program of the machine away from the project, with a bare environment.

    hostshift reads files of the project it runs in, and CI sets variables.
    """
    began = time.monotonic()
    path = shell.environment()["PATH"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env={"PATH": path, "LANG": "C.UTF-8", "HOME": "/nonexistent", **(environment or {})},
        timeout=_TIMEOUT,
        check=False,
    )
    return Outcome.of(done.returncode, done.stdout, done.stderr, began)


def feed(process: subprocess.Popen[bytes], chunks: Any) -> None:
    """Write to a process until there is no more."""
    if process.stdin is None:
        raise LabError("this process has no standard input")
    for chunk in chunks:
        process.stdin.write(chunk)
    process.stdin.close()


def must(command: Sequence[str]) -> str:
    """Run a program of the machine that must succeed; give what it said."""
    done = run_process(command)
    if done.code:
        raise LabError(f"{' '.join(command)} ended with {done.code}: {done.stderr[-1000:]}")
    return done.stdout.strip()


def need_root() -> None:
    """Skip where this is not root on Linux."""
    if not sys.platform.startswith("linux"):
        raise Unavailable("needs Linux")
    if os.geteuid() != 0:
        raise Unavailable("needs root")


def need(*files: str, packages: Sequence[str]) -> None:
    """Make sure of programs (or files, by their whole path); install the packages for them."""
    need_root()
    with locked("situations-packages"):
        if all(map(_there, files)):
            return
        wanted = " ".join(packages)
        if not shell.which("apt-get"):
            raise Unavailable(f"needs {wanted}")
        try:
            shell.apt_install(packages, state_dir() / "apt.log")
        except LabError:
            raise Unavailable(f"needs {wanted}, and this system has no such package") from None
        if not all(map(_there, files)):
            raise Unavailable(f"needs {', '.join(files)}, which {wanted} does not bring here")


def _there(file: str) -> bool:
    return Path(file).exists() if "/" in file else shell.which(file) is not None


def _forget_the_dead() -> None:
    """Remove the files and devices that killed sessions left on this machine."""
    for path in _SCRATCH.glob(f"{_PREFIX}*"):
        try:
            label, _, session = (path / "owner").read_text(encoding="ascii").partition(" ")
        except OSError:
            continue
        owner = Owner.parse(label)
        if owner is None or owner.dead:
            run_process(["ip", "link", "delete", f"mv{session}"])
            run_process(["ip", "link", "delete", f"lx{session}"])
            run_process(["ip", "netns", "delete", f"ns{session}"])
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def grounds(engine: Engine, image: str) -> Iterator[Grounds]:
    """Give the ground for a session, and clear it afterwards."""
    with Stage(engine) as stage:
        ground = Grounds(stage, image)
        try:
            yield ground
        finally:
            ground.close()
