"""One test's networks and containers, all gone when the test is over.

Testcontainers is not used: it knows neither another container's network
namespace nor leftovers without a helper image, and would hide the engine's own
words, which these tests are about.
"""

from __future__ import annotations

import secrets
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from tests.lab import leftovers
from tests.lab.containers import Outcome, RunOptions, copy_into, engine_options
from tests.lab.errors import LabError
from tests.lab.host_server import HostServer, free_port, host_server
from tests.lab.processes import Owner
from tests.lab.sdk import APIError, DockerException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Unpack

    from tests.lab.engine import Engine
    from tests.lab.sdk import Container, Network

    # What the engine gives for a command that ran to its end, asked for both
    # streams apart; an empty stream is None.
    _Demuxed = tuple[int, tuple[bytes | None, bytes | None]]

__all__ = [
    "HostServer",
    "Outcome",
    "RunOptions",
    "Server",
    "Stage",
    "free_port",
    "host_server",
]

Server = Literal["postgres", "mongo", "redis", "greeting", "any"]
_PORTS: dict[Server, int] = {
    "postgres": 5432,
    "mongo": 27017,
    "redis": 6379,
    "greeting": 7,
    "any": 7,
}
# Tries a port from inside, in one call however long it takes: argument 1 is the
# address, 2 the port, 3 the number of tries.
_TRY_PORT = """
for _ in $(seq "$3"); do
  (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null && exit 0
  sleep 0.05
done
exit 1
"""
_TRIES_A_SECOND = 20
# Servers that start beside other tests take their time; only one that never starts waits so long.
_START_SECONDS = 90.0
_LOG_LINES = 20


class Stage:
    """Makes networks and containers, and takes them away at the end.

    Names are this stage's own: the container `db` is called `lab-1a2b3c4d-db` in
    the engine, so that two runs do not meet, and answers to `db` in its network.
    """

    def __init__(self, engine: Engine) -> None:
        """Prepare a stage; entering it also clears what dead processes left."""
        self.engine = engine
        self.session = secrets.token_hex(4)
        self.labels = {
            leftovers.LABEL: "stage",
            leftovers.SESSION: self.session,
            leftovers.OWNER: Owner.me().label,
        }

    def __enter__(self) -> Self:
        """Begin with no leftovers around."""
        leftovers.remove_dead(self.engine)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove everything, by label: also what was half made at an interrupt."""
        leftovers.remove_session(self.engine, self.session)

    def named(self, name: str) -> str:
        """Give the engine's name for a name of this stage."""
        return f"lab-{self.session}-{name}"

    def network(
        self,
        name: str = "net",
        *,
        internal: bool = False,
        driver: str = "bridge",
        exact_name: bool = False,
    ) -> Network:
        """Make a user network; an internal one has no way out."""
        return self.engine.client.networks.create(
            name if exact_name else self.named(name),
            driver=driver,
            internal=internal,
            labels=self.labels,
        )

    def addressed_network(self, name: str = "net") -> tuple[Network, str]:
        """Make a network whose addresses may be chosen, and give the first three bytes of them.

        That takes a subnet of one's own.
        """
        for _ in range(20):
            prefix = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(250)}"
            pools: Any = {"Driver": "default", "Config": [{"Subnet": f"{prefix}.0/24"}]}
            try:
                made = self.engine.client.networks.create(
                    self.named(name), ipam=pools, labels=self.labels
                )
            except APIError:  # It overlaps with another one.
                continue
            return made, prefix
        raise LabError("no free subnet")

    def start(
        self,
        name: str,
        image: str,
        command: Sequence[str],
        *,
        ready: int | None = None,
        **options: Unpack[RunOptions],
    ) -> Container:
        """Start a container; with `ready`, wait until that port in it accepts."""
        container = self._create(name, image, command, options)
        container.start()
        if ready is not None:
            self.wait(container, ready)
        container.reload()
        return container

    def serve(
        self,
        server: Server,
        name: str,
        image: str,
        *,
        port: int | None = None,
        **options: Unpack[RunOptions],
    ) -> Container:
        """Start one of the lab image's servers; asked who it is, it gives its name."""
        port = _PORTS[server] if port is None else port
        options["environment"] = {"WHO": name, **options.get("environment", {})}
        command = [f"serve-{server}", str(port)]
        return self.start(name, image, command, ready=port, **options)

    def run(
        self,
        image: str,
        command: Sequence[str],
        *,
        files: Mapping[str, str] | None = None,
        timeout: float = 60,
        **options: Unpack[RunOptions],
    ) -> Outcome:
        """Run a command to its end in a fresh container that has these files."""
        began = time.monotonic()
        name = f"run-{secrets.token_hex(3)}"
        container = self._create(name, image, command, options)
        try:
            copy_into(container, files or {}, options.get("working_dir"))
            container.start()
            code = _await_end(container, command, timeout)
            out = container.logs(stdout=True, stderr=False)
            err = container.logs(stdout=False, stderr=True)
        finally:
            container.remove(force=True, v=True)
        return Outcome.of(code, out, err, began)

    def exec(
        self,
        container: Container,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        working_dir: str | None = None,
        timeout: float = 60,
    ) -> Outcome:
        """Run a command in a running container; after `timeout` it ends with 124."""
        began = time.monotonic()
        limited = ["timeout", "--kill-after=1", f"{timeout:g}", *command]
        result = container.exec_run(
            limited,
            environment=dict(environment or {}),
            workdir=working_dir,
            demux=True,
        )
        code, (out, err) = cast("_Demuxed", result)
        return Outcome.of(code, out or b"", err or b"", began)

    def wait(
        self,
        container: Container,
        port: int,
        *,
        address: str = "127.0.0.1",
        timeout: float = _START_SECONDS,
    ) -> None:
        """Wait until a port accepts, tried from inside: so no network is needed."""
        tries = str(int(timeout * _TRIES_A_SECOND))
        command = ["bash", "-c", _TRY_PORT, "bash", address, str(port), tries]
        try:
            code = container.exec_run(command).exit_code
        except DockerException:
            code = None
        if code != 0:
            message = f"{container.name}: port {port} does not accept; its log ends:\n"
            raise LabError(message + self.log(container))

    def log(self, container: Container) -> str:
        """Give the last lines that a container wrote, of both its streams."""
        return _said(container)

    def address(self, container: Container, network: Network | None = None) -> str:
        """Give a container's address in one network, by default in its first."""
        container.reload()
        networks = container.attrs["NetworkSettings"]["Networks"]
        name = network.name if network else next(iter(networks))
        return str(networks[name]["IPAddress"])

    def gateway(self, network: str = "bridge") -> str:
        """Give the host's address on one of the engine's networks.

        Docker 20.10 does not say it of the default bridge that it has just made,
        only after its next start; it gives the gateway the first address.
        """
        (given, *_) = self.engine.client.networks.get(network).attrs["IPAM"]["Config"]
        first = next(ip_network(given["Subnet"]).hosts())
        return str(given.get("Gateway") or first)

    def published(self, container: Container, port: int) -> int:
        """Give the host's port for a published port of a container."""
        container.reload()
        ports: dict[str, Any] = container.ports
        return int(ports[f"{port}/tcp"][0]["HostPort"])

    def _create(
        self, name: str, image: str, command: Sequence[str], options: RunOptions
    ) -> Container:
        """Make a container that has not started yet."""
        exact = options.get("exact_name", False)
        return self.engine.client.containers.create(
            image,
            list(command),
            name=name if exact else self.named(name),
            labels={**options.get("labels", {}), **self.labels},
            **engine_options(name, options),
        )


def _await_end(container: Container, command: Sequence[str], timeout: float) -> int:
    """Wait for a container's end and give its exit code."""
    try:
        return int(container.wait(timeout=timeout)["StatusCode"])
    except OSError as error:  # What requests raises for a time-out is one.
        message = f"{' '.join(command)} still ran after {timeout:g} s, saying:\n"
        message += _said(container)
        raise LabError(message) from error


def _said(container: Container) -> str:
    """Give the last lines that a container wrote, of both its streams."""
    said: bytes = container.logs(tail=_LOG_LINES)
    return said.decode(errors="replace")
