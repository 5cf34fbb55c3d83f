"""The command on odd machines: only documented exit codes, and never a traceback."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hostshift
from hostshift.cli import main
from hostshift.cli.output import INTERRUPTED, NO_READER, UNWRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)
URL = "redis://:s3cret@127.0.0.1:21999/0"
TEXTS = {
    "resolve": ("resolve", URL),
    "explain": ("explain", URL),
    "vantage": ("vantage", "--json"),
    "env": ("env",),
    "topology": ("topology",),
    "version": ("--version",),
    "help": ("--help",),
    "help of exec": ("exec", "--help"),
}
ODD = {
    "an empty root": ("vantage", "--root", "empty"),
    "an empty root as JSON": ("vantage", "--root", "empty", "--json"),
    "no root": ("vantage", "--root", "nowhere"),
    "no place for a capture": ("vantage", "--capture", "/dev/null/x"),
    "no dialect": ("resolve", "--dialect", "klingon", "x"),
    "verbose": ("-v", "resolve", URL),
    "no file": ("env", "--file", "nowhere"),
    "no format": ("env", "--format", "yaml"),
    "nothing to save": ("topology", "--save", "x.json"),
    "nothing to check": ("topology", "--check", "x.json"),
    "services as JSON": ("topology", "--json"),
    "no option of exec": ("exec", "--nope"),
    "no command of exec": ("exec", "--", "/nowhere"),
    "nothing to wait for": ("exec", "-v", "--wait", "NOPE=0", "--", "true"),
    "no command": ("klingon",),
}
ODD_CODES = {
    **dict.fromkeys((ODD["an empty root"], ODD["an empty root as JSON"], ODD["verbose"]), 0),
    ODD["services as JSON"]: 0,
    ODD["nothing to wait for"]: 124,
    ODD["no command of exec"]: 127,
}
"""Those that end with something else than 2 where nothing is closed."""
EXEC_CODES = {0, 2, 124, 126, 127}
CODES = {0, 1, 2, UNWRITTEN, INTERRUPTED, NO_READER}


def _run(
    words: Sequence[str], cwd: Path | str = "/", env: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    environment = {"PATH": PATH, "HOSTSHIFT_SOURCES": "saved", **(env or {})}
    return subprocess.run(
        [COMMAND, *words], cwd=cwd, env=environment, check=False, timeout=60, **more
    )


def _closing(*streams: int) -> Callable[[], None]:
    def close() -> None:
        for stream in streams:
            os.close(stream)

    return close


# --- standard streams ---------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)], ids=str)
def test_exec_starts_the_command_with_streams_closed(
    streams: tuple[int, ...], tmp_path: Path
) -> None:
    """And leaves them as they were: closed."""
    script = "exec 9>seen; for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && echo $n >&9; done; exit 7"
    ran = _run(
        ["exec", "--", "sh", "-c", script],
        cwd=tmp_path,
        env={"CACHE_URL": URL},
        preexec_fn=_closing(*streams),
    )
    assert ran.returncode == 7
    found = {int(line) for line in (tmp_path / "seen").read_text().split()}
    assert found == {0, 1, 2} - set(streams)


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_an_answer_that_cannot_be_written_ends_with_3(words: Sequence[str]) -> None:
    closed = _run(words, preexec_fn=_closing(1))
    assert closed.returncode == UNWRITTEN
    assert b"no standard output" in closed.stderr
    with Path("/dev/full").open("wb") as full:
        ran = _run(words, stdout=full)
    assert ran.returncode == UNWRITTEN
    assert ran.stderr == b"hostshift: the answer cannot be written: No space left on device\n"


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_a_reader_that_left_ends_it_without_a_word(words: Sequence[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        ran = _run(words, stdout=out)
    assert (ran.returncode, ran.stderr) == (NO_READER, b"")


@pytest.mark.parametrize("words", [("resolve", "--klingon"), ("resolve", "-"), ("exec",)], ids=str)
def test_what_is_wrong_ends_with_2_where_nobody_can_hear_it(words: Sequence[str]) -> None:
    ran = _run(words, preexec_fn=_closing(0, 2))
    assert (ran.returncode, ran.stdout) == (2, b"")


@pytest.mark.parametrize("streams", [(2,), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("words", ODD.values(), ids=ODD)
def test_whatever_is_closed_it_ends_as_it_does_otherwise(
    words: Sequence[str], streams: tuple[int, ...], tmp_path: Path
) -> None:
    """A traceback would not be seen, but end it with 1."""
    (tmp_path / "empty").mkdir()
    code = ODD_CODES.get(tuple(words), 2)
    ran = _run(words, cwd=tmp_path, stdin=subprocess.DEVNULL, preexec_fn=_closing(*streams))
    assert ran.returncode == (UNWRITTEN if code == 0 and 1 in streams else code)
    assert b"Traceback" not in ran.stderr + ran.stdout


def test_a_text_of_any_bytes() -> None:
    """From standard input, from the arguments, and from the environment."""
    text = b"redis://u:\xff\xfe@127.0.0.1:21999/0"
    assert _run(["resolve", "-"], input=text).stdout == text + b"\n"
    ran = subprocess.run(
        [COMMAND.encode(), b"resolve", text], cwd="/", capture_output=True, check=True
    )
    assert ran.stdout == text + b"\n"


# --- the environment ----------------------------------------------------------------------------


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8"}])
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.binary(max_size=40).filter(lambda value: b"\0" not in value))
def test_every_byte_of_the_environment_survives(
    locale: dict[str, str], tmp_path: Path, value: bytes
) -> None:
    """And no variable is added: Python sets LC_CTYPE where the locale is C."""
    given_ = {
        **{os.fsencode(name): os.fsencode(text) for name, text in locale.items()},
        b"PATH": os.fsencode(PATH),
        b"ODD_\xff": b"x" + value,
        b"LINES": b"a\nb",
        b"NO": b"",
        b"CACHE_URL": b"redis://u:" + value.hex().encode() + b"@127.0.0.1:21999/\xc3\xbc",
    }
    words = [COMMAND, "exec", "--", "cat", "/proc/self/environ"]
    ran = subprocess.run(words, cwd=tmp_path, env=given_, capture_output=True, check=True)
    found = dict(one.split(b"=", 1) for one in ran.stdout.split(b"\0") if one)
    assert found == given_


def test_lc_ctype_that_the_user_set_is_kept() -> None:
    ran = _run(["exec", "--", "printenv", "LC_CTYPE"], env={"LC_CTYPE": "C.UTF-8"})
    assert ran.stdout == b"C.UTF-8\n"


# --- limits -------------------------------------------------------------------------------------


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))


def _gone(directory: Path) -> Callable[[], None]:
    def leave() -> None:
        directory.mkdir()
        os.chdir(directory)
        directory.rmdir()

    return leave


MACHINES: dict[str, dict[str, Any]] = {
    "no home": {"env": {"CACHE_URL": URL}},
    "a home that is none": {"env": {"CACHE_URL": URL, "HOME": "/dev/null/x"}},
    "few files": {"env": {"CACHE_URL": URL}, "preexec_fn": _few_files},
    "the directory is gone": {"env": {"CACHE_URL": URL}},
    "C": {"env": {"CACHE_URL": URL, "LC_ALL": "C", "PYTHONUTF8": "0"}},
    "ascii": {"env": {"CACHE_URL": URL, "PYTHONIOENCODING": "ascii"}},
    "an old settings name": {"env": {"CACHE_URL": URL, "HOSTSHIFT_\udcff": "x"}},
    "no PATH": {"env": {"CACHE_URL": URL, "PATH": "/nowhere"}},
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("command", ["resolve", "vantage", "env", "topology"])
def test_only_documented_codes_and_no_traceback(command: str, machine: str, tmp_path: Path) -> None:
    more = dict(MACHINES[machine])
    if machine == "the directory is gone":
        more["preexec_fn"] = _gone(tmp_path / "gone")
    ran = _run(TEXTS[command], **more)
    assert ran.returncode in CODES
    assert b"Traceback" not in ran.stderr
    assert b"s3cret" not in ran.stderr


@pytest.mark.parametrize("machine", MACHINES)
def test_exec_on_the_same_machines(machine: str, tmp_path: Path) -> None:
    more = dict(MACHINES[machine])
    if machine == "the directory is gone":
        more["preexec_fn"] = _gone(tmp_path / "gone")
    ran = _run(["exec", "-v", "--", "/bin/echo", "on"], **more)
    assert (ran.returncode, ran.stdout) == (0, b"on\n")
    assert b"Traceback" not in ran.stderr
    assert b"s3cret" not in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone has namespaces of its own")
@pytest.mark.parametrize("words", [*TEXTS.values(), ("exec", "--", "true")], ids=[*TEXTS, "exec"])
def test_on_a_read_only_root(words: Sequence[str]) -> None:
    script = 'mount -o remount,bind,ro / 2>/dev/null || mount --bind / / && exec "$@"'
    shell = ["unshare", "-m", "sh", "-c", script, "sh", COMMAND, *words]
    ran = subprocess.run(
        shell, cwd="/", env={"PATH": PATH, "CACHE_URL": URL}, capture_output=True, check=False
    )
    assert ran.returncode in CODES
    assert b"Traceback" not in ran.stderr


# --- files of variables -------------------------------------------------------------------------

FILES: dict[str, tuple[bytes, str]] = {
    "latin-1": (b"CITY=K\xf6ln\n", "it is not UTF-8 (at byte 6)"),
    "long": (b"A=b\n" * 300_000, "longer than 1 MiB"),
    "nested": (b"A=" + b"${A:-" * 1000 + b"\n", ""),
    "a NUL": (b"CITY=a\0b\nTOWN=c\n", "1 variable is left out"),
    "an equals sign in a name": (b"'A=B'=c\n", "1 variable is left out"),
    "nothing": (b"", ""),
    "no text": (bytes(range(256)), ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_variables_of_any_kind(kind: str, tmp_path: Path) -> None:
    content, said = FILES[kind]
    (tmp_path / "odd.env").write_bytes(content)
    began = time.monotonic()
    ran = _run(["exec", "--env-file", "odd.env", "--", "true"], cwd=tmp_path)
    assert ran.returncode in EXEC_CODES
    assert said in ran.stderr.decode()
    assert b"Traceback" not in ran.stderr
    printed = _run(["env", "--file", "odd.env"], cwd=tmp_path)
    assert printed.returncode in CODES
    assert b"Traceback" not in printed.stderr
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("kind", ["directory", "pipe", "device", "nothing"])
def test_what_is_no_file_of_variables_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.env"
    if kind == "directory":
        odd.mkdir()
    elif kind == "pipe":
        os.mkfifo(odd)
    elif kind == "device":
        odd.symlink_to("/dev/zero")
    ran = _run(["exec", "--env-file", "odd.env", "--", "true"], cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"hostshift: odd.env")
    assert ran.stderr.count(b"\n") == 1


# --- signals ------------------------------------------------------------------------------------

WAITING = ["exec", "--wait", "CACHE_URL=50", "--", "echo", "started"]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def _waiting(*before: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that waits for a server which accepts, and says nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        process = subprocess.Popen(
            [*before, COMMAND, *WAITING],
            env={"PATH": PATH, "CACHE_URL": url, "HOSTSHIFT_SOURCES": "saved"},
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_hear,  # noqa: PLW1509 - no threads
        )
        try:
            with server.accept()[0]:
                yield process
        finally:
            process.kill()
            process.wait()


def _hear() -> None:
    """Take signals: who runs the tests in the background of a shell ignores SIGINT."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[bytes]]:
    yield from _waiting()


@pytest.fixture
def first_of_a_namespace() -> Iterator[subprocess.Popen[bytes]]:
    yield from _waiting("unshare", "--fork", "--pid")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_as_it_ends_any_program(
    number: signal.Signals, waiting: subprocess.Popen[bytes]
) -> None:
    """A shell says 128 and the number of it."""
    waiting.send_signal(number)
    assert waiting.communicate(timeout=30) == (b"", b"")
    assert waiting.returncode == -number


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone has namespaces of its own")
@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_process_of_a_container_ends_too(
    number: signal.Signals, first_of_a_namespace: subprocess.Popen[bytes]
) -> None:
    """It has no default action, so the kernel drops what it does not handle."""
    parent = first_of_a_namespace.pid
    child = int(Path(f"/proc/{parent}/task/{parent}/children").read_text())
    os.kill(child, number)
    assert first_of_a_namespace.communicate(timeout=30) == (b"", b"")
    assert first_of_a_namespace.returncode == 128 + number


def test_ctrl_c_in_another_command_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hostshift.cli.commands._resolve", interrupted)
    assert main(["resolve", URL]) == INTERRUPTED


@pytest.mark.parametrize("seconds", ["nan", "-1", "inf", "soon", "1e999"])
def test_a_wait_that_could_not_end_is_refused(seconds: str) -> None:
    ran = _run(["exec", "--wait", f"CACHE_URL={seconds}", "--", "true"], env={"CACHE_URL": URL})
    assert ran.returncode == 2
    assert b"takes a number of seconds" in ran.stderr


def test_the_version() -> None:
    ran = _run(["--version"])
    assert (ran.returncode, ran.stdout) == (0, f"hostshift {hostshift.__version__}\n".encode())
