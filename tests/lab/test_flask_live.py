"""One Flask application, unchanged, in every place with the same variables and real servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.containers import WORK, copy_into
from tests.lab.places import BRIDGE_ALIAS, CONNECTED, HOST, USER_NETWORK, Place, Scene
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.stage import Stage

APPLICATION = Path(__file__).parent / "apps" / "flask_shop.py"
EXTENSIONS = ("flask-caching", "flask-pymongo", "flask-sqlalchemy", "cachelib")
FLASK = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker")
ASK = "from flask_shop import create_app; print(create_app().test_client().get('/').text)"


def _packages() -> dict[str, str]:
    """Give Flask's packages as text: all are Python only, or can do without the rest."""
    return {
        f"lib/{file}": file.read_text(encoding="utf-8")
        for name in (*FLASK, *EXTENSIONS)
        for file in distribution(name).files or ()
        if file.suffix == ".py" or file.name == "METADATA"
    }


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Give a port to each server, the same inside and outside."""
    wanted = {"first": 5432, "second": 5433, "mongo": 27017, "redis": 6379}
    return {name: free_port(port) for name, port in wanted.items()}


@pytest.fixture(scope="module")
def environment(ports: Mapping[str, int]) -> dict[str, str]:
    """Give what the application is configured with, the same everywhere."""
    database = "postgresql+psycopg://app:s3cret@localhost"
    return {
        "FLASK_SQLALCHEMY_DATABASE_URI": f"{database}:{ports['first']}/app",
        "FLASK_SQLALCHEMY_BINDS__second": f"{database}:{ports['second']}/app",
        "FLASK_MONGO_URI": f"mongodb://localhost:{ports['mongo']}/lab",
        "FLASK_CACHE_TYPE": "RedisCache",
        "FLASK_CACHE_REDIS_URL": f"redis://localhost:{ports['redis']}/0",
        "FLASK_CACHE_KEY_PREFIX": "shop",
        "PYTHONPATH": f"{WORK}/lib",
    }


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str, ports: Mapping[str, int]) -> Scene:
    """Give the four servers, published, and the packages to each place."""
    network = module_stage.network()
    kinds = {"first": "postgres", "second": "postgres", "mongo": "mongo", "redis": "redis"}
    servers = {
        name: module_stage.serve(
            kind,  # type: ignore[arg-type]
            name,
            app_image,
            port=ports[name],
            network=network,
            ports={ports[name]: ports[name]},
        )
        for name, kind in kinds.items()
    }
    scene = Scene(module_stage, app_image, network, servers["first"])
    packages = _packages()
    with ThreadPoolExecutor() as threads:
        containers = threads.map(scene.standing, (one for one in CONNECTED if one.in_container))
        list(threads.map(lambda container: copy_into(container, packages), containers))
    return scene


def _run(
    scene: Scene, place: Place, environment: Mapping[str, str], *words: str
) -> tuple[int, str, str]:
    files = {APPLICATION.name: APPLICATION.read_text(encoding="utf-8")}
    said = scene.run_standing(place, words, files=files, environment=environment)
    assert "s3cret" not in said.stdout + said.stderr
    return said.code, said.stdout.strip(), said.stderr


def test_requests_from_everywhere(scene: Scene, environment: Mapping[str, str]) -> None:
    """The cache counts them: so it is one and the same from everywhere."""

    def ask(place: Place) -> str:
        code, said, errors = _run(scene, place, environment, "python", "-W", "error", "-c", ASK)
        return said if code == 0 else f"{place.name}: {errors}"

    with ThreadPoolExecutor() as threads:
        answers = sorted(threads.map(ask, CONNECTED))
    assert answers == [f"first second mongo {number}" for number in range(1, len(CONNECTED) + 1)]


def test_without_it_there_is_no_answer(scene: Scene, environment: Mapping[str, str]) -> None:
    off = {**environment, "HOSTSHIFT_MODE": "off", "FLASK_CACHE_TYPE": "NullCache"}
    assert _run(scene, HOST, off, "python", "-c", ASK)[1].startswith("first second mongo ")
    for place in (BRIDGE_ALIAS, USER_NETWORK):
        code, said, _ = _run(scene, place, off, "python", "-c", ASK)
        assert (code, "OperationalError" in said) == (0, True)


@pytest.mark.parametrize("place", [HOST, BRIDGE_ALIAS], ids=lambda place: place.name)
def test_the_command(scene: Scene, environment: Mapping[str, str], place: Place) -> None:
    words = ("python", "-m", "flask", "--app", "flask_shop", "hostshift")
    code, said, errors = _run(scene, place, environment, *words)
    assert code == 0, errors
    blocks = {block.split("\n")[0]: block for block in said.split("\n\n")}
    found = blocks["SQLALCHEMY_BINDS.second"], blocks["CACHE_REDIS_URL"]
    used = "host.docker.internal" if place.in_container else "localhost"
    for block, when in zip(found, ("at each connection", "at start"), strict=True):
        assert f"looked up  {when}" in block
        (line,) = (line for line in block.splitlines() if "  used " in line)
        assert f"{used}:" in line
