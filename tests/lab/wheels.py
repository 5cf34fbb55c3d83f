"""The Python packages of the lab image, as wheels downloaded on this machine.

pip inside an image build knows neither this machine's package index nor its
certificates; here it knows both. The wheels are for the image's Python and
processor, whatever runs this.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from tests.lab import shell
from tests.lab.errors import LabError
from tests.lab.progress import step
from tests.lab.state import locked, state_dir

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# What Debian 12 has: Python 3.11, and a C library that takes wheels for 2.36 and
# older. Wheels for older ones than 2.17 are called otherwise and hardly exist.
_PYTHON = "3.11"
_GLIBC_MINORS = range(36, 16, -1)
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def wheelhouse(
    architecture: str, requirements: Path = REQUIREMENTS, *, dependencies: bool = True
) -> Path:
    """Give a directory with all wheels, downloaded once for each set of them."""
    machine = _MACHINES.get(architecture, architecture)
    key = hashlib.sha256(requirements.read_bytes() + machine.encode()).hexdigest()
    house = state_dir() / "wheels" / key[:12]
    with locked("wheels"):
        if not house.is_dir():
            house.parent.mkdir(exist_ok=True)
            with step("downloading Python packages for an image of the lab", "20 s"):
                wanted = ["--requirement", str(requirements)]
                _fill(house, [*wanted, *([] if dependencies else ["--no-deps"])], machine)
    return house


def _fill(house: Path, wanted: list[str], machine: str) -> None:
    """Fill the directory under another name: a half-filled one must not count."""
    log = state_dir() / "pip.log"
    with tempfile.TemporaryDirectory(dir=house.parent) as name:
        filling = Path(name, "wheels")
        try:
            shell.run([*_pip("download", filling), *wanted, *_target(machine)], log)
        except LabError:
            like_the_image = platform.python_version().startswith(f"{_PYTHON}.")
            if not like_the_image or platform.system() != "Linux":
                raise
            # Something has no wheel; a Python like the image's can make one.
            shutil.rmtree(filling, ignore_errors=True)
            shell.run([*_pip("wheel", filling), *wanted], log)
        filling.rename(house)


def _pip(verb: str, into: Path) -> list[str]:
    """Compose the part of a pip command that downloading and building share."""
    option = "--dest" if verb == "download" else "--wheel-dir"
    command = [sys.executable, "-m", "pip", verb, "--disable-pip-version-check"]
    return [*command, option, str(into)]


def _target(machine: str) -> list[str]:
    """Ask for wheels for the image, not for this interpreter."""
    target = ["--only-binary=:all:", f"--python-version={_PYTHON}"]
    target += ["--implementation=cp"]
    names = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    names += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return target + [f"--platform={name}" for name in names]
