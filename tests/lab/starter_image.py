"""A project that was not written here: what a public starter for FastAPI generates.

It is generated on this machine by the starter's own program, from its package on PyPI, and
no file of it is changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import images, shell, wheels
from tests.lab.progress import step
from tests.lab.state import locked, state_dir

if TYPE_CHECKING:
    from tests.lab.engine import Engine

_HERE = Path(__file__).parent
_GENERATOR = _HERE / "starter" / "requirements.txt"
_NAME = "shop"
_CHOICES = {
    "name": _NAME,
    "api-type": "rest",
    "db": "postgresql",
    "orm": "sqlalchemy",
    "ci": "none",
}
_FEATURES = ("redis", "migrations", "dummy", "routers", "force", "quiet")
_OPTIONS = [f"--{name}={choice}" for name, choice in _CHOICES.items()]
_OPTIONS += [f"--{name}" for name in _FEATURES]
_MARKED = ("async-timeout", "typing-extensions")
"""Packages that the image's Python needs and this one may not: see the lab's own requirements."""


def project() -> dict[str, str]:
    """Give the project's files as they were generated."""
    root = _made() / _NAME
    wanted = [*root.rglob("*.py"), *root.glob("*.ini"), root / "pyproject.toml"]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in wanted}


def programs() -> Path:
    """Give the directory of the programs of an environment with the project's packages."""
    return _made() / "venv" / "bin"


def ensure_starter_image(engine: Engine, app_image: str) -> str:
    """Give the name of the app image with the project's packages in it, built if needed."""
    dockerfile, requirements = _HERE / "Dockerfile.starter", _made() / "requirements.txt"
    name = f"hostshift-starter:{images.digest([dockerfile, requirements], app_image)}"
    with locked("starter-image"):
        if not images.has_image(engine, name):
            content = {
                "Dockerfile": dockerfile,
                "requirements.txt": requirements,
                "wheels": wheels.wheelhouse(engine.architecture, requirements),
            }
            with step(f"building the starter's image {name}", "20 s"):
                images.build(engine, name, content, {"LAB_IMAGE": app_image})
            images.forget_old(engine, "hostshift-starter")
    return name


def _made() -> Path:
    """Give the directory of the project and its environment, made once for each generator."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    asked = f"{_GENERATOR.read_text(encoding='utf-8')} {_OPTIONS} {python}"
    made = state_dir() / "starter" / hashlib.sha256(asked.encode()).hexdigest()[:12]
    whole = made / "whole"
    with locked("starter"):
        if not whole.exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
            with step("generating a public project", "30 s"):
                _generate(made)
                _install(made)
            whole.touch()
    return made


def _generate(made: Path) -> None:
    """Run the generator where it cannot fetch a Python: it tries to, and goes on without."""
    log, generator = state_dir() / "starter.log", made / "generator"
    into = ["--target", str(generator), "--requirement", str(_GENERATOR)]
    shell.run([*_pip(sys.executable), "install", *into], log)
    where = ["env", f"--chdir={made}", f"PYTHONPATH={generator}", "UV_OFFLINE=1"]
    path = f"PATH={generator}/bin{os.pathsep}{os.environ['PATH']}"
    shell.run([*where, path, sys.executable, "-m", "fastapi_template", *_OPTIONS], log)


def _install(made: Path) -> None:
    """Install what the project says that it needs, in an environment of its own."""
    log, requirements = state_dir() / "starter.log", made / "requirements.txt"
    needed = tomllib.loads((made / _NAME / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*needed["project"]["dependencies"], *_MARKED]
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shell.run([sys.executable, "-m", "venv", str(made / "venv")], log)
    python = str(made / "venv" / "bin" / "python")
    shell.run([*_pip(python), "install", "--requirement", str(requirements)], log)


def _pip(python: str) -> list[str]:
    return [python, "-m", "pip", "--disable-pip-version-check"]
