"""What a real engine says: two real compose projects, seen from the host and from containers."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Publication, Topology, compose, engine, saved
from tests.lab.host_server import free_port
from tests.lab.processes import Owner
from tests.lab.sdk import DockerClient
from tests.unit.compose_cases import oracle, plenty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hostshift.discovery import Container, Service
    from tests.lab.containers import RunOptions
    from tests.lab.stage import Stage

PLENTY = 30.0
SOCKET = "/var/run/docker.sock"
HEAD = """
x-labels: &labels
  hostshift.lab: stage
  hostshift.lab.session: ${SESSION}
  hostshift.lab.owner: ${OWNER}
x-idle: &idle
  image: ${IMAGE}
  command: [sleep, infinity]
  pull_policy: never
  stop_grace_period: 0s
  labels: *labels
x-asking: &asking
  <<: *idle
  volumes: ["${SOCKET}:/var/run/docker.sock"]
"""
SHOP = """
services:
  db:
    <<: *idle
    networks: {front: {aliases: [database]}, back: }
    ports: ["127.0.0.1:${FIXED}:5432", "5433", "6000/udp"]
  v4: {<<: *idle, networks: [front], ports: ["0.0.0.0:${V4}:80"]}
  v6: {<<: *idle, networks: [front], ports: ["[::1]:${V6}:80"]}
  web: {<<: *idle, networks: [front], scale: 3, ports: ["8000"]}
  app: {<<: *asking, networks: [front]}
  beside: {<<: *asking, network_mode: "service:db"}
  host: {<<: *idle, network_mode: host}
  none: {<<: *idle, network_mode: none}
  bridge: {<<: *idle, network_mode: bridge}
  off: {<<: *idle, networks: [back], ports: ["${OFF}:6379", "6380"]}
  held: {<<: *idle, networks: [back], ports: ["${HELD}:70"]}
  well: {<<: *idle, networks: [front], healthcheck: {test: "true", interval: 1s}}
  sick: {<<: *idle, networks: [front], healthcheck: {test: "false", interval: 1s, retries: 1}}
  hidden:
    <<: *idle
    networks: [front]
    labels: {<<: *labels, hostshift.ignore: "true"}
networks:
  front: {labels: *labels, ipam: {config: [{subnet: "fd00:${NET}::/64"}]}, enable_ipv6: true}
  back: {labels: *labels}
"""
OTHER = """
services:
  db: {<<: *idle, ports: ["5432"]}
networks: {default: {labels: *labels}}
"""


class Project:
    """A compose project: its directory, and the real compose on the real engine."""

    def __init__(self, stage: Stage, image: str, root: Path, text: str) -> None:
        """Write the file into a directory of its own."""
        self.name = root.name
        self.at = root
        root.mkdir()
        (root / "pyproject.toml").touch()
        (root / "compose.yaml").write_text(HEAD + text, encoding="utf-8")
        self.ports = {name: free_port() for name in ("FIXED", "V4", "V6", "OFF", "HELD")}
        self.socket = stage.engine.url.removeprefix("unix://")
        self.environ = {
            "PATH": os.defpath,
            "HOME": str(root),
            "DOCKER_HOST": stage.engine.url,
            "SESSION": stage.session,
            "OWNER": Owner.me().label,
            "IMAGE": image,
            "SOCKET": self.socket,
            "NET": secrets.token_hex(2),
            **{name: str(port) for name, port in self.ports.items()},
        }

    def compose(self, *arguments: str) -> str:
        """Run the real compose and return what it prints."""
        command = [str(oracle()), "--progress", "quiet", *arguments]
        done = subprocess.run(
            command,
            cwd=self.at,
            env=self.environ,
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def read(self, directory: Path | None = None, *, configured: bool = False) -> Topology:
        """Look at the engine from the host."""
        at = self.at if directory is None else directory
        return engine.read(
            (),
            self.environ,
            deadline=Deadline(PLENTY, PLENTY),
            directory=str(at),
            configured=configured,
        )

    def container(self, service: str) -> Container:
        """Return the only container of a service."""
        (found,) = _service(self.read(), service, self.name).containers
        return found


def _service(found: Topology, name: str, project: str | None) -> Service:
    (service,) = [one for one in found.services if (one.service, one.project) == (name, project)]
    return service


@pytest.fixture(scope="module")
def shop(
    module_stage: Stage, app_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Give the first project, with one service stopped and one held."""
    root = tmp_path_factory.mktemp("live") / f"shop{module_stage.session}"
    project = Project(module_stage, app_image, root, SHOP)
    try:
        project.compose("up", "-d")
        project.compose("stop", "off")
        project.compose("pause", "held")
        yield project
        project.compose("unpause", "held")
    finally:
        project.compose("down", "-t", "0")


@pytest.fixture(scope="module")
def other(module_stage: Stage, app_image: str, shop: Project) -> Iterator[Project]:
    """Give the second project, which has a ``db`` too, in a directory below the first."""
    root = shop.at / f"other{module_stage.session}"
    project = Project(module_stage, app_image, root, OTHER)
    try:
        project.compose("up", "-d")
        yield project
    finally:
        project.compose("down", "-t", "0")


def _published(project: Project, service: str, port: int) -> int:
    return int(project.compose("port", service, str(port)).rpartition(":")[2])


# --- from the host ------------------------------------------------------------------------------


def test_aliases_and_two_networks(shop: Project) -> None:
    found = shop.read()
    assert (found.project, found.me, found.engine) == (shop.name, None, shop.socket)
    db = _service(found, "db", shop.name)
    assert (db.certainty, db.source, db.name) == ("known", "engine", "db")
    (one,) = db.containers
    assert one.running
    networks = {on.network: on for on in one.memberships}
    assert set(networks) == {f"{shop.name}_front", f"{shop.name}_back"}
    every = {"db", f"{shop.name}-db-1", one.id[:12]}
    assert set(networks[f"{shop.name}_front"].names) == {*every, "database"}
    assert set(networks[f"{shop.name}_back"].names) == every


def test_addresses_of_both_families_are_the_containers_own(
    shop: Project, module_stage: Stage
) -> None:
    one = shop.container("db")
    container = module_stage.engine.client.containers.get(one.id)
    said = module_stage.exec(container, ["ip", "-o", "addr", "show", "scope", "global"]).stdout
    real = {line.split()[3].partition("/")[0] for line in said.splitlines()}
    assert {address for on in one.memberships for address in on.addresses} == real
    assert sum(":" in address for address in real) == 1


def test_fixed_and_random_ports(shop: Project) -> None:
    one = shop.container("db")
    # A random port may be another one for IPv6 (moby 42442).
    both = {out for out in one.publications if ":" in out.address}
    outs = {(out.port, out.protocol): out for out in one.publications if out not in both}
    assert {(out.port, out.protocol) for out in both} <= {*outs} - {(5432, "tcp")}
    assert outs[5432, "tcp"] == Publication(
        port=5432, published=shop.ports["FIXED"], address="127.0.0.1"
    )
    assert outs[5433, "tcp"].published == _published(shop, "db", 5433)
    assert outs[6000, "udp"].published
    assert len(outs) == 3
    assert one.exposed == (5432, 5433)


def test_one_family_only(shop: Project) -> None:
    v4, v6 = shop.container("v4"), shop.container("v6")
    assert v4.publications == (Publication(port=80, published=shop.ports["V4"], address="0.0.0.0"),)
    assert v6.publications == (Publication(port=80, published=shop.ports["V6"], address="::1"),)


def test_replicas_in_order(shop: Project) -> None:
    web = _service(shop.read(), "web", shop.name)
    assert [one.name for one in web.containers] == [
        f"{shop.name}-web-{number}" for number in (1, 2, 3)
    ]
    # The engine may choose one port for IPv4 and another for IPv6.
    four = [out.published for out in web.publications if out.address in ("", "0.0.0.0")]
    assert len(set(four)) == len(four) == 3
    assert all("web" in on.names for on in web.memberships)


def test_modes(shop: Project) -> None:
    for service, mode in (
        ("beside", f"container:{shop.name}-db-1"),
        ("host", "host"),
        ("none", "none"),
    ):
        one = shop.container(service)
        assert (one.network_mode, one.memberships, one.publications) == (mode, (), ())
    (on,) = shop.container("bridge").memberships
    assert (on.network, on.names) == ("bridge", ())
    assert len(on.addresses) == 1


def test_a_stopped_one_keeps_what_it_is_to_publish(shop: Project) -> None:
    one = shop.container("off")
    assert not one.running
    assert one.publications == (
        Publication(port=6379, published=shop.ports["OFF"]),
        Publication(port=6380, published=None),
    )
    assert [on.addresses for on in one.memberships] == [()]
    assert "off" in one.memberships[0].names


def test_a_paused_one_keeps_its_place(shop: Project) -> None:
    one = shop.container("held")
    assert one.running
    assert one.memberships[0].addresses
    assert one.publications[0].published == shop.ports["HELD"]


def test_health(shop: Project) -> None:
    deadline = time.monotonic() + 20
    wanted = (True, False, None)
    while (
        seen := tuple(shop.container(name).healthy for name in ("well", "sick", "db"))
    ) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)


def test_ignored_ones_are_not_seen(shop: Project) -> None:
    assert "hidden" not in {service.service for service in shop.read().services}


def test_one_offs_are_no_replicas(shop: Project) -> None:
    made = shop.compose("run", "-d", "--name", f"{shop.name}-once", "db", "sleep", "infinity")
    try:
        found = shop.read()
        assert len(_service(found, "db", shop.name).containers) == 1
        once = _service(found, f"{shop.name}-once", shop.name)
        assert once.containers[0].running
        assert "db" not in once.names
        assert f"{shop.name}-once" not in {
            service.service for service in shop.read(configured=True).services
        }
    finally:
        _remove(shop, made)


def _remove(shop: Project, container: str) -> None:
    client = DockerClient(base_url=shop.environ["DOCKER_HOST"])
    try:
        client.containers.get(container).remove(force=True)
    finally:
        client.close()


def test_two_projects_with_a_db(shop: Project, other: Project) -> None:
    for directory, mine in ((shop.at, shop), (shop.at / "src", shop), (other.at, other)):
        found = shop.read(directory)
        assert found.project == mine.name
        (db,) = [one for one in found.siblings() if one.service == "db"]
        assert db.container == f"{mine.name}-db-1"
    found = shop.read(shop.at.parent)
    assert (found.project, found.siblings()) == (None, ())
    projects = {one.project for one in found.services if one.service == "db"}
    assert {shop.name, other.name} <= projects


def test_saved_from_the_engine_is_what_compose_says(other: Project) -> None:
    """Random ports, ids and addresses are left out, so both sources save the same."""
    by_engine = saved.document(other.read(configured=True))
    by_compose = saved.document(compose.read(str(other.at), other.environ, deadline=plenty()))
    assert by_engine["project"] == other.name
    for service in by_engine["services"].values():
        for container in service["containers"]:
            assert container.pop("exposed") == [5432]  # engines add what is published
    assert by_engine == by_compose


def test_by_name_and_address_it_is_reached(shop: Project, module_stage: Stage) -> None:
    """What is told to answer on a network does, from a container of that network."""
    client = module_stage.engine.client
    asking = client.containers.get(f"{shop.name}-app-1")
    for on in shop.container("db").memberships:
        if on.network != f"{shop.name}_front":
            continue
        for name in on.names:
            said = module_stage.exec(asking, ["getent", "ahosts", name])
            assert said.code == 0, name
            assert {line.split()[0] for line in said.stdout.splitlines()} <= set(on.addresses)


# --- from containers ----------------------------------------------------------------------------


def _topology(stage: Stage, container: Any, *arguments: str) -> dict[str, Any]:
    command = ["hostshift", "topology", "--json", *arguments]
    said = stage.exec(container, command, environment={"HOSTSHIFT_BUDGET": "30"})
    assert said.code == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


@pytest.mark.parametrize(("service", "me"), [("app", "app"), ("beside", "db")])
def test_a_container_finds_itself(
    service: str, me: str, shop: Project, other: Project, module_stage: Stage
) -> None:
    """With another's network, it is that other one."""
    container = module_stage.engine.client.containers.get(f"{shop.name}-{service}-1")
    found = _topology(module_stage, container)
    assert (found["project"], found["me"]) == (shop.name, f"{shop.name}-{me}-1")
    assert found["engine"] == SOCKET
    seen = {(one["project"], one["service"]) for one in found["services"]}
    assert {(shop.name, "db"), (other.name, "db")} <= seen


def _standing(
    shop: Project, stage: Stage, image: str, name: str, mounts: Sequence[str] = ()
) -> Any:
    options: RunOptions = {
        "volumes": [f"{shop.socket}:{SOCKET}", *mounts],
        "working_dir": "/workspace",
    }
    return stage.start(name, image, ["sleep", "infinity"], **options)


def test_a_devcontainer(shop: Project, app_image: str, stage: Stage) -> None:
    """No project of its own, but the project's directory is mounted."""
    mounts = [f"{shop.at}:/workspace"]
    found = _topology(stage, _standing(shop, stage, app_image, "dev", mounts))
    assert (found["project"], found["me"]) == (shop.name, stage.named("dev"))


def test_a_container_of_no_project(shop: Project, app_image: str, stage: Stage) -> None:
    found = _topology(stage, _standing(shop, stage, app_image, "plain"))
    assert (found["project"], found["me"]) == (None, stage.named("plain"))


def test_without_a_socket(app_image: str, stage: Stage) -> None:
    found = _topology(stage, stage.start("lone", app_image, ["sleep", "infinity"]))
    assert (found["engine"], found["services"], found["notes"]) == ("", [], [])


def test_a_user_who_may_not_use_the_socket(shop: Project, app_image: str, stage: Stage) -> None:
    container = _standing(shop, stage, app_image, "nobody")
    command = ["setpriv", "--reuid=nobody", "--clear-groups", "hostshift", "topology"]
    said = stage.exec(container, command)
    assert said.code == 0, said.stderr
    assert f"engine: {SOCKET}: cannot be used by this user" in said.stdout


def test_one_look_is_one_snapshot(shop: Project) -> None:
    """Nothing is remembered: a stopped service is stopped at the next look."""
    assert shop.container("v4").running
    shop.compose("stop", "v4")
    try:
        assert not shop.container("v4").running
    finally:
        shop.compose("start", "v4")
    assert shop.container("v4").publications[0].published == shop.ports["V4"]
