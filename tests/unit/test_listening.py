"""Listening sockets of this machine: real ones, by netlink and by the kernel's files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.detect import listeners, netlink
from hostshift.detect.procfs import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="netlink and /proc are Linux's")


def _row(address: str, *, only_v6: bool = False) -> Listener:
    return Listener(address=address, port=1, inode=1, only_v6=only_v6)


@pytest.mark.parametrize(
    ("address", "host", "reached"),
    [
        ("0.0.0.0", "localhost", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "127.1", True),
        ("127.0.0.1", "::1", False),
        ("::1", "localhost", True),
        ("::1", "127.0.0.1", False),
        ("::", "127.0.0.1", True),
        ("::", "::1", True),
        ("127.0.0.11", "localhost", False),
        ("127.0.0.53", "localhost", False),
        ("172.17.0.2", "localhost", False),
    ],
)
def test_which_rows_count(address: str, host: str, reached: bool) -> None:
    assert listeners.reached_by(_row(address), host) is reached


def test_a_wildcard_that_is_ipv6_only() -> None:
    assert not listeners.reached_by(_row("::", only_v6=True), "127.0.0.1")
    assert listeners.reached_by(_row("::", only_v6=True), "localhost")


def test_netlink_and_the_files_see_the_same() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        ports = {four.getsockname()[1], six.getsockname()[1]}
        by_netlink = {(row.address, row.port, row.inode) for row in netlink.listeners()}
        rows = [row for name in ("tcp", "tcp6") for row in listeners._file(name) or ()]
        by_file = {(row.address, row.port, row.inode) for row in rows}
        inode = os.fstat(four.fileno()).st_ino
        assert ("127.0.0.1", four.getsockname()[1], inode) in by_netlink
        mine = {row for row in by_netlink if row[1] in ports}
        assert len(mine) == 2
        assert mine == {row for row in by_file if row[1] in ports}


def test_v6only_is_seen() -> None:
    with socket.socket(socket.AF_INET6) as only:
        only.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        only.bind(("::", 0))
        only.listen()
        port = only.getsockname()[1]
        assert [row.only_v6 for row in netlink.listeners() if row.port == port] == [True]
        assert listeners.has_foreign_listener("127.0.0.1", port) is False


def test_own_sockets_do_not_count_another_process_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        assert listeners.has_foreign_listener("localhost", mine.getsockname()[1]) is False
    program = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert listeners.has_foreign_listener("localhost", port) is True
        assert listeners.has_foreign_listener("::1", port) is False
        other.communicate()
    assert listeners.has_foreign_listener("localhost", port) is False


def test_an_ancestors_socket_does_not_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        asked = f"listeners.has_foreign_listener('localhost', {port})"
        program = f"from hostshift.detect import listeners; print({asked})"
        done = subprocess.run(
            [sys.executable, "-P", "-c", program], capture_output=True, check=True, text=True
        )
    assert done.stdout == "False\n"


def test_interfaces() -> None:
    found = {interface.name: interface for interface in netlink.interfaces()}
    assert "127.0.0.1" in found["lo"].addresses
    assert set(found) == {name for _, name in socket.if_nameindex()}


NO_NETLINK = """
import socket
made = socket.socket
class Without(made):
    def __init__(self, family=-1, *more, **named):
        if family == getattr(socket, "AF_NETLINK", None):
            raise PermissionError(1, "Operation not permitted")
        super().__init__(family, *more, **named)
socket.socket = Without
"""
"""A filter of system calls, as gVisor and some runtimes have it, allows no netlink."""
NO_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
"""
ASK = """
from hostshift.base import addresses
from hostshift.detect import listeners, netlink
print(*[listeners.has_foreign_listener(host, {port}) for host in ("localhost", "127.0.0.1", "::1")])
print(listeners.has_foreign_listener("localhost", 1), listeners.foreign_owner("localhost", 1))
"""


def _asked(port: int, before: str = "", *, without_proc: bool = False) -> str:
    """Ask in a process of its own."""
    ask = ASK.format(port=port)
    imports = "from hostshift.base import addresses"
    imports += "; from hostshift.detect import listeners, netlink"
    program = f"{imports}\n{before}{ask}"
    hidden = "mount -t tmpfs none /proc; " if without_proc else ""
    words = [
        "unshare",
        "-m",
        "sh",
        "-c",
        f"{hidden}exec '{sys.executable}' -P -c \"$1\"",
        "sh",
        program,
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("no mount namespace may be made here")
    assert done.stderr == ""
    return done.stdout


LISTENER = """
import os, socket, sys
address, only_v6, user = sys.argv[1], *map(int, sys.argv[2:])
if user:
    os.setuid(user)
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
    if ":" in address:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
    server.bind((address, 0))
    server.listen()
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@contextmanager
def _listening(address: str, *, only_v6: bool = False, user: int = 0) -> Iterator[int]:
    """Listen in another process."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", LISTENER, address, str(int(only_v6)), str(user)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        yield int(other.stdout.readline())
        other.communicate()


@pytest.mark.parametrize(
    ("address", "only_v6", "before", "without_proc", "expected"),
    [
        pytest.param("127.0.0.1", False, "", False, "True True False", id="all can be read"),
        pytest.param("127.0.0.1", False, NO_NETLINK, False, "True True False", id="files"),
        pytest.param("127.0.0.1", False, NO_DESCRIPTORS, False, "None None None", id="EMFILE"),
        pytest.param("127.0.0.1", False, NO_NETLINK, True, "None None None", id="nothing"),
        pytest.param("127.0.0.1", False, "", True, "None None False", id="whose it is, unknown"),
        pytest.param("::", True, "", False, "True False True", id="IPv6 only"),
        pytest.param("::", True, NO_NETLINK, False, "True None True", id="IPv6 only, by files"),
        pytest.param("::", False, "", False, "True True True", id="both families"),
    ],
)
def test_what_cannot_be_read_is_unknown(
    address: str, only_v6: bool, before: str, without_proc: bool, expected: str
) -> None:
    with _listening(address, only_v6=only_v6) as port:
        first, second = _asked(port, before, without_proc=without_proc).splitlines()
    assert first == expected
    # That nothing is there is unknown as well where no table can be read.
    unread = before == NO_DESCRIPTORS or (before == NO_NETLINK and without_proc)
    assert second == ("None None" if unread else "False False")


@contextmanager
def _reserved(family: int, host: str, port: int) -> Iterator[None]:
    """Keep others from listening on a port: it is bound, and nobody listens on it."""
    with socket.socket(family) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        yield


def test_a_row_is_proof_though_one_file_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a sandbox hides one of the two; netlink is not there at all."""

    def refuse() -> tuple[Listener, ...]:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(netlink, "listeners", refuse)
    read = listeners._file
    with (
        _listening("127.0.0.1") as four,
        _listening("::1") as six,
        _reserved(socket.AF_INET6, "::1", four),
        _reserved(socket.AF_INET, "127.0.0.1", six),
    ):
        for hidden, seen, unseen in (("tcp", six, four), ("tcp6", four, six)):
            monkeypatch.setattr(
                listeners,
                "_file",
                lambda name, hidden=hidden: None if name == hidden else read(name),
            )
            assert listeners.has_foreign_listener("localhost", seen) is True
            assert listeners.has_foreign_listener("localhost", unseen) is None
            assert listeners.foreign_owner("localhost", seen) is None


MAPPED = ("::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:127.0.0.1", "0:0:0:0:0:ffff:7f00:1")


@pytest.mark.parametrize(
    ("bound", "only_v6", "dialled", "takes"),
    [
        *(("127.0.0.1", False, host, True) for host in MAPPED),
        *((bound, False, "127.0.0.1", True) for bound in MAPPED),
        *((bound, False, host, True) for bound in MAPPED for host in MAPPED),
        ("::ffff:0.0.0.0", False, "10.0.0.1", True),
        ("10.0.0.1", False, "::ffff:a00:1", True),
        ("::ffff:10.0.0.1", False, "10.0.0.1", True),
        ("0.0.0.0", False, "::ffff:10.0.0.1", True),
        ("::", False, "::ffff:10.0.0.1", True),
        ("::", True, "::ffff:10.0.0.1", False),
        ("::", True, "::ffff:127.0.0.1", False),
        ("::", True, "fd00::1", True),
        ("fd00:0::1", False, "fd00::1", True),
        ("0.0.0.0", False, "fd00::1", False),
        ("10.0.0.2", False, "::ffff:10.0.0.1", False),
        ("::1", False, "::ffff:127.0.0.1", False),
    ],
)
def test_an_address_inside_ipv6_is_compared_as_ipv4(
    bound: str, only_v6: bool, dialled: str, takes: bool
) -> None:
    row = Listener(address=bound, port=1, inode=1, only_v6=only_v6, uid=0)
    assert listeners._takes(row, dialled) is takes


def test_whose_a_listener_is() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    with _listening("127.0.0.1", user=65533) as theirs, _listening("0.0.0.0") as ours:
        assert listeners.foreign_owner("localhost", theirs) is True
        assert listeners.foreign_owner("127.0.0.1", theirs) is True
        for spelling in (*MAPPED, "127.1", "2130706433", "0.0.0.0", "0"):
            assert listeners.foreign_owner(spelling, theirs) is True
            assert listeners.has_foreign_listener(spelling, theirs) is True
            assert listeners.is_listening(spelling, theirs)
            assert listeners.foreign_owner(spelling, ours) is False
        assert listeners.foreign_owner("127.0.0.9", theirs) is False
        assert listeners.foreign_owner("::ffff:127.0.0.9", theirs) is False
        assert listeners.foreign_owner("::1", theirs) is False
        assert listeners.foreign_owner("localhost", ours) is False
        by_files = {(row.port, row.uid) for row in listeners._by_files().rows}
        assert {(theirs, 65533), (ours, 0)} <= by_files
        for user, answer in ((65533, "False"), (65532, "True")):
            program = (
                "import os; from hostshift.detect import listeners as l, netlink; "
                f"os.setuid({user}); print(l.foreign_owner('localhost', {theirs}))"
            )
            done = subprocess.run(
                [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
            )
            assert done.stdout == f"{answer}\n"


class Kernel:
    """Answers dumps as scripted: what the real one does is up to races."""

    def __init__(
        self, *answers: list[tuple[int, int, bytes]], sender: int = 0, cut: int = 0
    ) -> None:
        self.answers = list(answers)
        self.sender, self.cut = sender, cut
        self.number = 0

    def send(self, data: bytes) -> int:
        self.number = int.from_bytes(data[8:12], sys.byteorder)
        return len(data)

    def recvmsg(self, _: int) -> tuple[bytes, list[Any], int, tuple[int, int]]:
        if not self.answers:
            raise TimeoutError
        rows = b"".join(
            netlink._HEADER.pack(16 + len(body), kind, flags, self.number, 0) + body
            for kind, flags, body in self.answers.pop(0)
        )
        return rows[: len(rows) - self.cut], [], socket.MSG_TRUNC * (self.cut < 0), (self.sender, 0)


ROW, END = (20, 0, b"row!"), (3, 0, bytes(4))


@pytest.mark.parametrize(
    ("kernel", "rows"),
    [
        pytest.param(Kernel([ROW, END]), 1, id="one answer"),
        pytest.param(Kernel([ROW], [ROW], [END]), 2, id="in parts"),
        pytest.param(
            Kernel([(20, 0x10, b"row!"), END], [ROW, ROW, END]), 2, id="changed meanwhile"
        ),
        pytest.param(Kernel([ROW, (3, 0x10, bytes(4))], [END]), 0, id="changed at the end"),
    ],
)
def test_a_table_is_read_whole(kernel: Any, rows: int) -> None:
    assert netlink._dump(kernel, 20, 20, b"") == [b"row!"] * rows


@pytest.mark.parametrize(
    "kernel",
    [
        pytest.param(Kernel(*[[(20, 0x10, b"row!"), END]] * 9), id="it changes all the time"),
        pytest.param(Kernel([ROW, END], cut=2), id="a message that is cut"),
        pytest.param(Kernel([ROW, END], cut=-1), id="an answer that is cut"),
        pytest.param(Kernel([ROW]), id="no end"),
        pytest.param(Kernel(*[[ROW]] * 5000), id="without an end"),
        pytest.param(Kernel([(2, 0, (-2 & 0xFFFFFFFF).to_bytes(4, sys.byteorder))]), id="an error"),
        pytest.param(
            Kernel([ROW, (3, 0, (-105 & 0xFFFFFFFF).to_bytes(4, sys.byteorder))]), id="ENOBUFS"
        ),
        pytest.param(Kernel([ROW, END], sender=4711), id="another process"),
        pytest.param(Kernel([(2, 0, b"")]), id="an error without a number"),
    ],
)
def test_half_a_table_is_none(kernel: Any) -> None:
    with pytest.raises(netlink.FAILURES):
        netlink._dump(kernel, 20, 20, b"")


@given(st.binary(max_size=200))
def test_nonsense_of_an_emulation_fails_as_documented(data: bytes) -> None:
    with suppress(*netlink.FAILURES):
        list(netlink._messages(data))
    with suppress(*netlink.FAILURES):
        netlink._listener(data)
