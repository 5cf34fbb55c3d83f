"""The image that the lab image stands on: a small Debian.

Where an image registry answers, it is pulled. Where none does, Debian's own
packages make the same thing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import shell
from tests.lab.errors import ImagesUnavailable, LabError
from tests.lab.progress import say, step
from tests.lab.sdk import DockerClient, DockerException, ImageNotFound
from tests.lab.state import state_dir

if TYPE_CHECKING:
    from tests.lab.engine import Engine

REPOSITORY, TAG = "debian", "bookworm-slim"
BASE_IMAGE = f"{REPOSITORY}:{TAG}"
_SUITE = "bookworm"
# A registry that says nothing for so long is not there.
_PULL_SILENCE = 20
_NO_WAY = (
    f"{BASE_IMAGE} is not here and no registry gives it; load it into the engine, or"
    " run the lab as root on Debian or Ubuntu, where debootstrap makes it"
)


def ensure_base(engine: Engine) -> None:
    """Make sure that the engine has the base image."""
    try:
        engine.client.images.get(BASE_IMAGE)
    except ImageNotFound:
        if not _pull(engine):
            _bootstrap(engine)


def _pull(engine: Engine) -> bool:
    """Try a registry, for a short time only: most answer at once or never."""
    try:
        with (
            closing(DockerClient(base_url=engine.url, timeout=_PULL_SILENCE)) as puller,
            step(f"pulling {BASE_IMAGE}", "10 s"),
        ):
            puller.images.pull(REPOSITORY, tag=TAG)
    except (DockerException, OSError):
        say("no registry gives it")
        return False
    return True


def _bootstrap(engine: Engine) -> None:
    """Make the image from Debian's packages."""
    if not shell.which("apt-get") or os.geteuid() != 0:
        raise ImagesUnavailable(_NO_WAY)
    log = state_dir() / "debootstrap.log"
    if not shell.which("debootstrap"):
        with step("installing debootstrap", "5 s"):
            # Ubuntu's debootstrap cannot check Debian's signatures by itself.
            shell.apt_install(["debootstrap", "debian-archive-keyring"], log)
    # Not in /tmp: that is often mounted without devices or programs.
    with tempfile.TemporaryDirectory(dir=state_dir(), prefix="root-") as name:
        root = Path(name, "root")
        with step(f"making {BASE_IMAGE} with debootstrap", "35 s"):
            variant = ["--variant=minbase", "--include=ca-certificates"]
            shell.run(["debootstrap", *variant, _SUITE, str(root)], log)
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        with step("importing it", "5 s"):
            _import(engine, root)


def _import(engine: Engine, root: Path) -> None:
    """Stream the directory to the engine as a one-layer image."""
    tar = shell.which("tar") or "tar"
    command = [tar, "-C", str(root), "--numeric-owner", "-c", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as packing:
        answer: str = engine.client.api.import_image_from_stream(packing.stdout)
    said = json.loads(answer.splitlines()[-1])
    if "status" not in said:
        message = f"the engine did not take {BASE_IMAGE}: {said}"
        raise LabError(message)
    # Named afterwards: Podman hears the name in the import, but not the tag.
    engine.client.images.get(said["status"]).tag(REPOSITORY, tag=TAG)
