"""The shell: modes, STRICT, bad input, the environment, addresses in two parts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, testing
from hostshift.config import settings
from hostshift.errors import HostshiftError
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

TEXT = "postgresql://app:s3cret@localhost:5432/shop"
AFTER = "postgresql://app:s3cret@172.17.0.1:5432/shop"
HOST = ["172.17.0.1:5432"]
NO_STRINGS: list[Any] = [
    "",
    "hello",
    "\0",
    "redis://local\nhost",
    "redis://localhost:0",
    "redis://localhost:70000",
    "redis://[::1",
    "redis://[[::1]]",
    "redis://evil\\@localhost",
    "redis://\ud800@localhost\udfff",
    "key=value",
    "x" * 100_000,
    None,
    7,
    b"redis://localhost",
    ["redis://localhost"],
]


@pytest.mark.parametrize("given", NO_STRINGS, ids=lambda given: repr(given)[:20])
class TestBadInput:
    """What is no connection string comes back as it is."""

    def test_resolve_returns_it(self, given: Any, pretend: Pretend) -> None:
        pretend("bridge+host-gateway")
        assert hostshift.resolve(given) is given

    def test_explain_says_why(self, given: Any, pretend: Pretend) -> None:
        pretend("bridge+host-gateway")
        found = hostshift.explain(given)
        assert found.after is given
        assert found.reason
        assert found.reason in str(found)

    def test_strict_raises_ours_without_the_text(self, given: Any, pretend: Pretend) -> None:
        pretend("bridge+host-gateway", policy=Policy(strict=True))
        if not isinstance(given, str):
            assert hostshift.resolve(given) is given
            return
        with pytest.raises(hostshift.UndecidedError) as caught:
            hostshift.resolve(given)
        assert not given or len(given) < 3 or given not in str(caught.value)


def test_mode_off_changes_nothing(pretend: Pretend) -> None:
    pretend("bridge", answers=HOST, policy=Policy(mode="off"))
    assert hostshift.resolve(TEXT) == TEXT
    assert "off" in hostshift.explain(TEXT).reason


def test_mode_report_explains_but_changes_nothing(pretend: Pretend) -> None:
    pretend("bridge", answers=HOST, policy=Policy(mode="report"))
    assert hostshift.resolve(TEXT) == TEXT
    found = hostshift.explain(TEXT)
    assert found.after == TEXT
    assert str(found.decisions[0].after) == "172.17.0.1:5432"
    assert "report" in str(found)


def test_report_leaves_addresses_in_two_parts_alone(pretend: Pretend) -> None:
    pretend("bridge", answers=HOST, policy=Policy(mode="report"))
    assert hostshift.resolve_address("localhost", 5432) == ("localhost", 5432)
    pretend("bridge", answers=HOST, policy=Policy(mode="off"))
    assert hostshift.resolve_address("localhost", 5432) == ("localhost", 5432)


def test_strict_raises_where_nothing_answers(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(hostshift.UndecidedError, match="localhost:5432") as caught:
        hostshift.resolve(TEXT)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(hostshift.UndecidedError):
        hostshift.resolve_address("localhost", 5432)


def test_strict_is_content_with_certainty(pretend: Pretend) -> None:
    pretend("host", policy=Policy(strict=True))
    assert hostshift.resolve(TEXT) == TEXT
    assert hostshift.resolve("postgresql://db.example.com/x") == "postgresql://db.example.com/x"


def test_a_policy_for_one_call(pretend: Pretend) -> None:
    pretend("host")
    policy = Policy(map="localhost:5432=db:15432")
    assert "db:15432" in hostshift.resolve(TEXT, policy=policy)
    assert hostshift.resolve(TEXT) == TEXT
    assert "db:15432" in hostshift.explain(TEXT, policy=policy).after


def test_aresolve(pretend: Pretend) -> None:
    pretend("bridge", answers=HOST)
    assert asyncio.run(hostshift.aresolve(TEXT)) == AFTER


def test_resolve_address(pretend: Pretend) -> None:
    pretend("bridge", answers=HOST)
    assert hostshift.resolve_address("localhost", 5432) == ("172.17.0.1", 5432)
    assert hostshift.resolve_address("db.example.com", 5432) == ("db.example.com", 5432)


def test_from_env(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("bridge", answers=HOST)
    monkeypatch.setenv("SHOP_URL", TEXT)
    assert hostshift.from_env("SHOP_URL") == AFTER
    assert hostshift.from_env("OTHER_URL", "postgresql://localhost/x").startswith(
        "postgresql://172"
    )
    with pytest.raises(hostshift.MissingVariableError, match="OTHER_URL is not set"):
        hostshift.from_env("OTHER_URL")
    with pytest.raises(KeyError):
        hostshift.from_env("OTHER_URL")


def test_every_error_is_one_of_ours() -> None:
    for name in hostshift.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(hostshift, name), HostshiftError)


def test_explain_for_json(pretend: Pretend) -> None:
    pretend("bridge+host-gateway", answers=HOST)
    found = hostshift.explain(TEXT).as_dict()
    assert found["before"] == TEXT.replace("s3cret", "***")
    assert found["after"] == "postgresql://app:***@host.docker.internal:5432/shop"
    (decision,) = found["decisions"]
    assert decision["before"] == {"host": "localhost", "port": 5432}
    assert decision["after"] == {"host": "host.docker.internal", "port": 5432}
    assert set(decision) == {
        "before",
        "after",
        "target",
        "certainty",
        "reason",
        "evidence",
        "alternatives",
        "undecided",
    }
    assert found["vantage"]["isolation"] == "docker"


def test_settled_answers_are_remembered_and_forgotten(pretend: Pretend) -> None:
    pretend("host")
    first = hostshift.resolve(TEXT)
    assert hostshift.resolve(TEXT) is first
    settled = resolver.current()._settled
    assert settled is not None
    assert settled.texts
    hostshift.reset()
    assert resolver.current()._settled is None


def test_a_string_of_many_hosts_asks_for_each_once(pretend: Pretend) -> None:
    pretend("bridge", answers=["172.17.0.1:27017"])
    text = "mongodb://" + ",".join(["localhost"] * 500 + ["127.0.0.1:27017"] * 500) + "/x"
    assert hostshift.resolve(text) == text.replace("localhost", "172.17.0.1").replace(
        "127.0.0.1", "172.17.0.1"
    )


def test_pretending_ends(pretend: Pretend) -> None:
    with pytest.raises(ValueError, match=r"nowhere.* does not exist"):
        pretend("nowhere")
    before = resolver.current()
    with testing.pretend("pod"):
        assert hostshift.vantage().isolation == "kubernetes"
    assert resolver.current() is before


def test_explain_says_what_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTSHIFT_ISOLATION", "kubernetes")
    monkeypatch.setenv("HOSTSHIFT_NETWORK", "own")
    hostshift.reset()
    found = hostshift.explain("redis://localhost:6379/0")
    assert "isolation kubernetes (set by you), network own (set by you)" in str(found)
    assert found.as_dict()["vantage"]["network"] == "own"
    assert hostshift.vantage().isolation == "kubernetes"


def test_a_call_may_stand_elsewhere_than_the_process() -> None:
    elsewhere = Policy(isolation="podman", network="own")
    assert hostshift.explain("localhost:1", policy=elsewhere).vantage.isolation == "podman"
    assert hostshift.vantage() == hostshift.explain("localhost:1").vantage


def test_threads_that_begin_together_have_one_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call shares what the process has chosen if its policy is the process's own object."""
    together = Barrier(8)

    def load() -> Policy:
        together.wait(5)
        return Policy()

    monkeypatch.setattr(settings, "load", load)
    found = resolver.Resolver()
    with ThreadPoolExecutor(8) as pool:
        policies = list(pool.map(lambda _: found.policy, range(8)))
    assert {id(policy) for policy in policies} == {id(found.policy)}


ODD: list[tuple[Any, Any]] = [
    (None, 5432),
    (None, None),
    (["localhost"], 5432),
    (b"localhost", 5432),
    ("localhost", True),
    ("localhost", 5432.0),
    ("localhost", [5432]),
    ("localhost", "54x"),
    ("localhost", ""),
    ("localhost", "٥٤٣٢"),
]


@pytest.mark.parametrize("method", ["dial", "address"])
class TestWhatDriversHandOn:
    """They hand on what they were given, of whatever type."""

    def test_a_port_as_text_is_a_port(self, method: str, pretend: Pretend) -> None:
        pretend("bridge+host-gateway", answers=HOST, policy=Policy(map="localhost:5432=db:1"))
        odd: Any = "5432"
        for _ in range(2):
            found = getattr(resolver.current(), method)("localhost", odd, "postgresql")
            assert (found.after.host, found.after.port) == ("db", 1)

    @pytest.mark.parametrize(("host", "port"), ODD, ids=repr)
    def test_what_is_no_address_stays(
        self, method: str, host: Any, port: Any, pretend: Pretend
    ) -> None:
        pretend("bridge+host-gateway", answers=HOST, policy=Policy(strict=True, map="localhost=db"))
        getattr(resolver.current(), method)("localhost", 5432)  # 5432.0 is the same key to a dict
        found = getattr(resolver.current(), method)(host, port, "postgresql")
        assert (found.after.host, found.after.port) == (host, port)
        assert not found.changed
        assert str(found.before)
