"""The walk through the embedded name server's reverse names, against a real one of our own."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import pytest

from hostshift.topology import dns as embedded
from hostshift.topology.container_names import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TASK = "8b3c6j6nxdi0gm3wlzji1vuks"
SUBNET = "172.18.0.0/16"
OWN = "172.18.0.2"


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("shop-db-1.shop_default", ("shop", "db")),
        ("shop_db_1.shop_default", ("shop", "db")),
        ("my_shop-web-api-2.my_shop_back_end", ("my_shop", "web-api")),
        ("a-b-db-1.a-b_default", ("a-b", "db")),
        ("shop-web-run-1f2e3d4c5b6a.shop_default", ("shop", "web")),
        ("db.mynet", None),
        ("shop-db.shop_default", None),
        ("other-db-1.shop_default", None),
        ("shop-db-1.bridge", None),
        ("1.2.3", None),
        ("", None),
        (f"stk_db.1.{TASK}.stk_default", ("stk", "db")),
        (f"my_stk_db.node.{TASK}.my_stk_back_end", ("my_stk", "db")),
        (f"db.1.{TASK}.overlay", None),
        ("stk_db.1.short.stk_default", None),
        ("shop-db-1 db 1f2e3d4c5b6a", ("shop", "db")),
        ("my_shop_web_api_2 web_api", ("my_shop", "web_api")),
        ("shop-db-1 other", None),
        ("px-db db", None),
    ],
)
def test_names_that_tell_a_project(name: str, parsed: tuple[str, str] | None) -> None:
    found = told(tuple(name.split(" ")))
    assert (found and (found.project, found.service)) == parsed


class Server:
    """A name server on loopback that knows some addresses and names."""

    def __init__(self, reverse: Mapping[str, str], forward: Mapping[str, str]) -> None:
        self.names = {dns.reversename.from_address(at): name for at, name in reverse.items()}
        self.forward = forward
        self.asked: list[str] = []
        self.wildcard = False
        self.mute = False

    def answer(self, wire: bytes) -> bytes:
        """Answer one question."""
        question = dns.message.from_wire(wire)
        (asked,) = question.question
        self.asked.append(asked.name.to_text())
        answer = dns.message.make_response(question)
        if asked.rdtype == dns.rdatatype.PTR:
            name = self.names.get(asked.name, "wild-db-1.wild_default" if self.wildcard else None)
            if name:
                names = [f"{one}." for one in name.split(" ")]
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "PTR", *names))
        else:
            address = self.forward.get(asked.name.to_text().rstrip("."))
            address = address or ("203.0.113.9" if self.wildcard else None)
            if address:
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", address))
        if not answer.answer:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


@contextmanager
def running(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve on a loopback port that the walk takes for 53."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as serving:
        serving.bind(("127.0.0.1", 0))
        monkeypatch.setattr(embedded, "PORT", serving.getsockname()[1])

        def serve() -> None:
            while True:
                wire, client = serving.recvfrom(4096)
                if wire == b"end":
                    return
                if not server.mute:
                    serving.sendto(server.answer(wire), client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", serving.getsockname())
        thread.join(5)


REVERSE = {
    OWN: "shop-web-1.shop_default",
    "172.18.0.3": "shop-db-1.shop_default",
    "172.18.0.4": "shop-db-2.shop_default",
    "172.18.0.5": "other.shop_default",
    "172.18.0.6": "shop-cache-1.shop_default",
}
FORWARD = {"db": "172.18.0.3", "shop-cache-1": "172.18.0.6"}


def test_siblings_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(REVERSE, FORWARD)
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN, "::1"], [SUBNET, "10.0.0.0/8"], 2)
    assert found.project == "shop"
    db, cache = found.services
    assert (db.name, db.service, db.addresses) == ("db", "db", ("172.18.0.3",))
    # No alias answers: the container's own name is used.
    assert (cache.name, cache.service) == ("shop-cache-1", "cache")
    assert len([name for name in server.asked if "arpa" in name]) <= 1 + 12


def test_siblings_of_podman_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    reverse = {OWN: "shop_web_1 web 1f2e", "172.18.0.3": "shop_db_1 db 2f3e"}
    server = Server(reverse, {"db": "172.18.0.3"})
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], 2)
    assert [(one.project, one.name, one.addresses) for one in found.services] == [
        ("shop", "db", ("172.18.0.3",))
    ]


def test_siblings_in_a_swarm_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every service has an address without a name, its own, before that of its task."""
    reverse = {f"172.18.0.{2 + 2 * at}": f"stk_s{at}.1.{TASK}.stk_net" for at in range(9)}
    reverse |= {"172.18.0.30": f"stk_db.1.{TASK}.stk_net"}
    server = Server(reverse, {"db": "172.18.0.29", "tasks.db": "172.18.0.30"})
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], 2)
    (db,) = (one for one in found.services if one.service == "db")
    assert (db.name, db.addresses) == ("db", ("172.18.0.30",))


def test_no_address_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"172.18.0.{at}": f"shop-s{at}-1.shop_default" for at in range(3, 30)}
    server = Server({OWN: REVERSE[OWN], **names}, {})
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], 2)
    assert [one.service for one in found.services] == [f"s{at}" for at in range(3, 30)]


def test_a_container_outside_compose_walks_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({**REVERSE, OWN: "web.net"}, FORWARD)
    with running(server, monkeypatch):
        assert embedded.around("127.0.0.1", [OWN], [SUBNET], 2).services == ()
    assert len(server.asked) == 1


def test_the_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"172.18.0.{at}": f"shop-x-{at}.shop_default" for at in range(2, 200)}
    server = Server(names, {})
    with running(server, monkeypatch):
        embedded.around("127.0.0.1", [OWN], [SUBNET], 2)
    assert len([name for name in server.asked if "arpa" in name]) <= embedded.MOST + 1


def test_a_resolver_that_answers_everything_fakes_no_sibling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server({OWN: "wild-web-1.wild_default"}, {})
    server.wildcard = True
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], 2)
    assert [service.addresses for service in found.services] == [()]


def test_a_mute_server_costs_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(REVERSE, FORWARD)
    server.mute = True
    with running(server, monkeypatch):
        started = time.monotonic()
        assert embedded.around("127.0.0.1", [OWN], [SUBNET], 0.3).project is None
        assert time.monotonic() - started < 0.3 + 1  # generous: the machine may be busy


def test_no_server_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(embedded, "PORT", unused.getsockname()[1])
    assert embedded.around("127.0.0.1", [OWN], [SUBNET], 30).project is None


def test_nonsense_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(REVERSE, FORWARD)
    monkeypatch.setattr(server, "answer", lambda _: b"\xff" * 7)
    with running(server, monkeypatch):
        assert embedded.around("127.0.0.1", [OWN], [SUBNET], 0.5).project is None
