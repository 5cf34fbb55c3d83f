"""The rules, one by one, in every pretended place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1:5432"


def _resolve(text: str = "postgresql://localhost:5432/x") -> str:
    return hostshift.resolve(text)


@pytest.mark.parametrize("place", ["host", "host-network", "pod", "none"])
def test_loopback_stays_where_it_is_right_or_nothing_is_known(place: str, pretend: Pretend) -> None:
    pretend(place, answers=[HOST], siblings={"db": [5432]})
    assert _resolve() == "postgresql://localhost:5432/x"


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("bridge", "172.17.0.1"),
        ("user-network", "172.18.0.1"),
    ],
)
def test_loopback_is_the_host_that_answers(place: str, host: str, pretend: Pretend) -> None:
    pretend(place, answers=[f"{host}:5432"])
    assert _resolve() == f"postgresql://{host}:5432/x"


def test_the_alias_is_the_hosts_best_address(pretend: Pretend) -> None:
    pretend("bridge+host-gateway", answers=[HOST])
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert found.after == "postgresql://host.docker.internal:5432/x"
    (decision,) = found.decisions
    assert decision.certainty == "observed"
    assert decision.target.kind == "host"
    assert [str(route.address) for route in decision.alternatives] == [HOST]


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "LOCALHOST", "127.1", "0.0.0.0", "[::1]", "2130706433"]
)
def test_every_spelling_of_loopback(spelling: str, pretend: Pretend) -> None:
    pretend("bridge", answers=[HOST])
    assert _resolve(f"postgresql://{spelling}:5432/x") == f"postgresql://{HOST}/x"


@pytest.mark.parametrize("host", ["127.0.0.11", "127.0.0.53", "db", "api.example.com", "10.1.2.3"])
def test_everything_else_is_elsewhere(host: str, pretend: Pretend) -> None:
    pretend("bridge+host-gateway", answers=[HOST, f"{host}:5432"])
    text = f"postgresql://{host}:5432/x"
    found = hostshift.explain(text)
    assert found.after == text
    assert found.decisions[0].target.kind == "elsewhere"


def test_a_listener_here_comes_before_the_host(pretend: Pretend) -> None:
    pretend("bridge+host-gateway", answers=[HOST], listening=[5432])
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert not found.changed
    assert found.decisions[0].target.kind == "here"


def test_a_port_that_the_kernel_gives_out_stays(pretend: Pretend) -> None:
    pretend("bridge", answers=["172.17.0.1:40000"])
    assert _resolve("http://localhost:40000/") == "http://localhost:40000/"


def test_nothing_answers_and_an_alias_was_given(pretend: Pretend) -> None:
    pretend("bridge+host-gateway")
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert found.after == "postgresql://host.docker.internal:5432/x"
    assert found.decisions[0].certainty == "assumed"


def test_nothing_answers_and_no_alias_was_given(pretend: Pretend) -> None:
    pretend("bridge")
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert not found.changed
    assert found.undecided


def test_an_alias_that_podman_gives_to_all_says_nothing(pretend: Pretend) -> None:
    stands = hostshift.Vantage(
        isolation="podman",
        network="own",
        naming="plain",
        host_address=("host.containers.internal", "10.88.0.1"),
        host_names={"host.containers.internal": ("10.88.0.1",)},
    )
    pretend(stands)
    assert _resolve() == "postgresql://localhost:5432/x"
    pretend(stands, answers=["10.88.0.1:5432"])
    assert _resolve() == "postgresql://host.containers.internal:5432/x"


def test_the_only_sibling_that_greets(pretend: Pretend) -> None:
    pretend("user-network", siblings={"database": [5432], "web": [5432], "mongo": [27017]})
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert found.after == "postgresql://database:5432/x"
    assert found.decisions[0].target.kind == "service"


@pytest.mark.parametrize(
    ("siblings", "why"),
    [
        ({"db": [5432], "postgres": [5432]}, "could both be meant"),
        ({"analytics-db": [5432]}, "nothing responded"),
        ({"db": [5433]}, "nothing responded"),
    ],
)
def test_a_sibling_that_is_not_chosen(
    siblings: dict[str, list[int]], why: str, pretend: Pretend
) -> None:
    pretend("user-network", siblings=siblings)
    found = hostshift.explain("postgresql://localhost:5432/x")
    assert not found.changed
    assert why in found.decisions[0].reason


def test_no_sibling_for_a_protocol_without_a_greeting(pretend: Pretend) -> None:
    pretend("user-network", siblings={"db": [8080], "web": [8080]})
    assert _resolve("http://localhost:8080/") == "http://localhost:8080/"


def test_the_host_comes_before_a_sibling_unless_preferred(pretend: Pretend) -> None:
    said = {"answers": ["172.18.0.1:5432"], "siblings": {"db": [5432]}}
    pretend("user-network", **said)
    assert _resolve() == "postgresql://172.18.0.1:5432/x"
    pretend("user-network", **said, policy=Policy(prefer="sibling"))
    assert _resolve() == "postgresql://db:5432/x"


@pytest.mark.parametrize(
    ("place", "after"),
    [
        ("host", "localhost"),
        ("host-network", "localhost"),
        ("bridge", "172.17.0.1"),
        ("bridge+host-gateway", "host.docker.internal"),
        ("user-network", "172.18.0.1"),
        ("pod", "host.docker.internal"),
        ("none", "host.docker.internal"),
    ],
)
def test_the_hosts_own_name(place: str, after: str, pretend: Pretend) -> None:
    pretend(place)
    assert _resolve("redis://host.docker.internal:6379/0") == f"redis://{after}:6379/0"


def test_a_host_name_that_dns_knows_stays(pretend: Pretend) -> None:
    pretend("host", names=["host.docker.internal"])
    assert _resolve("redis://host.docker.internal/0") == "redis://host.docker.internal/0"


class TestPolicy:
    """What the user says goes before everything that is found."""

    def test_map(self, pretend: Pretend) -> None:
        policy = Policy(map="localhost:5432=db:15432,cache=localhost,[::1]:1=[::2]:3,mail=a:26")
        for place in ("host", "bridge+host-gateway", "pod"):
            pretend(place, policy=policy, answers=[HOST])
            assert _resolve() == "postgresql://db:15432/x"
            assert _resolve("postgresql://127.1/x") == "postgresql://db:15432/x"
            assert _resolve("redis://cache/0") == "redis://localhost/0"
            assert _resolve("http://[::1]:1/") == "http://[::2]:3/"
            assert _resolve("smtp://mail/") == "smtp://a:26/"
            assert hostshift.explain("redis://cache/0").decisions[0].certainty == "declared"

    def test_a_rule_with_a_port_goes_first(self, pretend: Pretend) -> None:
        pretend("host", policy=Policy(map="localhost=a,localhost:1=b"))
        assert _resolve("http://localhost:1/") == "http://b:1/"
        assert _resolve("http://localhost:2/") == "http://a:2/"

    @pytest.mark.parametrize("keep", ["localhost", "5432", "localhost:5432", "127.0.0.1,5432"])
    def test_keep(self, keep: str, pretend: Pretend) -> None:
        pretend("bridge", answers=[HOST], policy=Policy(keep=keep))
        assert _resolve() == "postgresql://localhost:5432/x"

    def test_keep_of_another_port(self, pretend: Pretend) -> None:
        pretend("bridge", answers=[HOST], policy=Policy(keep="5433,other"))
        assert _resolve() == f"postgresql://{HOST}/x"

    def test_host_address(self, pretend: Pretend) -> None:
        policy = Policy(host_address="192.168.5.2")
        pretend("bridge", policy=policy)
        assert _resolve() == "postgresql://192.168.5.2:5432/x"
        assert _resolve("redis://host.docker.internal/0") == "redis://192.168.5.2/0"

    def test_probe_never(self, pretend: Pretend) -> None:
        never = Policy(probe="never")
        pretend("bridge", answers=[HOST], siblings={"db": [5432]}, policy=never)
        assert _resolve() == "postgresql://localhost:5432/x"
        pretend("bridge+host-gateway", answers=[HOST], policy=never)
        assert _resolve() == "postgresql://host.docker.internal:5432/x"

    def test_probe_always_says_whether_it_answers(self, pretend: Pretend) -> None:
        pretend("host", answers=["localhost:5432"], policy=Policy(probe="always"))
        assert "accepts" in hostshift.explain("localhost:5432").decisions[0].evidence[-1]
        assert "refuses" in hostshift.explain("localhost:5433").decisions[0].evidence[-1]

    def test_probe_always_never_touches_elsewhere(self, pretend: Pretend) -> None:
        pretend("host", policy=Policy(probe="always"))
        assert hostshift.explain("example.com:5432").decisions[0].evidence == ()


class TestTheFirstLaw:
    """Liveness picks an address, never a target."""

    def test_a_target_once_observed_stays(self, pretend: Pretend) -> None:
        pretend("user-network", siblings={"db": [5432]})
        world = resolver.current()._machine
        assert _resolve() == "postgresql://db:5432/x"
        world._ports, world._open = {"172.18.0.10": []}, {("172.18.0.1", 5432)}  # type: ignore[attr-defined]
        assert _resolve() == "postgresql://db:5432/x"
        assert _resolve("postgresql://localhost:5432/y") == "postgresql://db:5432/y"

    def test_falling_through_is_no_choice(self, pretend: Pretend) -> None:
        pretend("user-network+host-gateway")
        world = resolver.current()._machine
        assert _resolve() == "postgresql://host.docker.internal:5432/x"
        world._listening = {5432}  # type: ignore[attr-defined]
        assert _resolve() == "postgresql://localhost:5432/x"

    def test_a_late_listener_here_wins(self, pretend: Pretend) -> None:
        pretend("bridge", answers=[HOST])
        world = resolver.current()._machine
        assert _resolve() == f"postgresql://{HOST}/x"
        world._listening = {5432}  # type: ignore[attr-defined]
        assert _resolve() == "postgresql://localhost:5432/x"


def test_less_than_certain_is_said_once_with_the_line_that_pins_it(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    pretend("bridge", answers=[HOST])
    for _ in range(3):
        _resolve()
    assert len(caplog.records) == 1
    assert f"HOSTSHIFT_MAP=localhost:5432={HOST}" in caplog.text
    pretend("bridge", policy=Policy(map=f"localhost:5432={HOST}"))
    assert _resolve() == f"postgresql://{HOST}/x"


def test_resolving_twice_is_resolving_once(pretend: Pretend) -> None:
    for place in ("host", "bridge", "bridge+host-gateway", "user-network", "pod", "none"):
        pretend(place, answers=[HOST, "172.18.0.1:5432"])
        for text in ("postgresql://localhost:5432/x", "redis://host.docker.internal:5432/0"):
            once = hostshift.resolve(text)
            assert hostshift.resolve(once) == once
