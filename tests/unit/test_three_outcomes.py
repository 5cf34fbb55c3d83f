"""A walk over all rules, with each source in each of its states.

A source says, says that there is nothing, or could not say. Two laws hold on every path:
nothing is known where somebody who was asked could not say; and what answers, runs or
refuses at this moment never changes what a string means.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from hostshift import routing
from hostshift.config.policy import Policy
from hostshift.discovery import (
    Container,
    Gap,
    Membership,
    Publication,
    Service,
    Topology,
    merged,
)
from hostshift.routing.model import RouteRequest
from hostshift.testing import PLACES
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.routing.model import Decision
    from hostshift.routing.queries import Outcome

PORT, PUBLISHED = 5432, 25432
OWN, THEIRS, ALIEN = "172.18.0.6", "172.18.0.7", "192.168.44.5"
NET, SHARED = "kiosk_default", "everybody"

VANTAGES = {
    "host": PLACES["host"],
    "bridge": PLACES["bridge+host-gateway"],
    "member": PLACES["user-network"],
}
ENDPOINTS = (
    ("localhost", PORT),
    ("localhost", PUBLISHED),
    ("localhost", 40000),
    ("host.docker.internal", PUBLISHED),
    ("db", PORT),
    ("kiosk-db-1", PORT),
    (OWN, PORT),
)


def _db(project: str, address: str, network: str, *, running: bool, **more: Any) -> Service:
    on = Membership(network=network, names=(f"{project}-db-1", "db"), addresses=(address,))
    out = Publication(port=PORT, published=PUBLISHED if project == "kiosk" else PUBLISHED + 1)
    container = Container(
        name=f"{project}-db-1", memberships=(on,), publications=(out,), running=running
    )
    given = {"certainty": "known", "source": "engine", **more}
    return Service(service="db", project=project, containers=(container,), **given)


def _me(network: str) -> Container:
    on = Membership(network=network, names=("kiosk-web-1",), addresses=("172.18.0.2",))
    return Container(name="kiosk-web-1", memberships=(on,))


def _engine(*services: Service, network: str = NET, project: str | None = "kiosk") -> Topology:
    return Topology(services=services, project=project, engine="/run/engine.sock", me=_me(network))


def _gap(source: str, *, passing: bool) -> Topology:
    fix = "wait" if passing else "repair it"
    return Topology(
        gaps=(Gap(source=source, where=source, what="is silent", fix=fix, passing=passing),)
    )


def _engines() -> dict[str, Topology]:
    """Name what an engine may say; `up` and `down` differ in nothing but that."""
    found = {"none": Topology(), "says nothing": _engine()}
    for passing in (True, False):
        found[f"gap {'late' if passing else 'refused'}"] = _gap("engine", passing=passing)
    for running in (True, False):
        state = "up" if running else "down"
        mine = _db("kiosk", OWN, NET, running=running)
        shared = _db("kiosk", OWN, SHARED, running=running)
        theirs = _db("blog", THEIRS, SHARED, running=True)
        found[f"mine {state}"] = _engine(mine)
        found[f"mine {state}, theirs beside"] = _engine(shared, theirs, network=SHARED)
    found["theirs alone"] = _engine(_db("blog", THEIRS, SHARED, running=True), network=SHARED)
    return found


def _file() -> Topology:
    intended = _db("kiosk", OWN, NET, running=True, certainty="intended", source="compose")
    (container,) = intended.containers
    on = container.memberships[0].replace(addresses=())
    written = intended.replace(containers=(container.replace(memberships=(on,)),))
    return Topology(services=(written,), project="kiosk", listed=True)


FILES = {
    "no file": Topology(),
    "file": _file(),
    "file without db": Topology(project="kiosk", listed=True),
    "broken file": _gap("compose", passing=False),
    "slow file": _gap("compose", passing=True),
}
DNS = {
    "no dns": Topology(),
    "dns": Topology(
        services=(_db("kiosk", OWN, NET, running=True, certainty="observed", source="dns"),),
        project="kiosk",
        observed_project="kiosk",
        observed_service="web",
    ),
    "silent dns": _gap("dns", passing=True),
}
NAMES: dict[str, dict[str, tuple[str, ...] | None]] = {
    "no name": {},
    "own name": {"*": (OWN,)},
    "their name": {"*": (THEIRS,)},
    "both": {"*": (OWN, THEIRS)},
    "alien name": {"*": (ALIEN,)},
    "no answer": {"*": None},
}
ALIVE: tuple[tuple[Outcome, bool | None], ...] = (
    *(("open", speaks) for speaks in (True, False, None)),
    *((outcome, False) for outcome in ("closed", "refused", "silent", "failed")),
)
"""What becomes of a dial, and whether the server speaks the protocol."""
TRUTHS = (True, False, None)
LISTENING: tuple[tuple[bool | None, bool | None], ...] = (
    *((False, near) for near in TRUTHS),
    (True, True),
    (None, True),
)
"""Whether something listens here, and whether addresses are near."""


def _looks(
    *, listens: bool | None, near: bool | None
) -> Iterator[tuple[tuple[str, ...], FakeLook]]:
    """Yield all combinations of what may be known, with what answers at this moment."""
    for (engine, file, dns, told, more), (name, names) in product(TOLD, NAMES.items()):
        for outcome, speaks in ALIVE:
            look = FakeLook(
                listens=listens,
                near=near,
                subnet="172.18." if near else "",
                names=names,
                known=told,
                seen=more,
                outcome=outcome,
                speaks=speaks,
            )
            yield (engine, file, dns, name, outcome, str(speaks)), look


def _told() -> Iterator[tuple[str, str, str, Topology, Topology]]:
    """Put together what the sources say; with an engine no name server is asked."""
    for (engine, known), (file, written), (dns, seen) in product(
        _engines().items(), FILES.items(), DNS.items()
    ):
        told = merged([known, written])
        yield engine, file, dns, told, told if known.engine else merged([known, written, seen])


TOLD = list(_told())


def _asked(where: str, host: str, port: int) -> RouteRequest:
    return RouteRequest(
        host=host, port=port, protocol="postgresql", vantage=VANTAGES[where], policy=Policy()
    )


@pytest.mark.parametrize("where", VANTAGES)
@pytest.mark.parametrize(("host", "port"), ENDPOINTS)
def test_nothing_is_known_where_somebody_could_not_say(where: str, host: str, port: int) -> None:
    asked, known, unsure = _asked(where, host, port), 0, 0
    for listens, near in LISTENING:
        for state, look in _looks(listens=listens, near=near):
            look.unsaid.clear()
            decision = routing.decide(asked, look)
            known += decision.certainty == "known"
            unsure += bool(look.unsaid)
            if look.unsaid:
                assert decision.certainty != "known", (state, listens, near, decision)
                assert not decision.settled, (state, listens, near, decision)
            if decision.undecided:
                assert not decision.changed, (state, listens, near, decision)
                assert decision.reason
    assert known, "no path to known at all: this test could not fail"
    assert unsure or host == "localhost", "nobody was asked who could not say"


def _meaning(decision: Decision) -> str | None:
    """Return the thing that an answer stands for; None where it stands for nothing new."""
    if decision.undecided or not decision.changed:
        return None
    if decision.target.kind == "service":
        theirs = THEIRS in (decision.after.host, *decision.numbers)
        theirs = theirs or decision.after.port == PUBLISHED + 1
        return "theirs" if theirs else "mine"
    return decision.target.kind


@pytest.mark.parametrize("where", VANTAGES)
@pytest.mark.parametrize(("host", "port"), ENDPOINTS)
def test_what_runs_or_answers_never_changes_what_is_meant(where: str, host: str, port: int) -> None:
    """A sibling takes localhost over from a host that refuses, and nothing else ever does that."""
    asked = _asked(where, host, port)
    meanings: dict[tuple[str, str, str, str, bool | None], set[str]] = {}
    for near in TRUTHS:
        for state, look in _looks(listens=False, near=near):
            engine, file, dns, name, *_ = state
            decision = routing.decide(asked, look)
            meaning = _meaning(decision)
            if meaning is not None:
                running = engine.replace(" down", "").replace(" up", "")
                meanings.setdefault((running, file, dns, name, near), set()).add(meaning)
    seen: set[str] = set().union(*meanings.values())
    assert seen or where == "host" or "internal" in host, "nothing was ever changed"
    for known, found in meanings.items():
        sibling = {"host", "mine"} == found and host == "localhost" and known[2] == "dns"
        assert len(found) == 1 or sibling, (known, found)
        if "mine" in known[0]:
            assert "theirs" not in found, (known, found)
