"""Listening sockets of this machine: real ones, by netlink and by the kernel's files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from hostshift import listening, netlink
from hostshift.formats import Listener

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
    assert listening.reached_by(_row(address), host) is reached


def test_a_wildcard_that_is_ipv6_only() -> None:
    assert not listening.reached_by(_row("::", only_v6=True), "127.0.0.1")
    assert listening.reached_by(_row("::", only_v6=True), "localhost")


def test_netlink_and_the_files_see_the_same() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        ports = {four.getsockname()[1], six.getsockname()[1]}
        by_netlink = {(row.address, row.port, row.inode) for row in netlink.listeners()}
        rows = [row for name in ("tcp", "tcp6") for row in listening._file(name)]
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
        assert not listening.something_else("127.0.0.1", port)


def test_own_sockets_do_not_count_another_process_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        assert not listening.something_else("localhost", mine.getsockname()[1])
    program = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert listening.something_else("localhost", port)
        assert not listening.something_else("::1", port)
        other.communicate()
    assert not listening.something_else("localhost", port)


def test_an_ancestors_socket_does_not_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        program = (
            f"from hostshift import listening; print(listening.something_else('localhost', {port}))"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", program], capture_output=True, check=True, text=True
        )
    assert done.stdout == "False\n"


def test_interfaces() -> None:
    found = {interface.name: interface for interface in netlink.interfaces()}
    assert "127.0.0.1" in found["lo"].addresses
    assert set(found) == {name for _, name in socket.if_nameindex()}
