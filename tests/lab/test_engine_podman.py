"""What Podman says over its socket, asked the same: with a store of its own, gone after."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Publication
from hostshift.discovery import engine as source
from tests.lab.base import BASE_IMAGE
from tests.lab.host_server import free_port
from tests.lab.sdk import DockerClient, DockerException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.discovery import Container, Topology
    from tests.lab.engine import Engine

pytestmark = pytest.mark.machine  # Podman has one default network

CONFIGURATION = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4000:4000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
LABELS = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "db",
    "com.docker.compose.container-number": "1",
}


@pytest.fixture(scope="module")
def podman(engine: Engine, lab_image: str) -> Iterator[DockerClient]:
    """Give a Podman of our own that has the base image."""
    program = shutil.which("podman")
    if program is None or os.geteuid() != 0:
        pytest.skip("podman is not installed, or this is not root")
    assert lab_image  # which stands on the base image
    # Podman takes no directory of more than 50 characters for what runs.
    with tempfile.TemporaryDirectory(prefix="podman-") as directory:
        yield from _serving(program, Path(directory), engine)


def _serving(program: str, at: Path, engine: Engine) -> Iterator[DockerClient]:
    """Run a service whose files are all below a directory."""
    (at / "containers.conf").write_text(CONFIGURATION + _runtime(), encoding="utf-8")
    command = [program, "--root", f"{at}/root", "--runroot", f"{at}/run"]
    command += ["--network-config-dir", f"{at}/networks"]
    environ = {**os.environ, "CONTAINERS_CONF": f"{at}/containers.conf"}
    environ.pop("DOCKER_HOST", None)
    with (at / "log").open("wb") as log:
        service = subprocess.Popen(
            [*command, "system", "service", "-t", "0", f"unix://{at}/podman.sock"],
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        with closing(_client(at / "podman.sock", service)) as client:
            image = engine.client.images.get(BASE_IMAGE)
            client.images.load(b"".join(image.save(named=BASE_IMAGE)))
            yield client
    finally:
        service.terminate()
        service.wait(20)
        # Not by "system reset", which may reach beyond this store.
        for clearing in ([*command, "rmi", "-a", "-f"], ["umount", f"{at}/root/overlay"]):
            subprocess.run(clearing, env=environ, check=False, capture_output=True, timeout=60)


def _runtime() -> str:
    """Prefer runc, which runs also where crun wants a newer cgroup."""
    return 'runtime = "runc"\n' if shutil.which("runc") else ""


def _client(socket: Path, service: subprocess.Popen[bytes]) -> DockerClient:
    deadline = time.monotonic() + 20
    while not socket.exists():
        assert service.poll() is None, socket.with_name("log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return DockerClient(base_url=f"unix://{socket}", timeout=120)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def started(podman: DockerClient, port: int) -> Iterator[dict[str, Any]]:
    """Give containers of every kind, by their names."""
    made: dict[str, Any] = {}
    podman.networks.create("shop_default")

    def make(name: str, *, start: bool = True, **options: Any) -> None:
        made[name] = podman.containers.create(
            BASE_IMAGE, ["sleep", "300"], name=name, stop_signal="SIGKILL", **options
        )
        if start:
            made[name].start()

    try:
        make(
            "shop-db-1",
            labels=LABELS,
            network="shop_default",
            networking_config={"shop_default": {"Aliases": ["db", "database"]}},
            ports={"5432/tcp": None, "6000/tcp": ("127.0.0.1", port)},
        )
        make("alone", ports={"80/tcp": None})
        make("beside", network_mode=f"container:{made['shop-db-1'].id}")
        make("host", network_mode="host")
        make("off", start=False, ports={"81/tcp": None})
        yield made
    except DockerException as error:  # it says what this machine's Podman lacks
        pytest.skip(f"podman cannot run a container here: {error}")
    finally:
        for container in reversed(made.values()):
            container.remove(force=True)


def _read(podman: DockerClient, *own: str) -> Topology:
    adapter: Any = podman.api.get_adapter(podman.api.base_url)
    environ = {"DOCKER_HOST": f"unix://{adapter.socket_path}"}
    return source.read(own, environ, deadline=Deadline(20, 20), directory="/")


def _container(found: Topology, name: str) -> Container:
    (one,) = [one for service in found.services for one in service.containers if one.name == name]
    return one


def test_names_networks_and_ports(podman: DockerClient, started: dict[str, Any], port: int) -> None:
    found = _read(podman)
    assert found.notes == ()
    (db,) = [service for service in found.services if service.project == "shop"]
    (one,) = db.containers
    (on,) = one.memberships
    assert (db.service, one.id, on.network) == ("db", started["shop-db-1"].id, "shop_default")
    assert set(on.names) == {"shop-db-1", "db", "database", one.id[:12]}
    assert on.addresses
    random, fixed = one.publications
    assert fixed == Publication(port=6000, published=port, address="127.0.0.1")
    assert (random.port, random.address) == (5432, "")
    assert random.published


def test_on_the_default_network_no_names_answer(
    podman: DockerClient, started: dict[str, Any]
) -> None:
    assert started
    (on,) = _container(_read(podman), "alone").memberships
    assert (on.network, on.names) == ("podman", ())
    assert on.addresses


def test_modes_and_states(podman: DockerClient, started: dict[str, Any]) -> None:
    found = _read(podman)
    assert started
    beside = _container(found, "beside")
    assert beside.network_mode == "container:shop-db-1"
    assert (beside.memberships, beside.publications) == ((), ())
    assert _container(found, "host").network_mode == "host"
    off = _container(found, "off")
    assert not off.running
    assert off.publications[0].port == 81


def test_me_is_whose_network_this_is(podman: DockerClient, started: dict[str, Any]) -> None:
    """Podman's binds may name the container itself: its network is the other's."""
    for name, me in (("shop-db-1", "shop-db-1"), ("beside", "shop-db-1"), ("alone", "alone")):
        found = _read(podman, str(started[name].id))
        assert found.me is not None
        assert found.me.name == me
        assert found.project == ("shop" if me == "shop-db-1" else None)
