"""Fixtures of the lab. Without an engine its tests skip and say why.

`LAB_ENGINE` changes that: "off" skips them all, "running" takes an engine
that runs but starts and installs none, "require" fails where others would skip.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests import tables
from tests.lab import images
from tests.lab.engine import Engine, wanted_engine
from tests.lab.errors import EngineUnavailable, ImagesUnavailable
from tests.lab.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """Give the engine, started for the lab where there is none."""
    with _shown(pytestconfig):
        try:
            found = wanted_engine()
        except EngineUnavailable as error:
            _give_up(error)
    with closing(found):
        yield found
        if found.started_by_lab:
            said = f"{found.summary} stays up; make lab-down stops it"
            tables.add(pytestconfig, "the lab's engine", [said])


@pytest.fixture(scope="session")
def lab_image(engine: Engine, pytestconfig: pytest.Config) -> str:
    """Name the image that has every server and every client."""
    with _shown(pytestconfig):
        try:
            return images.ensure_lab_image(engine)
        except ImagesUnavailable as error:
            _give_up(error)


@pytest.fixture(scope="session")
def app_image(engine: Engine, lab_image: str, pytestconfig: pytest.Config) -> str:
    """Name the lab image that has hostshift in it, too."""
    wheel = images.find_wheel()
    if wheel is None:
        _give_up(f"{lab_image} is there, but no wheel in dist/ nor in LAB_WHEEL")
    with _shown(pytestconfig):
        return images.ensure_app_image(engine, wheel)


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    """Give one test its own networks and containers."""
    with Stage(engine) as made:
        yield made


@pytest.fixture(scope="module")
def module_stage(engine: Engine) -> Iterator[Stage]:
    """Give the tests of a module networks and containers in common."""
    with Stage(engine) as made:
        yield made


def _give_up(reason: object) -> NoReturn:
    """Skip with one line; a log may follow it, which skips have no room for."""
    line = str(reason).splitlines()[0]
    if os.environ.get("LAB_ENGINE") == "require":
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


@contextmanager
def _shown(config: pytest.Config) -> Iterator[None]:
    """Let progress through: minutes of silence look like a hang."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        yield
        return
    with capture.global_and_fixture_disabled():
        yield
