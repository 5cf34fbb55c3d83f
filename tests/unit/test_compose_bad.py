"""Compose files that are broken, hostile or too large: a reason, no exception, and no secret."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Topology, budget, compose, trusted_file
from hostshift.discovery.compose import docker_compose, dotenv, interpolate, project, yaml_events
from tests.unit.compose_cases import SMALL, oracle, plenty, project_root, read, why

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "hunter2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


# --- bad input ----------------------------------------------------------------------------------


def test_the_line_is_told(root: Path) -> None:
    found = read(root, "services:\n  a:\n    image: x\n    ports:\n      - ${X:?}:80\n")
    (note,) = found.notes
    assert note.where == f"{root}/compose.yaml:5"
    assert note.what == "the variable X has to be set"
    (note,) = read(root, "services:\n  a: [\n").notes
    assert note.where == f"{root}/compose.yaml:3"
    (root / ".env").write_text("A=1\n\nB C=2\n", encoding="utf-8")
    (note,) = read(root, SMALL).notes
    assert note.where == f"{root}/.env:3"


def _a_directory(path: Path) -> None:
    path.mkdir()


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _no_text(path: Path) -> None:
    path.write_bytes(b"services: {a: {image: \xff\xfe\xfa}}")


def _control_characters(path: Path) -> None:
    path.write_bytes(b"services: {a: {image: \x00\x01}}")


def _huge(path: Path) -> None:
    path.write_bytes(b"a: b\n" * (10 << 20))


def _a_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_a_directory, "is a directory"),
        (_a_pipe, "not a plain file"),
        (_no_text, "not valid YAML"),
        (_control_characters, "not valid YAML"),
        (_huge, "larger than 8 MB"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_what_is_no_file(
    root: Path, make: Callable[[Path], None], reason: str, *, named: bool
) -> None:
    make(root / "compose.yaml")
    assert reason in why(read(root, file="compose.yaml" if named else None))


def test_a_link_to_nowhere_is_no_file(root: Path) -> None:
    _a_broken_link(root / "compose.yaml")
    assert read(root) == Topology()
    assert "cannot be read" in why(read(root, file="compose.yaml"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").chmod(0)
    assert "cannot be read" in why(read(root))


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_path_that_is_none(root: Path, path: str) -> None:
    assert why(read(root, file=path))
    assert not compose.read(f"{root}/{path}", {}, deadline=plenty()).services


def test_the_standard_input_is_not_read(root: Path) -> None:
    assert "standard input" in why(read(root, COMPOSE_FILE="-"))


def test_a_switch_that_is_none(root: Path) -> None:
    assert "neither true nor false" in why(read(root, SMALL, COMPOSE_DISABLE_ENV_FILE="maybe"))


BOMB = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGE_BOMB = (
    "x-a: &a {" + ", ".join(f"k{n}: v" for n in range(2000)) + "}\n"
    "x-b:\n" + "".join(f"  b{n}: {{<<: [{', '.join(['*a'] * 20)}]}}\n" for n in range(50))
)


# PyYAML 6.0.4 has a limit of its own as well.
NESTED = "within each other|exceeded maximum nesting depth"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases that stand for more"),
        (MERGE_BOMB, "aliases that stand for more"),
        ("x: " + "[" * 100_000, NESTED),
        ("x: " + "{a: " * 100_000, NESTED),
        ("- " * 100_000, NESTED),
        ("services: {a: {image: x, scale: 999999999}}", "more than 10,000 containers"),
        ("services: {a: {image: x, ports: ['1-65535', '1-65535']}}", "more than 70,000 ports"),
        ("services: {a: {image: x, expose: ['1-65535', '1-65535']}}", "more than 70,000 ports"),
        (f"services: {{a: {{image: x, ports: ['{'9' * 5000}']}}}}", "a port is a number"),
        (f"services: {{a: {{image: x, scale: {'9' * 5000}}}}}", "not a whole number"),
        ("services: {a: {image: '" + "${A:-" * 5000 + "}" * 5000 + "'}}", "within each other"),
        ("? [a]\n: b\n", "a key that is a mapping or a list"),
        ("{a: b}: c\n", "a key that is a mapping or a list"),
        ("x: &x [a]\n*x : b\n", "a key that is not a text"),
    ],
)
def test_what_is_too_much(root: Path, text: str, reason: str) -> None:
    started = time.monotonic()
    assert re.search(reason, why(read(root, text)))
    assert time.monotonic() - started < 20  # generous: without the limits it would be hours


def test_a_long_variable_many_times(root: Path) -> None:
    text = f"services: {{a: {{image: '{'$A' * 10_000}'}}}}"
    assert "too long" in why(read(root, text, A="x" * 100_000))


def test_the_time_is_kept(root: Path) -> None:
    services = "".join(f"  s{n}: {{image: x}}\n" for n in range(20_000))
    (root / "compose.yaml").write_text(f"services:\n{services}", encoding="utf-8")
    assert "in time" in why(compose.read(str(root), {}, deadline=Deadline(0.001, 0.001)))


def test_without_pyyaml(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    found = read(root, SMALL)
    assert "PyYAML is not installed" in why(found)
    assert found.gaps[0].fix == "pip install pyyaml"


def test_another_kind_of_value_wherever_one_stands(root: Path) -> None:
    """Whatever stands for whatever else: read, or a reason, and no exception."""
    keys = "build container_name depends_on deploy expose image labels links network_mode"
    keys += " networks ports profiles provider scale extends"
    values = ["", "5", "x", "true", "[]", "{}", "[[]]", "[{}]", "{a: []}", "{a: {b: {}}}", "[null]"]
    texts = [
        f"services: {{a: {{image: {value}}}}}"
        if key == "image"
        else f"services: {{a: {{image: x, {key}: {value}}}}}"
        for key in keys.split()
        for value in values
    ]
    for key in ("services", "networks", "name", "include", "version", "x-a"):
        texts += [f"{key}: {value}\n{'' if key == 'services' else SMALL}" for value in values]
    texts += [f"{SMALL}\nnetworks: {{default: {{external: {v}, name: {v}}}}}" for v in values]
    found = [read(root, text) for text in texts]
    refused = [one for one in found if one.gaps]
    assert all(map(why, refused))
    assert all(one.project for one in found if not one.gaps)
    assert len(found) - len(refused) >= 70


# --- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"services: {{a: {{image: x, environment: {{P: {SECRET}}}, ports: ['{SECRET}:80']}}}}",
        f"services: {{a: {{image: x, ports: ['80:80/{SECRET}']}}}}",
        f"services: {{a: {{image: x, container_name: '{SECRET} '}}}}",
        f"services: {{a: {{image: x, scale: {SECRET}}}}}",
        f"services: {{a: {{image: x, labels: ['${{X:?{SECRET}}}']}}}}",
        f"services: {{a: {{image: x, labels: '{SECRET}'}}}}",
        f"services: {{a: {{image: x, labels: {{a: '{SECRET}${{'}}}}}}",
        f"services: {{a: {{image: x, command: [*{SECRET}]}}}}",
        f"services: {{a: {{image: !{SECRET} x}}}}",
        f"services: {{a: {{image: x, networks: {{default: {{ipv4_address: {SECRET}}}}}}}}}",
        f"services:\n  {SECRET}!: {{image: x}}",
        f"services: [{SECRET}",
        f'services: "\\q{SECRET}"',
        f"%{SECRET}\n---\na: b",
        f"a: !b!{SECRET} c",
        f"services: {{a: {{image: x, environment: {{P: {SECRET}}}, command: [{SECRET}]}}}}",
        f"services: {{a: {{extends: b, environment: {{P: {SECRET}}}}}, b: {{image: x}}}}",
        f"services: {{a: {{image: x, environment: {{P: {SECRET}}}, expose: !reset []}}}}",
        f"services: {{a: {{image: x, extends: {SECRET}}}}}",
        f"services: {{a: {{image: x, extends: {{service: a, file: {SECRET}}}}}}}",
        f"services: {{a: {{image: x, extends: {{service: a, {SECRET}: b}}}}}}",
    ],
)
def test_no_value_is_kept_or_told(
    root: Path, text: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    for path in (os.devnull, str(oracle().parent)):
        found = read(root, text, PATH=path, UNRELATED=SECRET)
        assert SECRET not in repr(found)
        assert SECRET not in "".join(map(str, found.notes))
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


def test_a_variable_file_is_not_told(root: Path) -> None:
    for text in (f"A={SECRET}", f"A B={SECRET}", f"A='{SECRET}", f"{SECRET}!=1", f"A=${{{SECRET}"):
        (root / ".env").write_text(text, encoding="utf-8")
        assert SECRET not in repr(read(root, SMALL))


def test_the_limits_are_as_documented() -> None:
    assert (trusted_file.LIMIT, yaml_events.EXPANDED, project.MOST) == (8 << 20, 1_000_000, 10_000)
    assert (dotenv.LIMIT, budget.ENTRIES, budget.PROCESSOR) == (1 << 20, 100_000, 2.0)
    assert (interpolate.BRACES, docker_compose.LIMIT) == (2_000_000, 8.0)
