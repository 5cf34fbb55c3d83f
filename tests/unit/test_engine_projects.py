"""Which compose project this process belongs to, by what an engine says."""

from __future__ import annotations

import copy

import pytest

from hostshift.discovery.engine.caller import Caller
from hostshift.discovery.engine.reading import Reading
from hostshift.discovery.engine.services import around
from hostshift.discovery.engine.snapshot import Snapshot
from tests.unit.fake_engine import (
    ID,
    INSPECTED,
)


def _project(said: Snapshot, asker: Caller) -> str | None:
    return around(said, asker, Reading("docker.sock")).project


def _projects(*places: tuple[str, str]) -> Snapshot:
    said = []
    for at, (project, directory) in enumerate(places):
        labels = {
            "com.docker.compose.project": project,
            "com.docker.compose.service": "db",
            "com.docker.compose.project.working_dir": directory,
        }
        name = {"Id": f"{at:064x}", "Name": f"/{project}-db-1", "Config": {"Labels": labels}}
        said.append({**INSPECTED, **name})
    return Snapshot(containers=tuple(said), podman=False)


@pytest.mark.parametrize(
    ("directory", "project"),
    [
        ("/src/shop", "shop"),
        ("/src/shop/api/deep", "shop"),
        ("/src/shop/admin", "admin"),
        ("/src/shop/admin/x", "admin"),
        ("/src/shopping", None),
        ("/src", None),
        ("/", None),
        ("", None),
    ],
)
def test_by_the_working_directory(directory: str, project: str | None) -> None:
    said = _projects(("shop", "/src/shop"), ("admin", "/src/shop/admin"), ("odd", "relative"))
    assert _project(said, Caller(directory=directory)) == project


def test_two_projects_of_one_directory() -> None:
    said = _projects(("blue", "/src/shop"), ("green", "/src/shop"))
    assert _project(said, Caller(directory="/src/shop")) is None
    assert _project(said, Caller(directory="/src/shop", project="green")) == "green"
    assert _project(said, Caller(directory="/src/shop", project="red")) is None


def test_a_container_without_a_project_goes_by_what_is_mounted() -> None:
    """``/app`` in a container is not the host's ``/app``."""
    own = copy.deepcopy(INSPECTED)
    own["Config"]["Labels"] = {}
    own["Name"] = "/dev"
    said = _projects(("shop", "/home/me/shop"), ("app", "/app"))
    said = said.replace(containers=(*said.containers, own))
    assert _project(said, Caller(own_ids=(ID,), directory="/code/api")) == "shop"
    assert _project(said, Caller(own_ids=(ID,), directory="/app")) is None
    assert _project(said, Caller(directory="/app")) == "app"
