"""Situations that Docker makes by options of a container."""

from __future__ import annotations

import re
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError
from tests.lab.sdk import APIError, NotFound
from tests.lab.situations.grounds import must, need, need_root
from tests.lab.situations.model import Situation, Standing, Truth, Unavailable, as_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    from tests.lab.containers import Outcome, RunOptions
    from tests.lab.sdk import Container, Network
    from tests.lab.situations.grounds import Grounds
    from tests.lab.situations.model import User
    from tests.lab.stage import Stage

ALIAS = {"host.docker.internal": "host-gateway"}
_SLEEP = ("sleep", "infinity")
# An engine may be older than the kernel.
_UNKNOWN = re.compile(r"unknown capability: \W*CAP_(\w+)")


class Inside:
    """Runs commands in a container that goes on running."""

    def __init__(self, stage: Stage, container: Container) -> None:
        """Keep the container."""
        self.stage = stage
        self.container = container

    def __call__(self, command: Sequence[str], user: User = "root") -> Outcome:
        """Run it by the engine's exec."""
        return self.stage.exec(self.container, as_user(command, user))


@contextmanager
def started(grounds: Grounds, name: str, **options: Unpack[RunOptions]) -> Iterator[Container]:
    """Run a container for a while."""
    stage = grounds.stage
    try:
        yield stage.start(name, grounds.image, _SLEEP, **options)
    finally:
        # By its name: one that could not start is there, too.
        with suppress(NotFound):
            grounds.engine.client.containers.get(stage.named(name)).remove(force=True, v=True)


@contextmanager
def network(grounds: Grounds, name: str, **options: Any) -> Iterator[Network]:
    """Have a user network for a while."""
    create = grounds.engine.client.networks.create
    made = create(grounds.named(name), labels=grounds.stage.labels, **options)
    try:
        yield made
    finally:
        made.remove()


def _standing(grounds: Grounds, container: Container, net: str = "bridge") -> Standing:
    address = {} if net in ("host", "none") else {"<net>": grounds.stage.gateway(net)}
    return Standing(Inside(grounds.stage, container), address)


def _with(**options: Unpack[RunOptions]) -> Any:
    """Enter a container with these options."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        net = str(options.get("network", "bridge"))
        with started(grounds, "at", **options) as container:
            yield _standing(grounds, container, net)

    return enter


def _on_network(**options: Unpack[RunOptions]) -> Any:
    """Enter a container on a user network of its own."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        with network(grounds, "net") as net, ExitStack() as stack:
            chosen: RunOptions = {**options, "network": net}
            container = stack.enter_context(started(grounds, "at", **chosen))
            yield _standing(grounds, container, str(net.name))

    return enter


@contextmanager
def _internal(grounds: Grounds) -> Iterator[Standing]:
    """Be in a network without a way out; some engines give it a default route to the host."""
    with (
        network(grounds, "net", internal=True) as net,
        started(grounds, "at", network=net) as container,
    ):
        found = _standing(grounds, container, str(net.name))
        if found.run(["ip", "route", "show", "default"]).stdout:
            yield Standing(found.run, found.addresses, "this engine gives it a default route")
        else:
            yield Standing(found.run)


@contextmanager
def _two_networks(grounds: Grounds) -> Iterator[Standing]:
    """Be in two networks: the engine lets the first by name hold the default route."""
    with (
        network(grounds, "net-one") as one,
        network(grounds, "net-two") as two,
        started(grounds, "at", network=one) as container,
    ):
        two.connect(container)
        yield _standing(grounds, container, str(one.name))


@contextmanager
def _ipv6(grounds: Grounds) -> Iterator[Standing]:
    """Be in a network with both kinds of address."""
    from docker.types import (  # type: ignore[import-untyped,unused-ignore]
        IPAMConfig,
        IPAMPool,
    )

    # A range of our own, by the session's number: engines of old hand out none.
    first, second = grounds.stage.session[:4], grounds.stage.session[4:]
    pool = IPAMConfig(pool_configs=[IPAMPool(f"fd00:{first}:{second}::/64")])
    with (
        network(grounds, "net", enable_ipv6=True, ipam=pool) as net,
        started(grounds, "at", network=net) as container,
    ):
        net.reload()
        gateways = [found.get("Gateway", "") for found in net.attrs["IPAM"]["Config"]]
        gateway = next(found for found in gateways if "." in found).partition("/")[0]
        yield Standing(Inside(grounds.stage, container), {"<net>": gateway})


@contextmanager
def _macvlan(grounds: Grounds) -> Iterator[Standing]:
    """Be on a network of the machine's own network card; here that card is a pretended one.

    A bridge without ports takes the card's place, so no packet leaves.
    """
    need("ip", packages=["iproute2"])
    parent = grounds.device("mv")
    must(["ip", "link", "add", parent, "type", "bridge"])
    try:
        must(["ip", "link", "set", parent, "up"])
        with (
            network(grounds, "net", driver="macvlan", options={"parent": parent}) as net,
            started(grounds, "at", network=net) as container,
        ):
            yield Standing(Inside(grounds.stage, container))
    finally:
        must(["ip", "link", "delete", parent])


def _in_namespace_of_another(cgroupns: str) -> Any:
    """Share the network namespace of a container on a user network."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        with (
            network(grounds, "net") as net,
            started(grounds, "db", network=net) as other,
            started(grounds, "at", network=other, cgroupns=cgroupns) as container,
        ):
            yield _standing(grounds, container, str(net.name))

    return enter


@contextmanager
def _privileged(grounds: Grounds) -> Iterator[Standing]:
    """Be privileged; where this machine itself lacks a capability, be as near as it gets."""
    with ExitStack() as stack:
        try:
            container = stack.enter_context(started(grounds, "at", privileged=True))
            remark = ""
        except APIError as error:
            if "unable to apply caps" not in str(error):
                raise
            container = stack.enter_context(_nearly_privileged(grounds))
            remark = "this machine's root lacks capabilities: all that it has, devices, no seccomp"
        found = _standing(grounds, container)
        yield Standing(found.run, found.addresses, remark)


@contextmanager
def _nearly_privileged(grounds: Grounds) -> Iterator[Container]:
    """Have every capability of this machine that the engine knows, and every device."""
    need_root()
    options: RunOptions = {
        "cap_add": _capabilities(),
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "devices": [f"{path}:{path}:rwm" for path in _devices()],
    }
    while True:
        try:
            container = grounds.stage.start("nearly", grounds.image, _SLEEP, **options)
        except APIError as error:
            if (unknown := _UNKNOWN.search(str(error))) is None:
                raise
            options["cap_add"].remove(unknown[1])
        else:
            break
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def _capabilities() -> list[str]:
    """Name the capabilities that this machine's root may hand on."""
    need("capsh", packages=["libcap2-bin"])
    bounding = next(
        line.split()[1]
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("CapBnd:")
    )
    names = must(["capsh", f"--decode={bounding}"]).partition("=")[2]
    return [name.removeprefix("cap_").upper() for name in names.split(",")]


def _devices() -> list[str]:
    """Name the machine's devices, as far as they lie in /dev itself."""
    paths = sorted(Path("/dev").iterdir())
    kinds = (stat.S_ISBLK, stat.S_ISCHR)
    ordinary = ("console", "full", "null", "ptmx", "random", "tty", "urandom", "zero")
    return [
        str(path)
        for path in paths
        if path.name not in ordinary and any(kind(path.lstat().st_mode) for kind in kinds)
    ]


def _after(*command: str) -> Any:
    """Enter an ordinary container and change it first."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        with started(grounds, "at") as container:
            found = _standing(grounds, container)
            if (done := found.run(command)).code:
                raise LabError(f"{' '.join(command)}: {done.stderr}")
            yield found

    return enter


def _need_cgroup_namespaces(enter: Any) -> Any:
    """Skip where the kernel has none."""

    @contextmanager
    def checked(grounds: Grounds) -> Iterator[Standing]:
        if not Path("/proc/self/ns/cgroup").exists():
            raise Unavailable("this kernel has no cgroup namespaces")
        with enter(grounds) as found:
            yield found

    return checked


_BRIDGE = Truth("docker", "own", "plain", ("<net>",))
_USER = Truth("docker", "own", "docker", ("<net>",))
_ALIASED = ("host.docker.internal", "<net>")
_NO_ROUTE = Truth("docker", "own", "docker")
_SHARED = Truth("docker", "shared", "docker", ("<net>",))

SITUATIONS = (
    Situation("docker: default bridge", _BRIDGE, _with()),
    Situation(
        "docker: default bridge, host-gateway",
        Truth("docker", "own", "plain", _ALIASED),
        _with(extra_hosts=ALIAS),
    ),
    Situation("docker: user network", _USER, _on_network()),
    Situation(
        "docker: user network, host-gateway",
        Truth("docker", "own", "docker", _ALIASED),
        _on_network(extra_hosts=ALIAS),
    ),
    Situation("docker: two networks", _USER, _two_networks),
    Situation("docker: network with IPv6", _USER, _ipv6),
    Situation("docker: internal network", _USER, _internal),
    Situation("docker: macvlan", _NO_ROUTE, _macvlan),
    Situation(
        "docker: --network host",
        Truth("docker", "host", "host", ("localhost",)),
        _with(network="host"),
    ),
    Situation(
        "docker: --network none", Truth("docker", "isolated", "plain"), _with(network="none")
    ),
    Situation(
        "docker: container:X, cgroup visible",
        _SHARED,
        _need_cgroup_namespaces(_in_namespace_of_another("host")),
    ),
    Situation(
        # Nothing in there tells that the network namespace is another container's.
        "docker: container:X, cgroup private",
        _USER,
        _need_cgroup_namespaces(_in_namespace_of_another("private")),
    ),
    Situation("docker: --privileged", _BRIDGE, _privileged),
    Situation("docker: --pid host", _BRIDGE, _with(pid_mode="host")),
    Situation(
        "docker: pid, ipc, uts, cgroup host",
        _BRIDGE,
        _with(pid_mode="host", ipc_mode="host", uts_mode="host", cgroupns="host"),
    ),
    Situation(
        "docker: pid, ipc, uts, network host",
        Truth("docker", "host", "host", ("localhost",)),
        _with(pid_mode="host", ipc_mode="host", uts_mode="host", network="host"),
    ),
    Situation(
        "docker: read-only root", _BRIDGE, _with(read_only=True, tmpfs={"/tmp": "mode=1777"})
    ),
    Situation("docker: /.dockerenv deleted", _BRIDGE, _after("rm", "/.dockerenv")),
    Situation(
        "docker: left-over /run/.containerenv", _BRIDGE, _after("touch", "/run/.containerenv")
    ),
)
