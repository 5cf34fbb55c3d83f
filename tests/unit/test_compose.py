"""Compose files: what a service is called, and which files are believed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Container, Membership, Publication, Service, Topology, compose
from hostshift.discovery.compose import yaml_events
from tests.unit.compose_cases import (
    BEYOND,
    SMALL,
    Case,
    cases,
    facts_of,
    oracle,
    plenty,
    project_root,
    read,
    why,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


# --- the model ----------------------------------------------------------------------------------


def test_a_service_whole(root: Path) -> None:
    found = read(
        root,
        """
name: shop
services:
  db:
    image: postgres
    ports: ["127.0.0.1:15432:5432", "9187"]
    expose: [5432]
    networks:
      back: {aliases: [database], ipv4_address: 10.0.0.5}
  web:
    build: .
    scale: 2
    ports: ["8080-8081:80"]
    links: ["db:pg"]
    networks: [back, default]
networks:
  back: {name: common}
""",
    )
    db, web = found.services
    assert db == Service(
        service="db",
        project="shop",
        containers=(
            Container(
                name="shop-db-1",
                memberships=(
                    Membership(
                        network="common",
                        names=("shop-db-1", "db", "database"),
                        addresses=("10.0.0.5",),
                    ),
                ),
                publications=(
                    Publication(port=5432, published=15432, address="127.0.0.1"),
                    Publication(port=9187, published=None),
                ),
                exposed=(5432,),
            ),
        ),
        certainty="intended",
        source="compose",
        linked=("pg",),
    )
    assert (db.name, db.container, db.aliases) == ("db", "shop-db-1", ("db", "database"))
    assert [container.name for container in web.containers] == ["shop-web-1", "shop-web-2"]
    assert web.networks == ("common", "shop_default")
    assert web.names == ("shop-web-1", "web", "shop-web-2")
    # The file does not say which replica gets which port, so each has them all.
    assert web.publications == (Publication(port=80, published=None),)
    assert {container.publications for container in web.containers} == {web.publications}


def test_a_service_that_no_name_answers_for(root: Path) -> None:
    found = read(
        root,
        """
services:
  a: {image: x, network_mode: host, ports: ["81:80"], expose: [90]}
  b: {image: x, network_mode: bridge, container_name: box}
  c: {image: x, network_mode: other}
  d: {image: x, network_mode: "service:b"}
  e: {image: x, networks: [h]}
  f: {image: x, scale: 0}
networks:
  h: {external: true, name: host}
""",
    )
    host, bridge, other, beside, external, none = found.services
    assert (host.containers[0].network_mode, host.memberships) == ("host", ())
    assert (host.publications, host.containers[0].exposed) == ((), (90, 80))
    assert host.name == "shop-a-1"
    assert bridge.memberships == (Membership(network="bridge", names=()),)
    assert bridge.name == "box"
    # compose gives no alias on a network that it does not manage.
    assert other.memberships == (Membership(network="other", names=("shop-c-1",)),)
    assert beside.containers[0].network_mode == "container:box"
    assert external.containers[0].network_mode == "host"
    assert (none.containers, none.name, none.container) == ((), "f", "f")


def test_links_that_differ_name_nobody(root: Path) -> None:
    found = read(
        root,
        """
services:
  one: {image: x}
  two: {image: x}
  a: {image: x, links: ["one:db", "two:b", "one:uno"]}
  b: {image: x, links: ["two:db", "one:uno", "one"]}
""",
    )
    assert {service.service: service.linked for service in found.services} == {
        "one": ("uno",),
        "two": (),
        "a": (),
        "b": (),
    }


def test_compatibility_names_containers_the_old_way(root: Path) -> None:
    (service,) = read(root, SMALL, COMPOSE_COMPATIBILITY="true").services
    assert service.container == "shop_a_1"


def test_no_file_is_no_note(root: Path) -> None:
    assert read(root) == Topology()


def test_the_working_directory_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(root)
    assert compose.read(None, {}, deadline=plenty()).project == "shop"


def test_a_directory_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "cannot be searched" in why(compose.read(None, {}, deadline=plenty()))


# --- what is believed ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["compose.yaml", "compose.override.yaml", ".env"])
def test_others_may_write_it(root: Path, name: str) -> None:
    for made in {"compose.yaml", name}:
        (root / made).write_text("" if made == ".env" else SMALL, encoding="utf-8")
    assert not read(root).notes
    (root / name).chmod(0o666)
    assert "is not believed" in why(read(root))
    assert name in why(read(root))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_it_belongs_to_somebody_else(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    os.chown(root / "compose.yaml", 65534, 65534)
    assert "is not believed" in why(read(root))


def test_a_link_to_what_others_may_write(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").symlink_to(tmp_path / "other.yaml")
    assert not read(root).notes
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    (open_to_all / "other.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").unlink()
    (root / "compose.yaml").symlink_to(open_to_all / "other.yaml")
    assert "is not believed" in why(read(root))


@pytest.mark.parametrize("mark", ["pyproject.toml", "hostshift.toml"])
@pytest.mark.parametrize("repository", [".git", ".git/HEAD"])
def test_a_project_in_a_repository_of_several(root: Path, mark: str, repository: str) -> None:
    """The compose file of all is in the repository's root, above each project's own."""
    below = root / "backend" / "app"
    below.mkdir(parents=True)
    (root / "backend" / mark).touch()
    top = root / repository.partition("/")[0]
    if "/" in repository:
        top.mkdir()
        (root / repository).touch()
    else:
        top.write_text("gitdir: ../.git/worktrees/x\n", encoding="utf-8")
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    assert read(below).services


def test_above_the_projects_root(root: Path) -> None:
    (root.parent / "compose.yaml").write_text(SMALL, encoding="utf-8")
    assert "outside of the project's tree" in why(read(root))
    assert read(root, COMPOSE_FILE="../compose.yaml").services
    assert read(root, file="../compose.yaml").services


def test_without_a_projects_root(tmp_path: Path) -> None:
    """The working directory's own file counts, as for compose; one above it is not believed."""
    assert read(tmp_path, SMALL).services
    (tmp_path / "below").mkdir()
    assert "above the working directory" in why(read(tmp_path / "below"))
    assert read(tmp_path / "below", file="../compose.yaml").services
    assert read(tmp_path / "below", COMPOSE_FILE="../compose.yaml").services


def test_a_variable_file_outside_of_any_project(tmp_path: Path) -> None:
    """It counts as it does for compose: it lies in the working directory."""
    (tmp_path / ".env").write_text("A=1901", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "compose.yaml").write_text(
        "services: {a: {image: x, ports: ['$A:80']}}", encoding="utf-8"
    )
    (service,) = read(tmp_path, COMPOSE_FILE="sub/compose.yaml").services
    assert service.publications[0].published == 1901


@pytest.mark.parametrize("other", ["sub/b.yaml", "sub/.env"])
def test_a_file_that_another_one_names(root: Path, other: str) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "b.yaml").write_text("services: {b: {image: x}}", encoding="utf-8")
    (root / "sub" / ".env").write_text("", encoding="utf-8")
    path = str(oracle().parent)
    found = read(root, f"include: [sub/b.yaml]\n{SMALL}", PATH=path)
    assert {service.service for service in found.services} == {"a", "b"}
    (root / other).chmod(0o666)
    assert "is not believed" in why(read(root, PATH=path))


def test_a_file_that_an_extended_one_names(root: Path) -> None:
    (root / "b.yaml").write_text(
        "services: {b: {extends: {file: c.yaml, service: c}}}", encoding="utf-8"
    )
    (root / "c.yaml").write_text("services: {c: {image: x, ports: [80]}}", encoding="utf-8")
    text = "services: {a: {extends: {file: b.yaml, service: b}}}"
    found = read(root, text)
    assert found.services[0].publications == (Publication(port=80, published=None),)
    assert found.referenced_files == (f"{root}/b.yaml", f"{root}/c.yaml")
    (root / "c.yaml").chmod(0o666)
    assert "is not believed" in why(read(root))


def test_a_file_that_is_not_there(root: Path) -> None:
    text = "services: {a: {extends: {file: b.yaml, service: b}}}"
    assert "does not exist" in why(read(root, text))


def test_files_in_a_circle(root: Path) -> None:
    path = str(oracle().parent)
    (root / "b.yaml").write_text("include: [compose.yaml]", encoding="utf-8")
    assert "it refuses the file" in why(read(root, f"include: [b.yaml]\n{SMALL}", PATH=path))


def test_a_compose_that_never_answers(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "docker-compose"
    program.write_text("#!/bin/sh\n/bin/sleep 60 &\nwait\n", encoding="utf-8")
    program.chmod(0o755)
    (root / "compose.yaml").write_text(BEYOND, encoding="utf-8")
    started = time.monotonic()
    deadline = Deadline(0.5, 0.5)
    found = compose.read(str(root), {"PATH": str(tmp_path)}, deadline=deadline)
    assert "too long" in why(found)
    assert time.monotonic() - started < 30  # generous: the machine may be busy


@pytest.mark.parametrize("printed", ["", "[]", "{", "null", '{"services": 5}'])
def test_a_compose_that_prints_nonsense(root: Path, tmp_path: Path, printed: str) -> None:
    program = tmp_path / "docker-compose"
    program.write_text(f"#!/bin/sh\necho '{printed}'\n", encoding="utf-8")
    program.chmod(0o755)
    assert why(read(root, BEYOND, PATH=str(tmp_path)))


def test_the_plugin_is_asked_first(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = compose ] && shift && exec {oracle()} "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    assert len(read(root, BEYOND, PATH=str(tmp_path)).services) == 2


# --- the other parser ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in cases() if not case.beyond], ids=lambda c: c.id)
def test_the_same_without_libyaml(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, environ = str(case.lay_out(tmp_path / "shop")), case.environment(os.devnull)
    fast = compose.read(at, environ, file=case.file, deadline=plenty())
    monkeypatch.setattr(yaml_events, "_parser", yaml_events._python_parser)
    slow = compose.read(at, environ, file=case.file, deadline=plenty())
    assert facts_of(slow) == facts_of(fast)
    assert [note.what.partition(":")[0] for note in slow.notes] == [
        note.what.partition(":")[0] for note in fast.notes
    ]
