"""The examples of the documentation, run with the lab's servers in place of their images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.gauntlet.project import Project
from tests.lab.places import BRIDGE_ALIAS, HOST, Scene
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from tests.lab.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SERVERS = {"postgres": ["serve-postgres", "5432"], "redis": ["serve-redis", "6379"]}


def _entry_point(dockerfile: str) -> list[str]:
    """Take what an image runs out of its Dockerfile."""
    lines = dict(
        line.split(" ", 1) for line in dockerfile.splitlines() if line.startswith(("ENTR", "CMD"))
    )
    words: list[str] = json.loads(lines["ENTRYPOINT"]) + json.loads(lines["CMD"])
    return words


def _services(image: str, ports: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Read the example's services; images become the lab's, and ports free ones."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(_text("compose/compose.yaml"))["services"]
    for service in services.values():
        kind = str(service.get("image", "")).partition(":")[0]
        if kind in SERVERS:
            service |= {"image": image, "command": SERVERS[kind]}
            (published,) = service["ports"]
            outside, _, inside = published.partition(":")
            service["ports"] = [f"{ports[outside]}:{inside}"]
    del services["web"]
    return services


def _text(path: str) -> str:
    return (EXAMPLES / path).read_text(encoding="utf-8")


def _with_ports(text: str, ports: dict[str, int]) -> str:
    for written, port in ports.items():
        text = text.replace(f":{written}/", f":{port}/")
    return text


def test_compose(stage: Stage, app_image: str) -> None:
    """The program runs on the host, then as the service `web`, with one file of variables."""
    ports = {"5432": free_port(), "6379": free_port()}
    services = _services(app_image, ports)
    project = Project(stage, stage.named("shop"), services)
    project.up()
    for service, port in (("db", 5432), ("cache", 6379)):
        stage.wait(project.container(service), port)
    network = stage.engine.client.networks.get(project.network)
    scene = Scene(stage, app_image, network)
    files = {"app.py": _text("compose/app.py"), ".env": _with_ports(_text("compose/.env"), ports)}
    here = ["hostshift", "exec", "--env-file", ".env", "--", "python", "app.py"]
    on_host = scene.run(HOST, here, files=files)
    assert on_host.stdout.startswith("PostgreSQL 15"), on_host.stderr
    assert on_host.stdout.endswith("visit 1\n")
    variables = dict(line.split("=", 1) for line in files[".env"].split())
    web = stage.run(
        app_image,
        _entry_point(_text("compose/Dockerfile")),
        files=files,
        working_dir="/work",
        network=network,
        environment=variables,
    )
    assert web.stdout.endswith("visit 2\n"), web.stderr


def test_devcontainer(stage: Stage, app_image: str) -> None:
    """A database that the laptop serves, used from a container with the configured arguments."""
    port = free_port()
    stage.serve("postgres", "laptop", app_image, port=port, network="host")
    configured = json.loads(_text("devcontainer/.devcontainer/devcontainer.json"))
    assert configured["runArgs"] == ["--add-host", "host.docker.internal:host-gateway"]
    ports = {"5432": port}
    files = {
        "app.py": _text("devcontainer/app.py"),
        ".env": _with_ports(_text("devcontainer/.env"), ports),
    }
    words = ["hostshift", "exec", "--env-file", ".env", "--", "python", "app.py"]
    ran = Scene(stage, app_image).run(BRIDGE_ALIAS, words, files=files)
    assert ran.stdout.startswith("PostgreSQL 15"), ran.stderr
