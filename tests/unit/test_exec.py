"""`hostshift exec` becomes the command: nothing of its own is left in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)
MAP = {"HOSTSHIFT_MAP": "localhost:5432=db.example.com:15432"}


def _run(
    *words: str, cwd: Path, env: dict[str, str] | None = None, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "exec", *words],
        cwd=cwd,
        env={"PATH": PATH, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        input=given,
    )


def test_the_command_gets_the_resolved_environment(tmp_path: Path) -> None:
    env = {**MAP, "DATABASE_URL": "postgresql://u:p%40x@localhost:5432/d", "OTHER": "localhost"}
    ran = _run("--", "sh", "-c", 'echo "$DATABASE_URL $OTHER"', cwd=tmp_path, env=env)
    assert ran.stdout == "postgresql://u:p%40x@db.example.com:15432/d localhost\n"
    assert ran.stderr == ""


@pytest.mark.parametrize("code", [0, 1, 7, 126, 255])
def test_exit_codes(tmp_path: Path, code: int) -> None:
    assert _run("--", "sh", "-c", f"exit {code}", cwd=tmp_path).returncode == code


@pytest.mark.parametrize("flags", [["-v"], ["--verbose", "-v"]])
def test_a_flag_may_stand_before_the_command(tmp_path: Path, flags: list[str]) -> None:
    ran = subprocess.run(
        [COMMAND, *flags, "exec", "--", "echo", "hi"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "hi\n")
    assert "no variable holds an address" in ran.stderr


def test_streams_are_the_commands(tmp_path: Path) -> None:
    ran = _run("--", "sh", "-c", "cat; echo error >&2", cwd=tmp_path, given="a\0b\n")
    assert (ran.stdout, ran.stderr) == ("a\0b\n", "error\n")


def _ignore_nothing() -> None:
    """Undo what is inherited from whoever runs the tests by ``nohup`` or in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_signals_reach_the_command_itself(tmp_path: Path, number: signal.Signals) -> None:
    """The process that was started is the command, in the same process group."""
    program = "echo $$ $(ps -o pgid= -p $$); exec sleep 30"
    process = subprocess.Popen(
        [COMMAND, "exec", "--", "sh", "-c", program],
        cwd=tmp_path,
        env={"PATH": PATH},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_ignore_nothing,  # noqa: PLW1509 - no threads
    )
    assert process.stdout is not None
    try:
        pid, group = map(int, process.stdout.readline().split())
        assert (pid, group) == (process.pid, process.pid)
        process.send_signal(number)
        assert process.wait(10) == -number
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def test_ignored_signals_are_as_they_were(tmp_path: Path) -> None:
    """Python ignores SIGPIPE, and a command would inherit that."""
    ran = _run("--", "grep", "SigIgn", "/proc/self/status", cwd=tmp_path)
    plain = subprocess.run(
        ["grep", "SigIgn", "/proc/self/status"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == plain.stdout


def test_open_files_are_passed_on(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    program = f"import os; os.write({writing}, b'hello\\n')"
    words = [COMMAND, "exec", "--", sys.executable, "-c", program]
    subprocess.run(words, cwd=tmp_path, env={"PATH": PATH}, pass_fds=[writing], check=True)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert said.read() == "hello\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "there is no COMMAND: name it behind --"),
        (("--",), 2, "there is no COMMAND: name it behind --"),
        (("--klingon", "true"), 2, "there is no option --klingon"),
        (("--wait",), 2, "--wait needs a value"),
        (("--wait", "URL=soon", "--", "true"), 2, "--wait URL= takes a number of seconds"),
        (("--env-file", "none.env", "--", "true"), 2, "none.env does not exist: name a .env file"),
        (("--", "no-such-command"), 127, "no-such-command: command not found"),
        (("--", "/etc/passwd"), 126, "/etc/passwd: Permission denied"),
    ],
)
def test_what_cannot_be(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ran = _run(*words, cwd=tmp_path)
    assert ran.returncode == code
    assert ran.stderr.startswith(f"hostshift: {said}")
    assert ran.stdout == ""


def test_a_wrong_setting_starts_nothing(tmp_path: Path) -> None:
    env = {"HOSTSHIFT_MODE": "sideways", "DATABASE_URL": "postgresql://localhost/d"}
    ran = _run("--", "sh", "-c", "echo started", cwd=tmp_path, env=env)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "HOSTSHIFT_MODE" in ran.stderr


def test_help(tmp_path: Path) -> None:
    ran = _run("--help", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("usage: hostshift exec ")


def test_a_command_without_dashes_keeps_its_options(tmp_path: Path) -> None:
    assert _run("printf", "%s", "--wait", cwd=tmp_path).stdout == "--wait"


def test_files_of_variables(tmp_path: Path) -> None:
    """What is set goes before a file, a later file before an earlier one."""
    (tmp_path / ".env").write_text(
        "A=file\nB=file\nexport URL='postgresql://u:p$x@localhost:5432/d'\n"
        "HOSTSHIFT_MAP=localhost:5432=db.example.com:1\n"
    )
    (tmp_path / "more.env").write_text("B=more\n")
    words = ("--env-file", ".env", "--env-file=more.env", "--", "sh", "-c", 'echo "$A $B $URL"')
    ran = _run(*words, cwd=tmp_path, env={"A": "set"})
    assert ran.stdout == "set more postgresql://u:p$x@db.example.com:1/d\n"


class TestWait:
    """Until the server is ready, which is a question of its protocol."""

    @pytest.fixture
    def port(self) -> Iterator[int]:
        """Serve what answers as a PostgreSQL that starts, and from half a second on is ready."""
        server = socket.create_server(("127.0.0.1", 0))
        began = time.monotonic()

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(100)
                    ready = time.monotonic() - began > 0.5
                    client.sendall(b"R\0\0\0\x08\0\0\0\3" if ready else b"E\0\0\0\x0eC57P03\0\0")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()

    def test_it_waits_and_goes_on(self, tmp_path: Path, port: int) -> None:
        env = {"URL": f"postgresql://u:s3cret@127.0.0.1:{port}/d"}
        began = time.monotonic()
        ran = _run("--wait", "URL=20", "--", "echo", "on", cwd=tmp_path, env=env)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "on\n", "")
        assert time.monotonic() - began > 0.3

    def test_it_gives_up(self, tmp_path: Path) -> None:
        """With the code of `timeout`, and without a word of the string but its address."""
        env = {"URL": "postgresql://u:s3cret@127.0.0.1:1/d"}
        ran = _run("--wait=URL=0.3", "--", "echo", "on", cwd=tmp_path, env=env)
        assert (ran.returncode, ran.stdout) == (124, "")
        assert ran.stderr == "hostshift: URL: 127.0.0.1:1 is not ready (waited 0.3 s)\n"

    def test_a_variable_that_is_not_there(self, tmp_path: Path) -> None:
        ran = _run("--wait=URL", "--", "echo", "on", cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (124, "")
        assert "URL is not set" in ran.stderr


@pytest.mark.parametrize(
    "env",
    [{"PUBLIC_URL": "http://localhost"}, {"DATABASE_URL": "postgresql://db.example.com/d"}],
)
def test_it_loads_no_library(tmp_path: Path, env: dict[str, str]) -> None:
    """Seen by the interpreter's own list of imports."""
    shown = {**env, "PYTHONPROFILEIMPORTTIME": "1"}
    ran = _run("--", "true", cwd=tmp_path, env=shown)
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "hostshift" in names
    third_party = {"pydantic", "pydantic_settings", "dns", "yaml", "docker", "dotenv", "rich"}
    assert not names & third_party
    assert "argparse" not in names
