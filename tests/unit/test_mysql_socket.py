"""``localhost`` is a Unix socket to MySQL's C libraries and to PHP, whatever the port."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import routing
from hostshift.base.deadline import Deadline
from hostshift.cli import render
from hostshift.config.policy import Policy
from hostshift.detect import mysql_socket
from hostshift.discovery import Container, Membership, Publication, Service, Topology
from hostshift.environment import arguments
from hostshift.environment.model import Report
from hostshift.environment.resolve import resolved
from hostshift.forward import plan
from hostshift.machine.answers import Machine
from hostshift.resolution import resolver
from hostshift.routing.model import RouteRequest
from hostshift.testing import PLACES, pretend
from tests.unit.look import FakeLook

if TYPE_CHECKING:
    from collections.abc import Iterator

GATEWAY = "172.17.0.1"
SOCKET = "/run/mysqld/mysqld.sock"
ANSWERS = [f"mysql://{GATEWAY}:3306", f"postgresql://{GATEWAY}:5432", f"redis://{GATEWAY}:6379"]
_VECTORS = Path(__file__).parents[1] / "vectors" / "environment" / "mysql_socket.json"
_ROWS = json.loads(_VECTORS.read_text(encoding="utf-8"))


def _rows(group: str) -> list[Any]:
    return [pytest.param(row, id=row["id"]) for row in _ROWS[group]]


def _service(name: str, port: int, published: int, number: int) -> Service:
    on = Membership(network="shop_default", names=(name,), addresses=(f"172.18.0.{number}",))
    out = Publication(port=port, published=published)
    container = Container(name=f"shop-{name}-1", memberships=(on,), publications=(out,))
    return Service(
        service=name, project="shop", containers=(container,), certainty="known", source="engine"
    )


AROUND = Topology(
    services=(_service("db", 3306, 13306, 10), _service("pg", 5432, 15432, 11)), project="shop"
)


@pytest.fixture
def on_the_host() -> Iterator[None]:
    """Stand on the host, where two services publish their ports as others."""
    with pretend("host", around=AROUND, answers=["localhost:13306", "localhost:15432"]):
        yield


def _changes(env: dict[str, str], *sockets: str) -> dict[str, str]:
    """Return the variables that change in a container whose host has the servers."""
    with pretend("bridge", answers=ANSWERS, sockets=sockets):
        new = hostshift.resolve_environ(env)
    return {name: value for name, value in new.items() if env.get(name) != value}


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.usefixtures("on_the_host")
@pytest.mark.parametrize("row", _rows("texts_on_the_host"))
def test_a_published_port_of_mysql_gets_a_number(row: dict[str, str]) -> None:
    assert hostshift.resolve(row["text"]) == row["after"]


@pytest.mark.usefixtures("on_the_host")
@pytest.mark.parametrize("row", _rows("variables_on_the_host"))
def test_so_does_a_pair_of_variables(row: dict[str, Any]) -> None:
    new = hostshift.resolve_environ(row["env"])
    assert {name: new[name] for name in new if new[name] != row["env"].get(name)} == row["after"]


@pytest.mark.usefixtures("on_the_host")
def test_so_does_a_host_and_a_port_that_come_apart() -> None:
    assert hostshift.resolve_address("db", 3306) == ("127.0.0.1", 13306)
    assert hostshift.resolve_address("pg", 5432) == ("localhost", 15432)


@pytest.mark.parametrize("goal", ["localhost:13306", "LOCALHOST:13306"])
def test_the_goal_of_a_map_is_a_number_as_well(goal: str) -> None:
    with pretend("bridge", policy=Policy(map=f"db:3306={goal},pg:5432={goal}")):
        assert hostshift.resolve("mysql://u:p@db/d") == "mysql://u:p@127.0.0.1:13306/d"
        text = "postgresql://u:p@pg/d"
        assert hostshift.resolve(text) == f"postgresql://u:p@{goal}/d"


# --- what stays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", _rows("clients"))
def test_a_socket_that_is_here_stays_for_those_who_take_it(row: dict[str, Any]) -> None:
    text = row["text"]
    with pretend("bridge", answers=ANSWERS, sockets=[SOCKET]):
        there = hostshift.explain(text)
    assert (there.after == text) is row["takes"]
    assert (SOCKET in there.decisions[0].reason) is row["takes"]
    assert not there.undecided
    with pretend("bridge", answers=ANSWERS):
        assert GATEWAY in hostshift.resolve(text)


def test_a_socket_that_comes_late_counts_at_the_next_look() -> None:
    text = "mysql+mysqldb://u:p@localhost/d"
    with pretend("bridge", answers=ANSWERS) as _:
        assert GATEWAY in hostshift.resolve(text)
        machine: Any = resolver.current().look()
        machine.sockets = (SOCKET,)
        assert hostshift.resolve(text) == text


def test_a_socket_at_no_usual_place_is_not_the_clients() -> None:
    with pretend("bridge", answers=ANSWERS, sockets=["/run/other.sock"]):
        assert GATEWAY in hostshift.resolve("mysql+mysqldb://u:p@localhost/d")


@pytest.mark.parametrize("row", _rows("named"))
def test_a_host_beside_the_name_of_a_socket_stays(row: dict[str, Any]) -> None:
    assert _changes(row["env"]) == {}


@pytest.mark.parametrize("row", _rows("not_named"))
def test_what_names_no_socket_of_the_host_changes_nothing(row: dict[str, Any]) -> None:
    assert _changes(row["env"]) == row["after"]


@pytest.mark.parametrize("row", _rows("sure"))
def test_variables_show_who_reads_a_host(row: dict[str, Any]) -> None:
    assert _changes(row["env"], SOCKET) == {}
    assert _changes(row["env"])


@pytest.mark.parametrize("row", _rows("unsure"))
def test_a_socket_is_nobodys_where_no_name_shows_the_reader(row: dict[str, Any]) -> None:
    assert _changes(row["env"], SOCKET)


@pytest.mark.parametrize("row", _rows("files"))
def test_fields_of_files_go_by_the_same_rules(row: dict[str, Any]) -> None:
    text = row["text"].encode()
    with pretend("bridge", answers=ANSWERS, sockets=[SOCKET]):
        assert render.rendered(text, row["format"], "a file") == text
    with pretend("bridge", answers=ANSWERS):
        assert (render.rendered(text, row["format"], "a file") == text) is row["named"]


@pytest.mark.parametrize("option", [["--mysql-socket=/srv/m.sock"], ["--mysql-socket", "/m.sock"]])
def test_an_argument_may_name_the_socket(option: list[str]) -> None:
    words = ["sysbench", "--mysql-host=localhost"]
    with pretend("bridge", answers=ANSWERS):
        now = resolver.current()
        assert arguments.resolve([*words, *option], now) == [*words, *option]
        assert arguments.resolve(words, now) == [words[0], f"--mysql-host={GATEWAY}"]


def test_a_forwarder_is_nothing_to_clients_that_take_the_socket() -> None:
    sure, unsure = "mysql+mysqldb://u:p@localhost/d", "mysql+pymysql://u:p@localhost/d"
    with pretend("bridge", answers=ANSWERS):
        keeper = plan.Keeper(resolver.current(), {3306: frozenset((4, 6))})
        assert keeper.explain(unsure).after == unsure
        assert keeper.explain(sure).after == sure.replace("localhost", GATEWAY)


def test_a_map_goes_before_a_socket() -> None:
    policy = Policy(map="localhost:3306=db.example.com:3307")
    with pretend("bridge", policy=policy, sockets=[SOCKET]):
        after = hostshift.resolve("mysql+mysqldb://u:p@localhost/d")
    assert after == "mysql+mysqldb://u:p@db.example.com:3307/d"


def test_the_line_of_a_socket_names_its_variable_and_no_value() -> None:
    env = {"PMA_HOST": "localhost", "PMA_SOCKET": "/srv/s3cret"}
    report = Report()
    with pretend("bridge", answers=ANSWERS):
        assert resolved(env, resolver.current(), report=report) == {}
    reason = "its client takes localhost for a Unix socket, which PMA_SOCKET sets"
    assert report.lines == [f"PMA_HOST: localhost:3306 stays as it is: {reason}"]


# --- the look at this machine ---------------------------------------------------------------------


def test_a_look_that_could_not_say_decides_nothing() -> None:
    request = RouteRequest(
        host="localhost",
        port=3306,
        protocol="mysql",
        vantage=PLACES["bridge"],
        policy=Policy(),
        socket="*",
    )
    decision = routing.decide(request, FakeLook(mysql=None, outcome="open", speaks=True))
    assert decision.undecided
    assert not decision.changed
    moves = routing.decide(request, FakeLook(outcome="open", speaks=True))
    assert moves.after.host == GATEWAY


def test_the_socket_that_the_libraries_variable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.sock"
    monkeypatch.setenv(mysql_socket.VARIABLE, str(path))
    assert mysql_socket.find(()) == ""
    path.touch()
    assert mysql_socket.find(()) == "", "a plain file is no socket"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        look = Machine().look(Policy(), Deadline(5, 10))
        assert look.mysql_socket() == f"the value of {mysql_socket.VARIABLE}"


def test_a_path_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, path = tmp_path / "loop", tmp_path / "m.sock"
    loop.symlink_to(loop)
    monkeypatch.delenv(mysql_socket.VARIABLE, raising=False)
    paths = str(loop), str(path)
    assert mysql_socket.find(paths) is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert mysql_socket.find(paths) == str(path), "another one is there"
