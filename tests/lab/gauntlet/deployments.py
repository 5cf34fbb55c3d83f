"""Deployments that work as written. Data: what each is, how it is made, why it works.

Each stands among temptations: the host accepts on the same port, a compose.yaml in
the working directory knows another `db`, the engine's socket is mounted.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.containers import WORK
from tests.lab.gauntlet.asking import Answers, ask, ask_on_host, bring
from tests.lab.gauntlet.project import Project, postgres, socket_mount
from tests.lab.places import Scene
from tests.lab.situations.grounds import Grounds, must, need
from tests.lab.stage import Stage, free_port, host_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Unpack

    from tests.lab.containers import RunOptions
    from tests.lab.sdk import Container, Network

ROOT = f"{WORK}/project"
_SLEEP = ["sleep", "infinity"]
Cell = dict[str, str]


class Ground:
    """What all deployments have around them."""

    def __init__(self, stage: Stage, image: str) -> None:
        """Bring up the project that tempts, and a server that is no part of it."""
        self.stage, self.image = stage, image
        self.port, self.db_port, self.published = free_port(), free_port(), free_port()
        published = [f"{self.published}:{self.db_port}"]
        services = {"db": postgres(image, self.db_port, "db", ports=published)}
        self.project = Project(stage, f"shop{stage.session}", services)
        self.project.up()
        stage.wait(self.project.container("db"), self.db_port)
        self._made = 0
        self.legacy = self.server("legacy", self.db_port)

    def server(self, who: str, port: int, **options: Unpack[RunOptions]) -> Container:
        """Start a server that answers anything with a name, and to it on a network."""
        self._made += 1
        options["aliases"] = [who, *options.get("aliases", [])]
        options["environment"] = {"WHO": who, **options.get("environment", {})}
        return self.stage.serve("any", f"{who}-{self._made}", self.image, port=port, **options)

    def box(self, **options: Unpack[RunOptions]) -> Container:
        """Start a client's container with everything at hand that might mislead."""
        self._made += 1
        options["volumes"] = [socket_mount(self.stage), *options.get("volumes", [])]
        made = self.stage.start(f"box-{self._made}", self.image, _SLEEP, **options)
        bring(made, self.project.files, ROOT)
        return made

    def beside(self, box: Container, who: str, port: int, listen: str = "127.0.0.1") -> None:
        """Start a server in a running container."""
        environment = {"WHO": who, "LISTEN": listen}
        box.exec_run(["serve-any", str(port)], detach=True, environment=environment)
        self.stage.wait(box, port, address={"0.0.0.0": "127.0.0.1"}.get(listen, listen))


@dataclass(frozen=True)
class Standing:
    """A deployment that runs: where its client is, and its strings."""

    cells: list[Cell]
    """Each with its text, what it speaks and who must answer."""
    box: Container | None = None
    """None: the client is a process on the host."""
    isolation: str = ""
    """What hostshift must take this place for, where the place is a pretended one."""

    def ask(self, ground: Ground, asked: str) -> Answers:
        """Run the client there."""
        if self.box is None:
            scene = Scene(ground.stage, ground.image)
            return ask_on_host(scene, asked, files=ground.project.files)
        return ask(ground.stage, self.box, asked, directory=ROOT)


@dataclass(frozen=True)
class Deployment:
    """One that works: its name, why, and how to make it."""

    name: str
    why: str
    enter: Callable[[Ground], AbstractContextManager[Standing]]


DEPLOYMENTS: list[Deployment] = []


def _deployment(
    name: str, why: str
) -> Callable[[Callable[[Ground], Iterator[Standing]]], Callable[[Ground], Any]]:
    """Add one to the corpus."""

    def add(enter: Callable[[Ground], Iterator[Standing]]) -> Callable[[Ground], Any]:
        DEPLOYMENTS.append(Deployment(name, why, contextmanager(enter)))
        return enter

    return add


def _postgresql(host: str, port: int, who: str) -> Cell:
    text = f"postgresql://app:s3cret@{host}:{port}/app"
    return {"text": text, "speaks": "postgresql", "expected": who}


def _redis(host: str, port: int, who: str) -> Cell:
    return {"text": f"redis://{host}:{port}/0", "speaks": "redis", "expected": who}


def _http(host: str, port: int, who: str) -> Cell:
    return {"text": f"http://{host}:{port}/", "speaks": "http", "expected": who}


def _hostport(host: str, port: int, who: str) -> Cell:
    text = f"{host}:{port}"
    return {"text": text, "speaks": "greeting", "dialect": "hostport", "expected": who}


@_deployment("sidecar in the same container", "something listens here on that port")
def _sidecar(ground: Ground) -> Iterator[Standing]:
    box, port = ground.box(network=ground.project.network), ground.port
    ground.beside(box, "sidecar", port)
    hosts = ("localhost", "127.0.0.1")
    yield Standing(
        [_postgresql(host, port, "sidecar") for host in hosts]
        + [_redis("127.1", port, "sidecar"), _http("localhost", port, "sidecar")],
        box,
    )


@_deployment("sidecar in a shared network namespace", "its loopback is ours")
def _shared_namespace(ground: Ground) -> Iterator[Standing]:
    sidecar = ground.server("sidecar", ground.port, network=ground.project.network)
    box = ground.box(network=sidecar)
    yield Standing([_postgresql("localhost", ground.port, "sidecar")], box)


@_deployment("container on the host's network", "its loopback is the host's")
def _host_network(ground: Ground) -> Iterator[Standing]:
    with host_server("any", address="127.0.0.1") as server:
        cells = [_redis("localhost", server.port, "host"), _db_on_host(ground)]
        yield Standing(cells, ground.box(network="host"))


def _db_on_host(ground: Ground) -> Cell:
    """Give the project's database as it is published."""
    return _postgresql("localhost", ground.published, "db")


@_deployment("process on the host", "localhost is what it says")
def _host(ground: Ground) -> Iterator[Standing]:
    gateway = ground.stage.gateway()
    yield Standing(
        [
            _http("localhost", ground.port, "host"),
            _db_on_host(ground),
            _hostport(gateway, ground.port, "host"),
        ]
    )


def _as_pod(box: Container) -> None:
    """Make a container's hosts file the kubelet's."""
    head = "# Kubernetes-managed hosts file."
    rewrite = f"(echo '{head}'; cat /etc/hosts) > /tmp/hosts && cat /tmp/hosts > /etc/hosts"
    box.exec_run(["sh", "-c", rewrite])


_POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@_deployment("pod with a sidecar", "a pod's containers share one loopback")
def _pod_sidecar(ground: Ground) -> Iterator[Standing]:
    sidecar = ground.server("sidecar", ground.port)
    box = ground.box(network=sidecar, environment=_POD)
    _as_pod(box)
    yield Standing([_postgresql("localhost", ground.port, "sidecar")], box, "kubernetes")


@_deployment("pod and a service's name", "the cluster's names are the cluster's")
def _pod_service(ground: Ground) -> Iterator[Standing]:
    address = ground.stage.address(ground.legacy)
    names = {"db": address, "db.shop.svc.cluster.local": address}
    box = ground.box(extra_hosts=names, environment=_POD)
    _as_pod(box)
    cells = [_postgresql(name, ground.db_port, "legacy") for name in names]
    yield Standing(cells, box, "kubernetes")


@_deployment("macvlan behind a router", "the gateway is the office's router, not the host")
def _macvlan(ground: Ground) -> Iterator[Standing]:
    need("ip", packages=["iproute2"])
    grounds = Grounds(ground.stage, ground.image)
    parent = grounds.device("mv")
    must(["ip", "link", "add", parent, "type", "bridge"])
    try:
        must(["ip", "link", "set", parent, "up"])
        yield _behind_router(ground, parent)
    finally:
        must(["ip", "link", "delete", parent])
        grounds.close()


def _behind_router(ground: Ground, parent: str) -> Standing:
    """Have a neighbour, and a router that accepts on the same port."""
    net = _network(ground, "macvlan", driver="macvlan", options={"parent": parent})
    gateway = ground.stage.gateway(str(net.name))
    ground.server("neighbour", ground.port, network=net)
    router = ground.server("router", ground.port, network=net, cap_add=["NET_ADMIN"])
    router.exec_run(["ip", "address", "add", f"{gateway}/32", "dev", "eth0"])
    box = ground.box(network=net)
    ground.beside(box, "sidecar", ground.port)
    return Standing(
        [
            _hostport("neighbour", ground.port, "neighbour"),
            _http(gateway, ground.port, "router"),
            _redis("localhost", ground.port, "sidecar"),
        ],
        box,
    )


def _network(ground: Ground, name: str, **options: Any) -> Network:
    networks = ground.stage.engine.client.networks
    return networks.create(ground.stage.named(name), labels=ground.stage.labels, **options)


@_deployment("db in the hosts file", "a name that answers is whose it is, whatever a file says")
def _db_by_hosts_file(ground: Ground) -> Iterator[Standing]:
    box = ground.box(extra_hosts={"db": ground.stage.address(ground.legacy)})
    yield Standing([_postgresql("db", ground.db_port, "legacy")], box)


@_deployment("db in the company's DNS", "a name that answers is whose it is, whatever a file says")
def _db_by_dns(ground: Ground) -> Iterator[Standing]:
    address = ground.stage.address(ground.legacy)
    command = ["serve-dns", "-", f"--address=/db/{address}"]
    server = ground.stage.start("dns", ground.image, command)
    box = ground.box(dns=[ground.stage.address(server)])
    yield Standing([_postgresql("db", ground.db_port, "legacy")], box)


@_deployment("the host by host-gateway", "the hosts file has the name")
def _host_gateway(ground: Ground) -> Iterator[Standing]:
    alias = "host.docker.internal"
    box = ground.box(network=ground.project.network, extra_hosts={alias: "host-gateway"})
    yield Standing([_redis(alias, ground.port, "host"), _http(alias, ground.port, "host")], box)


@_deployment("service on 127.0.0.53", "the rest of 127/8 never leaves")
def _resolver_like(ground: Ground) -> Iterator[Standing]:
    box = ground.box()
    ground.beside(box, "stub", ground.port, listen="127.0.0.53")
    yield Standing([_hostport("127.0.0.53", ground.port, "stub")], box)


@_deployment("service on 127.0.0.2", "the rest of 127/8 never leaves")
def _second_loopback(ground: Ground) -> Iterator[Standing]:
    box = ground.box(network=ground.project.network)
    ground.beside(box, "second", ground.port, listen="127.0.0.2")
    yield Standing([_postgresql("127.0.0.2", ground.port, "second")], box)


@_deployment("test server on a port of the kernel's choice", "it listens here")
def _ephemeral(ground: Ground) -> Iterator[Standing]:
    box, port = ground.box(), 45_000 + ground.port % 1_000
    ground.beside(box, "test-server", port)
    with host_server("any", port, address=ground.stage.gateway()):
        yield Standing([_http("127.0.0.1", port, "test-server")], box)


@_deployment("Unix socket", "there is no host in it")
def _unix_socket(ground: Ground) -> Iterator[Standing]:
    box = ground.box()
    environment = {"WHO": "socket", "LISTEN": "127.0.0.1"}
    serve = ["serve-postgres", str(ground.port)]
    box.exec_run(serve, detach=True, environment=environment)
    ground.stage.wait(box, ground.port)
    directory = "%2Fvar%2Frun%2Fpostgresql"
    text = f"postgresql://app@/app?host={directory}&port={ground.port}"
    yield Standing([{"text": text, "speaks": "postgresql", "expected": "socket"}], box)


@_deployment("IPv6", "loopback that something listens on, and a neighbour's address")
def _ipv6(ground: Ground) -> Iterator[Standing]:
    from docker.types import (  # type: ignore[import-untyped,unused-ignore]
        IPAMConfig,
        IPAMPool,
    )

    session = ground.stage.session
    pool = IPAMConfig(pool_configs=[IPAMPool(f"fd00:{session[:4]}:{session[4:]}::/64")])
    net = _network(ground, "six", enable_ipv6=True, ipam=pool)
    other = ground.stage.start(
        "six",
        ground.image,
        ["serve-any", str(ground.port)],
        network=net,
        environment={"WHO": "six", "LISTEN": "::"},
    )
    other.reload()
    address = other.attrs["NetworkSettings"]["Networks"][str(net.name)]["GlobalIPv6Address"]
    box = ground.box(network=net)
    ground.beside(box, "here", ground.port, listen="::1")
    cells = [
        _hostport("[::1]", ground.port, "here"),
        _http(f"[{address}]", ground.port, "six"),
    ]
    yield Standing(cells, box)


@_deployment("two networks", "each network's names answer")
def _two_networks(ground: Ground) -> Iterator[Standing]:
    net = _network(ground, "back")
    ground.server("store", ground.port, network=net)
    box = ground.box(network=ground.project.network)
    net.connect(box)
    cells = [_redis("store", ground.port, "store"), _postgresql("db", ground.db_port, "db")]
    yield Standing(cells, box)


@_deployment("link on the default bridge", "the engine wrote the name into the hosts file")
def _link(ground: Ground) -> Iterator[Standing]:
    box = ground.box(links={str(ground.legacy.name): "database"})
    yield Standing([_postgresql("database", ground.db_port, "legacy")], box)


@_deployment("published port by the gateway's address", "the gateway is the host")
def _by_gateway(ground: Ground) -> Iterator[Standing]:
    stage = ground.stage
    gateways = stage.gateway(ground.project.network), stage.gateway()
    box = ground.box(network=ground.project.network)
    yield Standing([_postgresql(host, ground.published, "db") for host in gateways], box)


@_deployment("a container's address", "it routes from here")
def _by_address(ground: Ground) -> Iterator[Standing]:
    address = ground.project.address("db")
    box = ground.box(network=ground.project.network)
    yield Standing([_postgresql(address, ground.db_port, "db")], box)


@_deployment("its own name", "an address of this very container")
def _own_name(ground: Ground) -> Iterator[Standing]:
    box = ground.box(network=ground.project.network, hostname="web")
    ground.beside(box, "web", ground.port, listen="0.0.0.0")
    yield Standing([_http("web", ground.port, "web")], box)


@_deployment("no network", "there is nothing but loopback")
def _no_network(ground: Ground) -> Iterator[Standing]:
    box = ground.box(network="none")
    ground.beside(box, "alone", ground.port)
    yield Standing([_redis("localhost", ground.port, "alone")], box)


@_deployment("a name for loopback in the hosts file", "it is loopback, and something listens")
def _named_loopback(ground: Ground) -> Iterator[Standing]:
    box = ground.box(extra_hosts={"db.local": "127.0.0.1"})
    ground.beside(box, "sidecar", ground.port)
    yield Standing([_postgresql("db.local", ground.port, "sidecar")], box)


@_deployment("a network's alias with dots", "the network's resolver knows it")
def _dotted_alias(ground: Ground) -> Iterator[Standing]:
    net = _network(ground, "dotted")
    ground.server("primary", ground.port, network=net, aliases=["primary.db.internal"])
    box = ground.box(network=net)
    yield Standing([_postgresql("primary.db.internal", ground.port, "primary")], box)


@_deployment("several hosts in one string", "the first of them answers under its name")
def _several_hosts(ground: Ground) -> Iterator[Standing]:
    port = ground.db_port
    text = f"postgresql://app:s3cret@db:{port},{ground.project.name}-db-1:{port}/app"
    box = ground.box(network=ground.project.network)
    yield Standing([{"text": text, "speaks": "postgresql", "expected": "db"}], box)
