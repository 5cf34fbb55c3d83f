"""Where a process stands, in real situations of many runtimes, as root and as nobody.

The table of all rows stands at the end of the run's output.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests import tables
from tests.lab import images
from tests.lab.situations import SITUATIONS, USERS, Situation, Unavailable, User
from tests.lab.situations.grounds import Grounds, grounds
from tests.lab.situations.image import ensure_image
from tests.lab.situations.page import BEGIN, END
from tests.lab.situations.tally import Row, Tally, ask
from tests.lab.situations.verdicts import DETECTORS
from tests.lab.stage import HostServer, host_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.engine import Engine

pytestmark = pytest.mark.machine  # it leaves a swarm, and enters what other runtimes make


NAMES = [situation.name for situation in SITUATIONS]
DETECTORS_TXT = Path(__file__).parent / "situations" / "detectors.txt"


@pytest.fixture(scope="module")
def tally(pytestconfig: pytest.Config) -> Iterator[Tally]:
    made = Tally()
    yield made
    tables.add(pytestconfig, "situations", made.lines())


@pytest.fixture(scope="module")
def ground(engine: Engine) -> Iterator[Grounds]:
    wheel = images.find_wheel()
    if wheel is None:
        _give_up("no wheel in dist/ nor in LAB_WHEEL")
    with grounds(engine, ensure_image(engine, wheel)) as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[HostServer]:
    """Give a server on the host, on every address, that says "host"."""
    with host_server("greeting", address="0.0.0.0") as serving:
        yield serving


@pytest.fixture(scope="module", params=SITUATIONS, ids=lambda situation: situation.name)
def rows(
    request: pytest.FixtureRequest, ground: Grounds, tally: Tally, server: HostServer
) -> dict[User, Row]:
    """Enter a situation once, and ask everything as each user."""
    situation: Situation = request.param
    began = time.monotonic()
    try:
        with situation.enter(ground) as standing:
            found: dict[User, Row] = {}
            for user in USERS:
                found[user] = ask(situation, standing, user, server.port)
    except Unavailable as error:
        tally.skipped[situation.name] = str(error)
        _give_up(f"{situation.name}: {error}")
    finally:
        tally.seconds += time.monotonic() - began
    tally.rows.extend(found.values())
    return found


@pytest.mark.parametrize("user", USERS)
def test_where_it_stands(rows: dict[User, Row], user: User) -> None:
    row = rows[user]
    assert row.seen == row.expected, row.answers
    evidence = row.answers["hostshift"]["evidence"]
    assert {"isolation", "network", "naming"} <= {one["question"] for one in evidence}
    assert all(one["source"] for one in evidence)


@pytest.mark.parametrize("user", USERS)
def test_the_host_answers_at_its_addresses(rows: dict[User, Row], user: User) -> None:
    assert rows[user].answers["reached"] == rows[user].seen["host_address"]


@pytest.mark.parametrize("user", USERS)
def test_the_other_detectors_could_be_asked(rows: dict[User, Row], user: User) -> None:
    answers = {detector.key: rows[user].answers[detector.key] for detector in DETECTORS}
    assert not [said for said in answers.values() if str(said).startswith("error")], answers


def test_the_page_tells_of_every_situation_and_of_the_versions_asked() -> None:
    page = Path(__file__).parents[2].joinpath("docs/detectors.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in page.split(BEGIN)[1].split(END)[0].splitlines()]
    assert [row[2:] for row in rows if row[2:] in NAMES] == NAMES
    pins = [line.partition("==") for line in DETECTORS_TXT.read_text().splitlines()]
    for package, _, version in pins:
        assert not version or f"{package}/) {version}" in page


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("LAB_ENGINE") == "require":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
