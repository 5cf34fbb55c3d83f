"""The cost of reading compose files: ratios within one run, not seconds."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from hostshift.discovery import compose
from tests.unit.compose_cases import SMALL, plenty, project_root, read
from tests.unit.timing import assert_linear, assert_ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    return project_root(tmp_path)


# --- speed --------------------------------------------------------------------------------------

LEAN = "services:\n" + "".join(
    f"  s{n}: {{image: x, ports: ['{10000 + n}:5432']}}\n" for n in range(1000)
)
RICH = "services:\n" + "".join(
    f"""  svc{n}:
    image: "registry.example/app:{n}"
    restart: unless-stopped
    ports:
      - "{10000 + n}:5432"
      - 127.0.0.1:{20000 + n}:8080/tcp
    environment:
      DATABASE_URL: postgres://app:${{PASS:-x}}@db:5432/app
      DEBUG: "true"
    networks:
      back:
        aliases: [alias{n}, other{n}]
      default:
    labels:
      com.example.tier: backend
    depends_on: [{f"svc{n - 1}" if n else ""}]
"""
    for n in range(1000)
)
RICH += "networks:\n  back: {}\n"


@pytest.mark.parametrize("text", [LEAN, RICH], ids=["lean", "rich"])
def test_a_thousand_services_cost_less_than_twice_their_yaml(root: Path, text: str) -> None:
    """The whole reading, against yaml.load alone; the best of several in turn."""
    import yaml

    (root / "compose.yaml").write_text(text, encoding="utf-8")
    data, at = text.encode(), str(root)
    assert len(compose.read(at, {}, deadline=plenty()).services) == 1000
    assert_ratio(
        lambda: compose.read(at, {}, deadline=plenty()),
        lambda: yaml.load(data, Loader=yaml.CSafeLoader),
        2,
    )


SHAPES: dict[str, Callable[[int], str]] = {
    "many services": lambda n: (
        "services:\n" + "".join(f"  s{at}: {{image: x, ports: ['80']}}\n" for at in range(n // 30))
    ),
    "many variables": lambda n: f"x-a: '{'${A:-b}' * (n // 8)}'\n{SMALL}",
    "variables on lines": lambda n: "x-a: |\n" + "  ${A:-b} }\n" * (n // 11) + SMALL,
    "open variables": lambda n: f"x-a: '{'${A:-{' * (n // 6)}}}'\n{SMALL}",
    "braces": lambda n: f"x-a: '${{A:-{'{x' * (n // 2)}}}'\n{SMALL}",
    "dollars": lambda n: f"x-a: '{'$' * n}'\n{SMALL}",
    "many aliases": lambda n: "x-a: &a {b: c}\nx-b:\n" + "- *a\n" * (n // 5) + SMALL,
    "many merges": lambda n: "x-a: &a {b: c}\nx-b:\n" + "- {<<: *a}\n" * (n // 11) + SMALL,
    "many ports": lambda n: f"services: {{a: {{image: x, ports: [{'80, ' * (n // 4)}]}}}}",
    "colons": lambda n: f"services: {{a: {{image: x, ports: ['{':' * n}']}}}}",
    "dashes": lambda n: f"services: {{a: {{image: x, ports: ['1{'-1' * (n // 2)}']}}}}",
    "a long scalar": lambda n: f"x-a: 0x{'1' * n}\n{SMALL}",
    "underscores": lambda n: f"x-a: 1{'_' * n}\n{SMALL}",
    "many labels": lambda n: f"services: {{a: {{image: x, labels: [{'a=b, ' * (n // 5)}]}}}}",
}
ENV_SHAPES: dict[str, Callable[[int], str]] = {
    "many lines": lambda n: "A=b\n" * (n // 4),
    "comments": lambda n: "#\n" * (n // 2),
    "blank": lambda n: "\n" * n + "#",
    "spaces": lambda n: "A=" + " " * n + "b",
    "an open quote": lambda n: "A='" + "x" * n,
    "backslashes": lambda n: 'A="' + "\\" * n,
    "a long key": lambda n: "A" * n + "=b",
    "exports": lambda n: "export " * (n // 7) + "A=b",
    "keys alone": lambda n: "A\n" * (n // 2),
    "quoted": lambda n: "A='b' " * (n // 6),
    "variables": lambda n: "A=$A$A\n" * (n // 7),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear_in_the_file(root: Path, shape: str) -> None:
    assert_linear(_reading(root, "compose.yaml", SHAPES[shape]), 8_000)


@pytest.mark.parametrize("shape", ENV_SHAPES)
def test_time_is_linear_in_the_variable_file(root: Path, shape: str) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    assert_linear(_reading(root, ".env", ENV_SHAPES[shape]), 8_000)


def _reading(
    root: Path, name: str, shape: Callable[[int], str]
) -> Callable[[int], Callable[[], object]]:
    """Return what prepares a project whose file has about a size."""

    def prepare(size: int) -> Callable[[], object]:
        project = root / str(size)
        shutil.copytree(root, project, ignore=shutil.ignore_patterns("[0-9]*"))
        (project / name).write_text(shape(size), encoding="utf-8")
        return lambda: read(project)

    return prepare
