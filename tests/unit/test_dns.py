"""The walk through the embedded name server's reverse names, against a real one of our own."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
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
from hypothesis import given, settings
from hypothesis import strategies as st

from hostshift.base.deadline import Deadline
from hostshift.discovery import name_server
from hostshift.discovery import reverse_dns as embedded
from hostshift.discovery.container_names import identify
from hostshift.discovery.model import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
    found = identify(tuple(name.split(" ")))
    assert (found and (found.project, found.service)) == parsed


class Server:
    """A name server on loopback that knows some addresses and names."""

    def __init__(self, reverse: Mapping[str, str], forward: Mapping[str, str]) -> None:
        self.names = {dns.reversename.from_address(at): name for at, name in reverse.items()}
        self.forward = forward
        self.asked: list[str] = []
        self.wildcard = False
        self.mute = False
        self.upstream: dns.rcode.Rcode | None = dns.rcode.NXDOMAIN
        """What is answered about others; None: nothing, as Docker 20.10 with a silent upstream."""
        self.fails_after: int | None = None
        """So many questions are answered, the rest is not."""
        self.delay = 0.0
        self.later: list[bytes] = []
        """What is sent after the answer to the question at hand."""

    def answer(self, wire: bytes, /) -> bytes | None:
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
                found = dns.rrset.from_text(asked.name, 60, "IN", "A", *address.split(" "))
                answer.answer.append(found)
        if not answer.answer:
            if self.upstream is None:
                return None
            answer.set_rcode(self.upstream)
        return answer.to_wire()


@contextmanager
def running(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve on a loopback port that the walk takes for 53."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as serving:
        serving.bind(("127.0.0.1", 0))
        monkeypatch.setattr(name_server, "PORT", serving.getsockname()[1])

        def serve() -> None:
            while True:
                wire, client = serving.recvfrom(4096)
                if wire == b"end":
                    return
                done = server.fails_after is not None and len(server.asked) >= server.fails_after
                answer = None if server.mute or done else server.answer(wire)
                time.sleep(server.delay)
                for datagram in (answer, *server.later):
                    if datagram is not None:
                        serving.sendto(datagram, client)
                server.later.clear()

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
        found = embedded.around("127.0.0.1", [OWN, "::1"], [SUBNET, "10.0.0.0/8"], Deadline(2))
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
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2))
    assert [(one.project, one.name, one.addresses) for one in found.services] == [
        ("shop", "db", ("172.18.0.3",))
    ]


def test_siblings_in_a_swarm_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every service has an address without a name, its own, before that of its task."""
    reverse = {f"172.18.0.{2 + 2 * at}": f"stk_s{at}.1.{TASK}.stk_net" for at in range(9)}
    reverse |= {"172.18.0.30": f"stk_db.1.{TASK}.stk_net"}
    server = Server(reverse, {"db": "172.18.0.29", "tasks.db": "172.18.0.30"})
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2))
    (db,) = (one for one in found.services if one.service == "db")
    assert (db.name, db.addresses) == ("db", ("172.18.0.30",))


def test_no_address_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"172.18.0.{at}": f"shop-s{at}-1.shop_default" for at in range(3, 30)}
    server = Server({OWN: REVERSE[OWN], **names}, {})
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2))
    assert [one.service for one in found.services] == [f"s{at}" for at in range(3, 30)]


def test_a_container_outside_compose_walks_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({**REVERSE, OWN: "web.net"}, FORWARD)
    with running(server, monkeypatch):
        assert embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2)).services == ()
    assert len(server.asked) == 1


def test_the_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"172.18.0.{at}": f"shop-x-{at}.shop_default" for at in range(2, 200)}
    server = Server(names, {})
    with running(server, monkeypatch):
        embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2))
    assert len([name for name in server.asked if "arpa" in name]) <= embedded.MOST + 1


def test_a_resolver_that_answers_everything_fakes_no_sibling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server({OWN: "wild-web-1.wild_default"}, {})
    server.wildcard = True
    with running(server, monkeypatch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(2))
    assert [service.addresses for service in found.services] == [()]


def _look(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    names: Sequence[str] = (),
    own: Sequence[str] = (OWN,),
    silence: float = 5,
) -> Topology:
    with running(server, monkeypatch):
        return embedded.around("127.0.0.1", own, [SUBNET], Deadline(silence, 20), names)


def _breaks(server: Server, how: str) -> None:
    """Let a server fail about everything."""
    garbage = {"letters": b"\xff" * 7, "nothing": b"", "a cut message": b"\0\1\x81\x80\0\1"}
    if how == "silence":
        server.mute = True
    elif how in garbage:
        server.answer = lambda _: garbage[how]  # type: ignore[method-assign]
    else:
        server.names, server.upstream = {}, dns.rcode.from_text(how)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("silence", "does not answer"),
        ("letters", "sends invalid answers"),
        ("nothing", "sends invalid answers"),
        ("a cut message", "sends invalid answers"),
        ("SERVFAIL", "answers SERVFAIL"),
        ("REFUSED", "answers REFUSED"),
        ("NOTIMP", "answers NOTIMP"),
    ],
)
def test_a_server_that_does_not_say_who_we_are_leaves_a_gap(
    how: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(REVERSE, FORWARD)
    _breaks(server, how)
    started = time.monotonic()
    found = _look(server, monkeypatch, silence=0.4)
    assert (found.project, found.services) == (None, ())
    (gap,) = found.gaps
    assert (gap.source, gap.where, gap.passing) == ("dns", "127.0.0.1", True)
    assert gap.what == f"{what}, so it did not say which container this is"
    assert time.monotonic() - started < 5


def test_no_server_is_seen_at_once_and_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(name_server, "PORT", unused.getsockname()[1])
    started = time.monotonic()
    found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(30))
    assert [gap.what for gap in found.gaps] == [
        "refuses questions, so it did not say which container this is"
    ]
    assert time.monotonic() - started < 5


def test_a_server_that_says_there_is_no_name_leaves_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _look(Server({}, {}), monkeypatch)
    assert found == Topology()


@pytest.mark.parametrize("own", [[], ["192.0.2.7"]])
def test_a_container_that_does_not_know_its_own_address_is_a_gap(own: list[str]) -> None:
    found = embedded.around("127.0.0.1", own, ["172.18.0.0/16"], Deadline(1))
    (gap,) = found.gaps
    assert "cannot identify this container" in gap.what
    assert not gap.passing
    assert found.observed_project is None


def test_one_own_address_with_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other is the bridge of an engine in this container; nobody upstream knows it."""
    server = Server({"172.18.0.9": "shop-web-1.shop_default"}, {})
    server.upstream = dns.rcode.SERVFAIL
    found = _look(server, monkeypatch, own=["172.18.255.1", "172.18.0.9"])
    assert (found.project, found.observed_service, found.gaps) == ("shop", "web", ())


HOLES = {
    OWN: "kiosk-till-1.kiosk_default",
    "172.18.0.4": "kiosk-ledger-1.kiosk_default",
    "172.18.0.8": "kiosk-queue-1.kiosk_default",
    "172.18.0.9": "kiosk-ledger-2.kiosk_default",
}


@pytest.mark.parametrize(
    "upstream",
    [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED, None],
    ids=["says no", "SERVFAIL", "REFUSED", "silent"],
)
def test_an_upstream_that_fails_hides_no_sibling(
    upstream: dns.rcode.Rcode | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses between the siblings are unused, and only upstream is asked for them."""
    server = Server(HOLES, {"ledger": "172.18.0.4 172.18.0.9", "queue": "172.18.0.8"})
    server.upstream = upstream
    found = _look(server, monkeypatch, names=["db", "postgres"])
    assert [(one.service, one.addresses) for one in found.services] == [
        ("ledger", ("172.18.0.4", "172.18.0.9")),
        ("queue", ("172.18.0.8",)),
    ]
    assert found.gaps == ()


def test_a_silent_upstream_costs_little_of_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(HOLES, {"ledger": "172.18.0.4 172.18.0.9", "queue": "172.18.0.8"})
    server.upstream = None
    deadline = Deadline(5, 20)
    with running(server, monkeypatch):
        embedded.around("127.0.0.1", [OWN], [SUBNET], deadline, ["db", "postgres"])
    assert deadline.silence > 5 - 0.6


@pytest.mark.parametrize("answered", [1, 2, 5, 6, 10])
def test_a_server_that_stops_answering_leaves_a_gap(
    answered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(HOLES, {})
    server.fails_after = answered
    found = _look(server, monkeypatch)
    (gap,) = found.gaps
    assert gap.passing
    assert gap.what.startswith("does not answer, so it did not say what is at 172.18.0.")
    assert found.project == "kiosk"


def test_no_time_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _look(Server(HOLES, {}), monkeypatch, silence=0)
    assert len(found.gaps) == 1


STOPPED = """
import sys
from hostshift.base.deadline import Deadline
from hostshift.discovery import reverse_dns as dns, name_server
name_server.PORT = int(sys.argv[1])
print("asking", flush=True)
found = dns.around("127.0.0.1", [sys.argv[2]], [sys.argv[3]], Deadline(2, 20))
print(sorted(one.service for one in found.services), found.gaps)
"""


def test_what_was_answered_while_this_process_did_not_run_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No CPU for a second, as in a container with a quota: nobody was silent."""
    server = Server(HOLES, {"ledger": "172.18.0.4 172.18.0.9", "queue": "172.18.0.8"})
    server.delay = 0.03
    with running(server, monkeypatch):
        program = [sys.executable, "-P", "-c", STOPPED, str(name_server.PORT), OWN, SUBNET]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "asking\n"
            while asking.poll() is None:
                os.kill(asking.pid, signal.SIGSTOP)
                time.sleep(0.4)
                os.kill(asking.pid, signal.SIGCONT)
                time.sleep(0.04)
            assert asking.stdout.read() == "['ledger', 'queue'] ()\n"


def test_a_second_answer_does_not_replace_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """aardvark-dns answers, then forwards the question and passes on what comes back."""
    server = Server({OWN: "kiosk_till_1 till 1f", "172.18.0.3": "kiosk_db_1 db 2f"}, {})
    answer = server.answer

    def twice(wire: bytes) -> bytes | None:
        refusal = dns.message.make_response(dns.message.from_wire(wire))
        refusal.set_rcode(dns.rcode.NXDOMAIN)
        first = answer(wire)
        if first is not None and dns.message.from_wire(first).answer:
            server.later.append(refusal.to_wire())
        return first

    monkeypatch.setattr(server, "answer", twice)
    found = _look(server, monkeypatch)
    assert [one.service for one in found.services] == ["db"]


class TestByName:
    """Names that are asked for, because containers need not be called by their project."""

    own = {OWN: "shop-web-1.shop_default"}

    @pytest.mark.parametrize(
        ("reverse", "forward", "expected"),
        [
            pytest.param(
                {"172.18.9.3": "mycache.shop_default"},
                {"cache": "172.18.9.3", "mycache": "172.18.9.3"},
                [("cache", ("cache", "mycache"), ("172.18.9.3",))],
                id="container_name",
            ),
            pytest.param(
                {"172.18.9.3": "shop-db-1.shop_default", "172.18.9.7": "shop-db-2.shop_default"},
                {
                    "db": "172.18.9.3 172.18.9.7",
                    "shop-db-1": "172.18.9.3",
                    "shop-db-2": "172.18.9.7",
                },
                [("db", ("db", "shop-db-1", "shop-db-2"), ("172.18.9.3", "172.18.9.7"))],
                id="replicas that the walk did not come to",
            ),
            pytest.param(
                {"172.18.0.3": "shop-primary-1.shop_default"},
                {"primary": "172.18.0.3", "db": "172.18.0.3", "shop-primary-1": "172.18.0.3"},
                [("primary", ("db", "primary", "shop-primary-1"), ("172.18.0.3",))],
                id="an alias of a service that is known",
            ),
            pytest.param(
                {"172.18.9.3": "store.shop_backend"},
                {"db": "172.18.9.3", "store.shop_backend": "172.18.9.3", "store": "172.18.1.1"},
                [("db", ("db", "store"), ("172.18.9.3",))],
                id="a container on two networks of mine",
            ),
            pytest.param({}, {"db": "198.51.100.7"}, [], id="an address of upstream"),
            pytest.param({}, {"db": OWN}, [], id="this container itself"),
            pytest.param({}, {"db": f"172.18.9.3 {OWN}"}, [], id="this container among others"),
            pytest.param({}, {"db": "172.18.9.3"}, [], id="an address without a name"),
            pytest.param(
                {"172.18.9.3": "store.shop_default"},
                {"db": "172.18.9.3", "store": "172.18.77.1"},
                [],
                id="a name that does not lead back",
            ),
            pytest.param(
                {"172.18.9.3": "store.shop_default", "172.18.9.4": "two-db-1.common"},
                {"db": "172.18.9.3 172.18.9.4", "store": "172.18.9.3"},
                [],
                id="mine and another project's in turn",
            ),
            pytest.param(
                {"172.18.9.3": "two-db-1.shop_default"},
                {"db": "172.18.9.3", "two-db-1": "172.18.9.3"},
                [],
                id="another project's on my network",
            ),
            pytest.param(
                {"172.18.9.3": "store.shop_two_default"},
                {"db": "172.18.9.3", "store": "172.18.9.3"},
                [],
                id="a network that may be another project's",
            ),
            pytest.param(
                {"172.18.9.3": "store.shop_default", "172.18.9.4": "shop-queue-1.shop_default"},
                {"db": "172.18.9.3 172.18.9.4", "store": "172.18.9.3"},
                [],
                id="one name for two services",
            ),
        ],
    )
    def test_what_counts(
        self,
        reverse: dict[str, str],
        forward: dict[str, str],
        expected: list[tuple[str, tuple[str, ...], tuple[str, ...]]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server = Server({**self.own, **reverse}, forward)
        found = _look(server, monkeypatch, names=["db", "cache"])
        assert [
            (one.service, tuple(sorted(one.names)), one.addresses) for one in found.services
        ] == expected
        assert found.gaps == ()

    def test_podman_tells_by_the_containers_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reverse = {
            OWN: "shop_web_1 web 1f2e",
            "172.18.9.3": "shop_store_1 store db 2f3e",
            "172.18.9.4": "mycache cache 3f4e",
        }
        forward = {"db": "172.18.9.3", "shop_store_1": "172.18.9.3", "cache": "172.18.9.4"}
        found = _look(Server(reverse, forward), monkeypatch, names=["db", "cache"])
        assert [(one.service, one.addresses) for one in found.services] == [
            ("store", ("172.18.9.3",))
        ]

    def test_an_upstream_that_answers_everything_fakes_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = Server(self.own, {"db": "172.18.9.3"})
        server.wildcard = True
        assert _look(server, monkeypatch, names=["db", "redis"]).services == ()

    def test_so_many_names_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        server = Server(self.own, {})
        _look(server, monkeypatch, names=[f"name{at}" for at in range(40)])
        asked = [name for name in server.asked if name.startswith("name")]
        assert asked == [f"name{at}." for at in range(embedded.MOST_NAMES)]

    def test_no_answer_is_a_gap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        server = Server(self.own, {})
        server.fails_after = 1 + 2 * name_server.AT_ONCE
        found = _look(server, monkeypatch, names=["db"])
        assert [gap.what for gap in found.gaps] == [
            "does not answer, so it did not say where db is"
        ]


def test_an_alias_that_leads_elsewhere_as_well_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two projects have a `db` on a network in common: Docker answers with both, in turn."""
    reverse = {
        OWN: "one-web-1.one_default",
        "172.18.0.3": "one-db-1.one_default",
        "172.18.0.4": "two-db-1.common",
    }
    forward = {"db": "172.18.0.3 172.18.0.4", "one-db-1": "172.18.0.3"}
    (db,) = _look(Server(reverse, forward), monkeypatch).services
    assert (db.service, db.name, db.addresses) == ("db", "one-db-1", ("172.18.0.3",))


@pytest.mark.parametrize(
    ("own", "project", "service"),
    [
        (["shop-web-1.shop_default"], "shop", "web"),
        (["storefront.shop_default"], "shop", None),
        (["storefront.common", "storefront.shop_default"], "shop", None),
        (["storefront.shop_default", "storefront.other_default"], None, None),
        (["storefront.my_shop_default"], None, None),
        (["storefront.shop_backend"], None, None),
        (["two-web-1.shop_default"], None, None),
        (["my_shop_web_1.my_net", "my_shop_web_1.my_shop_default"], "my_shop", "web"),
        (["storefront.bridge"], None, None),
    ],
)
def test_which_container_this_is(
    own: list[str], project: str | None, service: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reverse = {f"172.18.0.{2 + at}": name for at, name in enumerate(own)}
    found = _look(Server(reverse, {}), monkeypatch, own=list(reverse))
    assert (found.observed_project, found.observed_service, found.gaps) == (project, service, ())


def test_a_container_with_a_name_of_its_own_finds_siblings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server({**REVERSE, OWN: "storefront.shop_default"}, FORWARD)
    found = _look(server, monkeypatch)
    assert [one.service for one in found.services] == ["db", "cache"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_comes_back_nothing_is_raised(seed: int) -> None:
    server, chance = Server(REVERSE, FORWARD), random.Random(seed)
    right = server.answer

    def odd(wire: bytes) -> bytes | None:
        answer = bytearray(right(wire) or b"")
        kind = chance.choice(["right", "random", "cut", "changed", "none"])
        if kind == "random":
            return chance.randbytes(chance.randrange(80))
        if kind == "cut":
            return bytes(answer[: chance.randrange(len(answer))])
        if kind == "changed":
            answer[chance.randrange(2, len(answer))] = chance.randrange(256)
        return None if kind == "none" else bytes(answer)

    server.answer = odd  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch, running(server, patch):
        found = embedded.around("127.0.0.1", [OWN], [SUBNET], Deadline(0.1, 10), ["db", "x"])
    addresses = {at for one in found.services for at in one.addresses}
    assert all(at.startswith("172.18.") for at in addresses)


def test_no_descriptors_is_a_gap() -> None:
    program = """
import resource
from hostshift.base.deadline import Deadline
from hostshift.discovery import reverse_dns as dns
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
print(dns.around("127.0.0.1", ["172.18.0.2"], ["172.18.0.0/16"], Deadline(1)).gaps[0].what)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "cannot be asked: Too many open files, so it did not say which container this is\n"
    )


@pytest.mark.parametrize(
    ("nameserver", "own", "subnets"),
    [
        ("no address", [OWN], [SUBNET]),
        ("", [OWN], [SUBNET]),
        ("127.0.0.1", ["no address", "", "fe80::1%eth0"], [SUBNET]),
        ("127.0.0.1", [OWN], ["no network"]),
        ("127.0.0.1", [], []),
        ("::1", [OWN], [SUBNET]),
    ],
)
def test_odd_facts_raise_nothing(nameserver: str, own: list[str], subnets: list[str]) -> None:
    found = embedded.around(nameserver, own, subnets, Deadline(0.2))
    assert found.services == ()
