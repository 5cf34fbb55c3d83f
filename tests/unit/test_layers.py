"""The order of the packages: each imports only from those before it, and nothing goes in a circle.

The imports are read from the source: those at the top, those inside functions, and those for
type checkers alone.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "hostshift"
ORDER = (
    ("base", "errors", "tls"),
    ("trust",),
    ("config", "documents", "dsn"),
    ("detect",),
    ("discovery",),
    ("routing",),
    ("machine",),
    ("resolution",),
    ("environment",),
    ("drivers",),
    ("forward",),
    ("_api",),
    ("__init__",),
    ("cli", "testing", "apps"),
    ("__main__",),
)
"""The ground first. What stands in one line does not know each other."""
MOST_AT_THE_ROOT = 8


def _modules() -> dict[str, Path]:
    """Return all modules by their names below the root, a package by its own."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


MODULES = _modules()
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}


def _imported(path: Path) -> Iterator[str]:
    """Name the modules of ours that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            full = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in full:
            if name.partition(".")[0] == "hostshift":
                yield _module_of(name.removeprefix("hostshift").lstrip("."))


def _module_of(name: str) -> str:
    """Return the module that a dotted name is in: the name may be one of its attributes."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or "__init__"


GRAPH = {name: {*_imported(path)} - {name} for name, path in MODULES.items()}


def _package(module: str) -> str:
    return module.partition(".")[0]


def test_every_package_has_its_place() -> None:
    assert {_package(name) for name in MODULES} == set(LEVEL)
    assert len(MODULES) > 150
    assert sum(map(len, GRAPH.values())) > 500


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_packages_before_its_own(module: str) -> None:
    own = _package(module)
    for other in GRAPH[module]:
        if own != _package(other):
            assert LEVEL[_package(other)] < LEVEL[own], f"{module} imports {other}"


def test_nothing_imports_in_a_circle() -> None:
    try:
        assert len([*TopologicalSorter(GRAPH).static_order()]) == len(MODULES)
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_a_circle_is_found() -> None:
    """Else the test before could not fail."""
    with pytest.raises(CycleError):
        TopologicalSorter({**GRAPH, "base.addresses": {"_api"}}).prepare()


def test_the_root_is_the_public_face() -> None:
    assert len([*SOURCE.glob("*.py")]) <= MOST_AT_THE_ROOT


STEP = re.compile(r"^\| \d+ \| `(hostshift/[\w/]+\.py)`, `([\w.]+)` \|", re.MULTILINE)


def test_the_steps_of_the_page_for_newcomers_exist() -> None:
    page = (SOURCE.parent / "docs" / "contributing.md").read_text(encoding="utf-8")
    steps = STEP.findall(page)
    assert len(steps) == 10
    for file, name in steps:
        module = import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        assert callable(attrgetter(name)(module)), f"{file}: {name}"


TRACE = """
import os, sys, threading

def note(frame, event, argument):
    code = frame.f_code
    _, package, file = code.co_filename.rpartition(os.sep + "hostshift" + os.sep)
    if event == "call" and package:
        calls.append(f"hostshift/{file} {code.co_qualname}")

calls = []
import hostshift
threading.setprofile(note)
sys.setprofile(note)
hostshift.resolve("postgresql://u:p@localhost:5432/shop")
sys.setprofile(None)
print("\\n".join(dict.fromkeys(calls)))
"""


def test_the_steps_of_the_page_for_newcomers_come_in_their_order() -> None:
    """A string of the page is resolved in a container; its calls are noted."""
    page = (SOURCE.parent / "docs" / "contributing.md").read_text(encoding="utf-8")
    steps = [f"{file} {name}" for file, name in STEP.findall(page)]
    stands = {"HOSTSHIFT_ISOLATION": "docker", "HOSTSHIFT_NETWORK": "own"}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", TRACE],
        env={"PATH": os.defpath, **stands, "HOSTSHIFT_PROBE": "never"},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert [call for call in ran.stdout.splitlines() if call in steps] == steps


def test_the_page_for_newcomers_names_every_package() -> None:
    page = (SOURCE.parent / "docs" / "contributing.md").read_text(encoding="utf-8")
    for package in SOURCE.iterdir():
        if (package / "__init__.py").is_file():
            assert f"`{package.name}/`" in page
