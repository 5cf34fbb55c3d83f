"""The image that stands in every situation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import base, images
from tests.lab.progress import step
from tests.lab.state import locked
from tests.lab.wheels import wheelhouse

if TYPE_CHECKING:
    from tests.lab.engine import Engine

_TOOLS_REPOSITORY = "hostshift-detectors"
_REPOSITORY = "hostshift-situations"
_HERE = Path(__file__).parent
_FILES = ("Dockerfile", "requirements.txt", "detectors.txt", "ask.py", "is_docker.py")

ASK = "ask-detectors"
"""The program, in every situation, that asks hostshift and the other detectors."""


def ensure_image(engine: Engine, wheel: Path) -> str:
    """Give the name of the image with the detectors and this hostshift wheel, built if needed."""
    return images.with_wheel(engine, wheel, _ensure_tools(engine), _REPOSITORY)


def _ensure_tools(engine: Engine) -> str:
    """Give the name of the image with all but hostshift."""
    content = {name: _HERE / name for name in _FILES}
    name = f"{_TOOLS_REPOSITORY}:{images.digest(content.values())}"
    with locked("situations-image"):
        if not images.has_image(engine, name):
            base.ensure_base(engine)
            architecture = engine.architecture
            content["wheels"] = wheelhouse(architecture, _HERE / "requirements.txt")
            content["detector-wheels"] = wheelhouse(
                architecture, _HERE / "detectors.txt", dependencies=False
            )
            with step(f"building the image of the situations {name}", "25 s"):
                images.build(engine, name, content, {})
            images.forget_old(engine, _TOOLS_REPOSITORY)
    return name
