"""What compose really makes of a file: containers, their names, networks and ports."""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.discovery import Publication, Topology, compose
from tests.lab import leftovers
from tests.lab.processes import Owner
from tests.unit.compose_cases import oracle, plenty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostshift.discovery import Container as Described
    from tests.lab.sdk import Container
    from tests.lab.stage import Stage

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
"""
PLAIN = """
services:
  db: {<<: *idle, ports: ["127.0.0.1::5432", "6000/udp"], expose: ["7000"]}
  My.web_1: {<<: *idle, scale: 3}
networks: {default: {labels: *labels}}
"""
NAMED = """
name: ${SHOP}-named
services:
  db: {<<: *idle, container_name: "${SHOP}-box", networks: [back]}
  web:
    <<: *idle
    networks: {back: {aliases: [www, api]}, default: }
  lone: {<<: *idle, networks: [front]}
networks:
  default: {labels: *labels}
  front: {labels: *labels}
  back: {labels: *labels, name: "${SHOP}-common"}
"""
MODES = """
services:
  db: {<<: *idle}
  beside: {<<: *idle, network_mode: "service:db"}
  host: {<<: *idle, network_mode: host, ports: ["65001:65002"]}
  none: {<<: *idle, network_mode: none}
  bridge: {<<: *idle, network_mode: bridge}
networks: {default: {labels: *labels}}
"""
FIXED = """
services:
  db: {<<: *idle, networks: {default: {ipv4_address: "10.${NET}.0.77"}}}
  web: {<<: *idle, deploy: {replicas: 2}, profiles: [on]}
  off: {<<: *idle, profiles: [off]}
networks: {default: {labels: *labels, ipam: {config: [{subnet: "10.${NET}.0.0/24"}]}}}
"""
OLD = """
services:
  db: {<<: *idle}
networks: {default: {labels: *labels}}
"""
FILES = {"plain": PLAIN, "named": NAMED, "modes": MODES, "fixed": FIXED, "compatibility": OLD}


class Shop:
    """One project: its files, and the real compose on the real engine."""

    def __init__(self, stage: Stage, image: str, root: Path, text: str) -> None:
        """Write the file into a directory of its own."""
        self.stage = stage
        self.at = root / f"Shop.{stage.session}"
        self.at.mkdir()
        (self.at / "pyproject.toml").touch()
        (self.at / "compose.yaml").write_text(HEAD + text, encoding="utf-8")
        self.environ = {
            "PATH": os.defpath,
            "HOME": str(root),
            "DOCKER_HOST": stage.engine.url,
            "SESSION": stage.session,
            "OWNER": Owner.me().label,
            "IMAGE": image,
            "SHOP": f"shop{stage.session}",
            "NET": str(secrets.randbelow(200) + 50),
            "COMPOSE_PROFILES": "on",
        }

    def compose(self, *arguments: str) -> None:
        """Run the real compose."""
        command = [str(oracle()), "--progress", "quiet", *arguments]
        done = subprocess.run(
            command, cwd=self.at, env=self.environ, capture_output=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr.decode()

    def read(self) -> Topology:
        """Read the file as hostshift does."""
        found = compose.read(str(self.at), self.environ, deadline=plenty())
        assert not found.notes
        return found

    def containers(self) -> dict[str, Container]:
        """Return what the engine has, by name."""
        found = leftovers.containers(self.stage.engine, f"{leftovers.SESSION}={self.stage.session}")
        for container in found:
            container.reload()
        return {str(container.name): container for container in found}


@contextmanager
def shop(stage: Stage, image: str, root: Path, text: str, **environ: str) -> Iterator[Shop]:
    """Give a project, and take away what came of it."""
    made = Shop(stage, image, root, text)
    made.environ.update(environ)
    try:
        yield made
    finally:
        made.compose("down", "--timeout", "0")


@pytest.mark.parametrize("name", FILES)
def test_containers_are_called_as_said(
    stage: Stage, lab_image: str, tmp_path: Path, name: str
) -> None:
    environ = {"COMPOSE_COMPATIBILITY": "1"} if name == "compatibility" else {}
    with shop(stage, lab_image, tmp_path, FILES[name], **environ) as made:
        made.compose("up", "--no-start")
        found, real = made.read(), made.containers()
        described = {
            container.name: (service.service, container)
            for service in found.services
            for container in service.containers
        }
        assert described.keys() == real.keys()
        for own, (service, container) in described.items():
            labels = real[own].labels
            assert labels["com.docker.compose.project"] == found.project
            assert labels["com.docker.compose.service"] == service
            _compare(container, real[own], real)


def _compare(described: Described, real: Container, all_of_them: dict[str, Container]) -> None:
    """Compare one container with what the engine made."""
    attrs: dict[str, Any] = real.attrs
    mode, networks = attrs["HostConfig"]["NetworkMode"], attrs["NetworkSettings"]["Networks"]
    if described.network_mode.startswith("container:"):
        other = described.network_mode.removeprefix("container:")
        assert mode == f"container:{all_of_them[other].id}"
        return
    if described.network_mode:
        assert (mode, described.memberships) == (described.network_mode, ())
        return
    assert {on.network for on in described.memberships} == networks.keys()
    for on in described.memberships:
        # The engine adds the short id, which no file can tell.
        assert set(on.names) == set(networks[on.network]["Aliases"] or ()) - {real.short_id}
        fixed = (networks[on.network]["IPAMConfig"] or {}).get("IPv4Address")
        assert on.addresses == ((fixed,) if fixed else ())
    assert _bound(attrs["HostConfig"]["PortBindings"]) == set(described.publications)


def _bound(bindings: dict[str, Any] | None) -> set[Publication]:
    return {
        Publication(
            port=int(port.partition("/")[0]),
            published=int(binding["HostPort"]) if binding["HostPort"] else None,
            address=binding["HostIp"],
            protocol=port.partition("/")[2],
        )
        for port, bound in (bindings or {}).items()
        for binding in bound
    }


LINKED = """
services:
  db: {<<: *idle, networks: {default: {aliases: [database]}}}
  web: {<<: *idle, links: ["db:pg"]}
  other: {<<: *idle}
networks: {default: {labels: *labels}}
"""


def test_the_names_answer(stage: Stage, lab_image: str, tmp_path: Path) -> None:
    with shop(stage, lab_image, tmp_path, LINKED) as made:
        made.compose("up", "--detach")
        found, real = made.read(), made.containers()
        db = found.services[0]
        (on,) = db.memberships
        address = stage.address(real[db.container])
        assert on.names == (db.container, "db", "database")
        assert db.linked == ("pg",)
        known = {
            asking: {
                name
                for name in (*on.names, *db.linked)
                if address in _resolve(stage, real[f"{found.project}-{asking}-1"], name)
            }
            for asking in ("web", "other")
        }
        # A link's name is known to the container that has the link, and to no other.
        assert known == {"web": {*on.names, "pg"}, "other": set(on.names)}


def _resolve(stage: Stage, container: Container, name: str) -> str:
    return stage.exec(container, ["timeout", "3", "getent", "ahostsv4", name]).stdout
