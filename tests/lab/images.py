"""The lab's images: a base, the lab image on it, and one with a hostshift wheel.

An image is named after the content that went into it, so an existing one is
right and is not built again.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import base
from tests.lab.errors import LabError
from tests.lab.progress import step
from tests.lab.sdk import DockerException, ImageNotFound
from tests.lab.state import locked, state_dir
from tests.lab.wheels import wheelhouse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.lab.engine import Engine

LAB_REPOSITORY = "hostshift-lab"
APP_REPOSITORY = "hostshift-app"
LABEL = "hostshift.lab"
_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_TAIL_LINES = 25
_KEPT = 8


def ensure_lab_image(engine: Engine) -> str:
    """Give the name of the image with every server and client, built if needed."""
    name = lab_image_name()
    with locked("lab-image"):
        if not has_image(engine, name):
            base.ensure_base(engine)
            wheels = wheelhouse(engine.architecture)
            content = {**_lab_content(), "wheels": wheels}
            with step(f"building the lab image {name}", "60 s"):
                build(engine, name, content, {})
            forget_old(engine, LAB_REPOSITORY)
    return name


def ensure_app_image(engine: Engine, wheel: Path) -> str:
    """Give the name of the lab image with this hostshift wheel in it."""
    return with_wheel(engine, wheel, ensure_lab_image(engine), APP_REPOSITORY)


def with_wheel(engine: Engine, wheel: Path, image: str, repository: str) -> str:
    """Give the name of an image with this hostshift wheel in it, built if needed."""
    content = {"Dockerfile": _HERE / "Dockerfile.app", wheel.name: wheel}
    name = f"{repository}:{digest(content.values(), image)}"
    with locked("app-image"):
        if not has_image(engine, name):
            with step(f"installing {wheel.name} in {name}", "4 s"):
                build(engine, name, content, {"LAB_IMAGE": image})
            forget_old(engine, repository)
    return name


def lab_image_name() -> str:
    """Name the lab image after all that goes into it."""
    return f"{LAB_REPOSITORY}:{digest(_lab_content().values())}"


def find_wheel() -> Path | None:
    """Give the wheel that LAB_WHEEL names, or the newest one in dist/."""
    if named := os.environ.get("LAB_WHEEL"):
        return Path(named).resolve()
    wheels = _ROOT.joinpath("dist").glob("hostshift-*.whl")
    return max(wheels, key=lambda wheel: wheel.stat().st_mtime, default=None)


def has_image(engine: Engine, name: str) -> bool:
    """Return True if the engine has the image."""
    try:
        engine.client.images.get(name)
    except ImageNotFound:
        return False
    return True


def our_images(engine: Engine) -> list[str]:
    """Name the lab's images that the engine has."""
    images = engine.client.images.list(filters={"label": LABEL})
    return sorted(tag for image in images for tag in image.tags)


def forget_old(engine: Engine, repository: str) -> None:
    """Remove images that newer ones replaced, or each change would leave one.

    A few stay: another checkout may be at work with its own.
    """
    listing: list[Any] = engine.client.images.list(filters={"label": LABEL})
    ours = [image for image in listing if any(repository in tag for tag in image.tags)]
    ours.sort(key=lambda image: str(image.attrs["Created"]), reverse=True)
    for image in ours[_KEPT:]:
        with suppress(DockerException):  # In use.
            engine.client.images.remove(image.id, force=False)


def _lab_content() -> dict[str, Path]:
    """List the files of the lab image, by their path in the build."""
    servers = sorted(path for path in _HERE.glob("servers/*") if path.is_file())
    files = [_HERE / "Dockerfile", _HERE / "requirements.txt", *servers]
    return {path.relative_to(_HERE).as_posix(): path for path in files}


def digest(files: Iterable[Path], salt: str = "") -> str:
    """Boil the files down to twelve hexadecimal digits."""
    digest = hashlib.sha256(salt.encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def build(
    engine: Engine,
    name: str,
    content: Mapping[str, Path],
    arguments: Mapping[str, str],
) -> None:
    """Build an image from these files and nothing else."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path, source in content.items():
                archive.add(source, path)
        file.seek(0)
        # The classic builder: the other one needs a program of its own.
        lines = engine.client.api.build(
            fileobj=file,
            custom_context=True,
            tag=name,
            buildargs=dict(arguments),
            labels={LABEL: "image"},
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow(lines, name)


def _follow(lines: Iterable[dict[str, Any]], name: str) -> None:
    """Keep what the builder says in a log, and raise with its end if it fails."""
    log = state_dir() / f"{name.replace(':', '-')}.log"
    said: list[str] = []
    try:
        with log.open("w", encoding="utf-8") as file:
            for line in lines:
                said.append(str(line.get("stream") or line.get("error") or ""))
                file.write(said[-1])
                if "error" in line:
                    raise LabError(_failure(name, said, log))
    except (DockerException, OSError) as error:
        raise LabError(_failure(name, [*said, f"\n{error}"], log)) from error


def _failure(name: str, said: list[str], log: Path) -> str:
    tail = "\n".join("".join(said).splitlines()[-_TAIL_LINES:])
    return f"building {name} failed (all of it is in {log}):\n{tail}"
