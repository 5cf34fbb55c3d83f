"""Greetings of real servers, where this machine has them: as they are, locked, and by TLS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base.deadline import Deadline
from hostshift.machine import probe
from hostshift.resolution import readiness
from tests.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE = "127.0.0.1"
NOBODY = 65534
GROUP = 65534


def _program(*names: str) -> str:
    """Return the path of a server's program, or skip where this machine has none."""
    path = os.pathsep.join(["/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", "")])
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    if found is None:
        pytest.skip(f"this machine has no {' or '.join(names)}")
    return found


def _unused() -> int:
    with socket.create_server((HERE, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of an ordinary user, whom servers insist on. pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as directory:
        if os.geteuid() == 0:
            os.chown(directory, NOBODY, GROUP)
        yield Path(directory)


def _user() -> dict[str, Any]:
    root = os.geteuid() == 0
    return {"user": NOBODY, "group": GROUP, "extra_groups": []} if root else {}


@contextmanager
def _running(
    words: list[str],
    port: int,
    home: Path,
    *,
    ordinary: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """Run a server, as an ordinary user, until it accepts on its port, and end it by its id."""
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            words,
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **(_user() if ordinary else {}),
        )
    try:
        until = time.monotonic() + 60
        while not _accepts(port):
            assert process.poll() is None, (home / "log").read_text(errors="replace")
            assert time.monotonic() < until, "it does not start"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HERE, port), 1):
        return True
    return False


def _seen(port: int, protocol: str, host: str = HERE) -> tuple[bool | None, bool | None, bool]:
    """Greet, prove, and look whether it is ready, with time for a busy machine."""
    at = [(host, port)]
    return (
        probe.greets(at, protocol, Deadline(5, 30))[0],
        probe.proves(at, protocol, Deadline(5, 30))[0],
        readiness.is_ready(host, port, protocol),
    )


def _until(check: Callable[[], bool]) -> bool:
    until = time.monotonic() + 40
    while not check():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _certificate(home: Path) -> tuple[Path, Path]:
    certificate, key = Authority().sign("localhost")
    files = home / "server.crt", home / "server.key"
    for file, text in zip(files, (certificate, key), strict=True):
        file.write_text(text)
        if os.geteuid() == 0:
            os.chown(file, NOBODY, GROUP)
        file.chmod(0o600)
    return files


OTHERS = {
    "postgresql": ("redis", "mongodb", "amqp", "memcached"),
    "redis": ("postgresql", "mongodb", "amqp", "memcached"),
    "memcached": ("postgresql", "redis", "amqp"),
    "mysql": ("postgresql", "redis", "mongodb", "amqp", "memcached"),
    "amqp": ("postgresql", "redis", "mongodb", "memcached"),
    "mongodb": ("redis", "postgresql"),
}


def _is_none_of_the_others(port: int, protocol: str) -> None:
    for other in OTHERS[protocol]:
        assert probe.proves([(HERE, port)], other, Deadline(0.5, 20))[0] is not True, other


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_postgresql(home: Path, tls: bool) -> None:
    server = os.path.realpath(_program("postgres"))  # its initdb is beside it
    initdb = str(Path(server).with_name("initdb"))
    data, port = home / "data", _unused()
    (home / "word").write_text("word\n")
    subprocess.run(
        [
            initdb,
            "-D",
            str(data),
            "-U",
            "owner",
            "--auth=scram-sha-256",
            f"--pwfile={home}/word",
            "-N",
        ],
        check=True,
        capture_output=True,
        cwd=home,
        env={"PATH": os.environ["PATH"], "LANG": "C"},
        **_user(),
    )
    words = [server, "-D", str(data), "-p", str(port), "-h", HERE, "-k", str(home), "-F"]
    if tls:
        certificate, key = _certificate(home)
        words += ["-cssl=on", f"-cssl_cert_file={certificate}", f"-cssl_key_file={key}"]
    with _running(words, port, home):
        assert _until(lambda: readiness.is_ready(HERE, port, "postgresql"))
        before = (home / "log").read_text()
        assert probe.greets([(HERE, port)], "postgresql", Deadline(5, 30)) == (True,)
        time.sleep(0.2)
        # Where TLS is on, the server notes that nobody went on after the letter.
        assert ((home / "log").read_text() == before) is not tls
        assert _seen(port, "postgresql") == (True, True, True)
        _is_none_of_the_others(port, "postgresql")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="open"),
        pytest.param(["--requirepass", "word"], id="a password"),
        pytest.param(["--maxclients", "1"], id="full"),
        pytest.param(["--rename-command", "PING", "x"], id="PING is called otherwise"),
    ],
)
def test_redis(home: Path, options: list[str]) -> None:
    port = _unused()
    words = [_program("redis-server"), "--port", str(port), "--bind", HERE, "--save", ""]
    with _running([*words, *options], port, home):
        full = "--maxclients" in options
        with socket.create_connection((HERE, port)) if full else nullcontext():
            time.sleep(0.1)
            assert _seen(port, "redis") == (True, True, True)
        if not options:
            _is_none_of_the_others(port, "redis")


def test_redis_by_tls_alone(home: Path) -> None:
    port, (certificate, key) = _unused(), _certificate(home)
    words = [_program("redis-server"), "--port", "0", "--tls-port", str(port), "--bind", HERE]
    words += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    words += ["--tls-ca-cert-file", str(certificate), "--save", ""]
    with _running(words, port, home):
        assert _seen(port, "redis") == (True, None, True)


def test_a_replica_without_its_master_is_not_ready(home: Path) -> None:
    port = _unused()
    words = [_program("redis-server"), "--port", str(port), "--bind", HERE, "--save", ""]
    words += ["--replicaof", HERE, str(_unused()), "--replica-serve-stale-data", "no"]
    with _running(words, port, home):
        assert _seen(port, "redis") == (True, True, False)


@pytest.mark.parametrize("locked", [False, True], ids=["open", "a password"])
def test_memcached(home: Path, locked: bool) -> None:
    port = _unused()
    words = [_program("memcached"), "-l", HERE, "-p", str(port), "-U", "0"]
    if locked:
        (home / "users").write_text("user:word\n")
        words += ["-Y", str(home / "users")]
    with _running(words, port, home):
        assert _seen(port, "memcached") == (True, True, True)
        _is_none_of_the_others(port, "memcached")


def _own_address() -> str:
    """Return an address of this machine that is not loopback: MySQL spares loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError):
        asking.connect(("192.0.2.1", 9))  # sends nothing
        found: str = asking.getsockname()[0]
        if not found.startswith("127."):
            return found
    pytest.skip("this machine has no address but loopback")


def test_mysql_counts_no_error_against_this_machine(home: Path) -> None:
    """A server that blocks a host after two interrupted handshakes is asked twelve times."""
    server, port, host = _program("mariadbd", "mysqld"), _unused(), _own_address()
    install = _program("mariadb-install-db", "mysql_install_db")
    data = home / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, NOBODY, GROUP)
    places = ["--no-defaults", f"--datadir={data}", f"--tmpdir={home}"]
    subprocess.run(
        [install, *places, "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
        cwd=home,
        **_user(),
    )
    words = [
        server,
        *places,
        f"--port={port}",
        "--bind-address=0.0.0.0",
    ]
    words += [f"--socket={home}/s", "--max-connect-errors=2", f"--pid-file={home}/pid"]
    (home / "users").write_text("CREATE USER somebody@'%' IDENTIFIED BY 'word';\n")
    words += [f"--init-file={home}/users"]
    with _running(words, port, home):
        for _ in range(4):
            assert _seen(port, "mysql", host) == (True, True, True)
        _is_none_of_the_others(port, "mysql")
        for _ in range(3):  # as it was done before: this server would have blocked this machine
            with socket.create_connection((host, port)) as asking:
                asking.recv(4096)
            time.sleep(0.2)
        assert _seen(port, "mysql", host) == (True, True, False)


def test_rabbitmq(home: Path) -> None:
    port, tls, distribution = _unused(), _unused(), _unused()
    certificate, key = _certificate(home)
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = {HERE}:{port}\nlisteners.ssl.1 = {HERE}:{tls}\n"
        f"ssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\n"
        f"ssl_options.cacertfile = {certificate}\n"
    )
    (home / "plugins").write_text("[].\n")
    script = _program("rabbitmq-server")
    if Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists():  # Debian's other one drops to a user
        script = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    mapper = str(_unused())
    epmd = subprocess.Popen(
        [_program("epmd"), "-address", HERE, "-port", mapper],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        **_user(),
    )
    names = {
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "logs"),
        "RABBITMQ_NODENAME": "greeted@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_PORT": mapper,
    }
    try:
        with _running([script], port, home, environ=names):
            assert _until(lambda: _accepts(tls))
            assert _seen(port, "amqp") == (True, True, True)
            assert _seen(tls, "amqp") == (True, None, True)
            _is_none_of_the_others(port, "amqp")
    finally:
        epmd.terminate()
        epmd.wait(10)


SECANTUS = """
import signal, sys
from secantus import SecantusDBServer
port, *tls = sys.argv[1:]
files = dict(zip(("tls_cert_file", "tls_key_file"), tls))
SecantusDBServer(port=int(port), storage_path=":memory:", cache_size="64M", **files).start()
signal.pause()
"""


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_mongodb(tmp_path: Path, tls: bool) -> None:
    pytest.importorskip("secantus")
    port, files = _unused(), _certificate(tmp_path) if tls else ()
    words = [sys.executable, "-P", "-c", SECANTUS, str(port), *map(str, files)]
    with _running(words, port, tmp_path, ordinary=False):
        assert _seen(port, "mongodb") == (True, None if tls else True, True)
        if not tls:
            _is_none_of_the_others(port, "mongodb")
