"""What a container of the lab is started with, and what comes out of it."""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.sdk import Container, Network

# The image's working directory: programs and their files are put there.
WORK = "/work"


class RunOptions(TypedDict, total=False):
    """Where and how a container runs.

    `network` is a network of the stage, its name in the engine, "bridge" (the
    default), "host", "none", or "container:NAME" or a container to share its
    network namespace. `ports` maps ports inside to the host's: a number, an
    address and a number, or None for any. `volumes` are "/here:/there:ro".
    """

    network: str | Network | Container
    aliases: list[str]
    ports: dict[int, int | tuple[str, int] | None]
    extra_hosts: dict[str, str]
    environment: dict[str, str]
    labels: dict[str, str]
    volumes: list[str]
    working_dir: str
    hostname: str
    user: str
    cap_add: list[str]
    privileged: bool
    pid_mode: str
    ipc_mode: str
    uts_mode: str
    cgroupns: str
    read_only: bool
    tmpfs: dict[str, str]
    security_opt: list[str]
    devices: list[str]
    dns: list[str]
    links: dict[str, str]
    exact_name: bool


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said on its two streams."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @classmethod
    def of(cls, code: int, out: bytes, err: bytes, began: float) -> Outcome:
        """Make one from what an engine or a process gives."""
        seconds = time.monotonic() - began
        return cls(code, _text(out), _text(err), seconds)


def _text(stream: bytes) -> str:
    return stream.decode(errors="replace")


_PASSED_ON = (
    "ports",
    "extra_hosts",
    "environment",
    "volumes",
    "working_dir",
    "hostname",
    "user",
    "cap_add",
    "privileged",
    "pid_mode",
    "ipc_mode",
    "uts_mode",
    "cgroupns",
    "read_only",
    "tmpfs",
    "security_opt",
    "devices",
    "dns",
    "links",
)
# Places of the engine's own, which are no networks to have a name in.
_MODES = ("bridge", "host", "none")


def engine_options(name: str, options: RunOptions) -> dict[str, Any]:
    """Say it in the words of the Docker SDK."""
    chosen: dict[str, Any] = dict(options)
    passed = {key: chosen[key] for key in _PASSED_ON if key in chosen}
    network = _network_name(options.get("network", "bridge"))
    if network in _MODES or network.startswith("container:"):
        return {**passed, "network_mode": network}
    aliases = [name, *options.get("aliases", [])]
    return {
        **passed,
        "network": network,
        # The SDK's own type for this only wraps a dictionary; other members of
        # it depend on the engine's version, the aliases do not.
        "networking_config": {network: {"Aliases": aliases}},
    }


def _network_name(network: str | Network | Container) -> str:
    """Tell a container from a network by the one thing only containers have."""
    if isinstance(network, str):
        return network
    if hasattr(network, "exec_run"):
        return f"container:{network.id}"
    return str(network.name)


def copy_into(container: Container, files: Mapping[str, str], directory: str | None = None) -> None:
    """Put files into a container, running or not.

    They are copied and not mounted, for the engine need not see our files: it
    may run in a virtual machine, and we in a container.
    """
    if not files:
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{directory or WORK}/{name}".lstrip("/"))
            member.size, member.mode = len(content), 0o644
            member.mtime = int(time.time())
            archive.addfile(member, io.BytesIO(content))
    container.put_archive("/", packed.getvalue())
