"""MySQL counts who hangs up on it, and blocks a machine after 100 of them (max_connect_errors)."""

from __future__ import annotations

import socket
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from hostshift import Policy
from hostshift.base.deadline import Deadline
from hostshift.machine.answers import Machine
from hostshift.resolution.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator


class MySQL:
    """Greets as MySQL does, refuses every login, and counts who comes and who only hangs up."""

    def __init__(self) -> None:
        self.came = self.hung_up = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        body = b"\x0a8.0.36\0" + b"\1\0\0\0" + b"a" * 8 + b"\0" + b"\xff\xf7\xff\2\0" + bytes(30)
        body += b"mysql_native_password\0"
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with client:
                self.came += 1
                client.sendall(len(body).to_bytes(3, "little") + b"\0" + body)
                client.settimeout(5)
                self.hung_up += not client.recv(100)
                client.sendall(b"\x20\0\0\2\xff\x15\x04#28000Access denied for user xx")


@pytest.fixture
def mysql() -> Iterator[MySQL]:
    made = MySQL()
    yield made
    made.server.shutdown(socket.SHUT_RDWR)
    made.server.close()


def test_mysql_sees_few_talks_and_none_that_is_only_hung_up(mysql: MySQL) -> None:
    world, at = Machine(), (("127.0.0.1", mysql.port),)
    for _ in range(10):
        look = world.look(Policy(), Deadline(1))
        assert look.reach(at, protocol="mysql") == ("open",)
        assert look.greets(at, "mysql") == (True,)
    assert (mysql.came, mysql.hung_up) == (2, 0)


def test_probing_always_does_not_hang_up_on_mysql_either(mysql: MySQL) -> None:
    policy = Policy(probe="always", isolation="none", network="host", naming="host")
    found = Resolver(policy=policy)
    for _ in range(10):
        (decision,) = found.explain(f"mysql://localhost:{mysql.port}/shop").decisions
        assert "accepts" in decision.evidence[-1]
    assert (mysql.came, mysql.hung_up) == (1, 0)
