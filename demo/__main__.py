"""Run the demonstration: ``python -P -m demo``; ends with 1 if a round trip failed."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import closing
from pathlib import Path

from pymongo import MongoClient as PlainClient

from demo.rows import ROUND_TRIP, Row, show
from hostshift import dsn, explain
from hostshift.testing import PLACES as PRETENDED
from hostshift.testing import pretend
from hostshift_pymongo import MongoClient
from tests.lab import images
from tests.lab.engine import Engine, wanted_engine
from tests.lab.errors import EngineUnavailable, ImagesUnavailable
from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    DATABASE_NAMESPACE,
    HOST,
    HOST_NETWORK,
    USER_NETWORK,
    Place,
    Scene,
)
from tests.lab.progress import say, step
from tests.lab.stage import Stage, free_port, host_server

PROGRAM = Path(__file__).with_name("program.py")
PLACES = (HOST, BRIDGE, BRIDGE_ALIAS, USER_NETWORK, HOST_NETWORK, DATABASE_NAMESPACE)
WHERE = {
    HOST: "the host",
    BRIDGE: "default bridge",
    BRIDGE_ALIAS: "default bridge with host-gateway",
    USER_NETWORK: "user network",
    HOST_NETWORK: "host network",
    DATABASE_NAMESPACE: "the database's network namespace",
}


def main() -> int:
    """Show the table; 0 if every cell of hostshift's is a round trip."""
    urls = {
        "DATABASE_URL": f"postgresql+psycopg://app:s3cret@localhost:{free_port(5432)}/app",
        "MONGO_URL": f"mongodb://localhost:{free_port(27017)}/demo",
    }
    try:
        engine = wanted_engine()
        images.ensure_lab_image(engine)
        image = images.ensure_app_image(engine, _wheel())
    except (EngineUnavailable, ImagesUnavailable) as error:
        say(f"no containers: {str(error).splitlines()[0]}")
        rows = without_engine(urls)
    else:
        with closing(engine):
            rows = with_engine(engine, image, urls)
        if engine.started_by_lab:
            say(f"{engine.summary} stays up; make lab-down stops it")
    show(rows)
    return 0 if all(row.good for row in rows) else 1


def _wheel() -> Path:
    """Give the wheel that make built before it ran this."""
    wheel = images.find_wheel()
    if wheel is None:
        raise SystemExit("no wheel in dist/: make demo builds it")
    return wheel


def with_engine(engine: Engine, image: str, urls: dict[str, str]) -> list[Row]:
    """Run the program in all six places against PostgreSQL and a MongoDB-protocol server."""
    with Stage(engine) as stage:
        with step("starting PostgreSQL and a MongoDB-protocol server", "3 s"):
            scene = _scene(stage, image, urls)
        rows = []
        for place in PLACES:
            with step(f"running the program in: {WHERE[place]}", "5 s"):
                rows += _rows(scene, place, urls)
        return rows


def _scene(stage: Stage, image: str, urls: dict[str, str]) -> Scene:
    """Start both servers on one network, each published on the port it has inside."""
    network = stage.network()
    ports = {variable: _port(url) for variable, url in urls.items()}
    pg, mongo = ports["DATABASE_URL"], ports["MONGO_URL"]
    database = stage.serve("postgres", "postgres", image, port=pg, network=network, ports={pg: pg})
    stage.serve("mongo", "mongo", image, port=mongo, network=network, ports={mongo: mongo})
    return Scene(stage, image, network, database)


def _port(url: str) -> int:
    (endpoint,) = dsn.read(url).endpoints
    return endpoint.effective_port or 0


def _rows(scene: Scene, place: Place, urls: dict[str, str]) -> list[Row]:
    """Run the program twice in a place: as a plain client, and with hostshift."""
    plain = _run(scene, place, {**urls, "HOSTSHIFT_MODE": "off"})
    shifted = _run(scene, place, urls)
    return [
        Row(
            where=WHERE[place],
            given=_masked(url),
            used=shifted[variable]["used"],
            plain=plain[variable]["got"],
            hostshift=shifted[variable]["got"],
        )
        for variable, url in urls.items()
    ]


def _run(scene: Scene, place: Place, environment: dict[str, str]) -> dict[str, dict[str, str]]:
    """Run the program once and read what it prints."""
    said = scene.run_standing(place, PROGRAM, environment=environment)
    if said.code != 0:
        raise SystemExit(f"the program failed in {place.name}:\n{said.stderr}")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    return {line["variable"]: line for line in lines}


def _masked(url: str) -> str:
    return dsn.mask(url, dsn.read(url))


def without_engine(urls: dict[str, str]) -> list[Row]:
    """Run the host's row for real with an embedded server, and pretend the others."""
    say("the host's MongoDB row is real, with an embedded server; all others are pretended")
    # What is only pretended needs no advice on how to pin it.
    logging.getLogger("hostshift").setLevel(logging.ERROR)
    rows = []
    with host_server("mongo", _port(urls["MONGO_URL"])):
        for place in PLACES:
            rows += _pretended_rows(place, urls)
    return rows


def _pretended_rows(place: Place, urls: dict[str, str]) -> list[Row]:
    """Resolve both strings as if in a place where both servers answer on the host."""
    stands = PRETENDED.get(place.name, PRETENDED["user-network"])
    ports = {variable: _port(url) for variable, url in urls.items()}
    answers = [
        f"{host}:{port}" for host in (*stands.host_address, "172.17.0.1") for port in ports.values()
    ]
    beside = [ports["DATABASE_URL"]] if place is DATABASE_NAMESPACE else []
    with pretend(stands, answers=answers, listening=beside):
        rows = [_pretended_row(place, url) for url in urls.values()]
    if place is HOST:
        rows[1] = _real_row(urls["MONGO_URL"])
    return rows


def _pretended_row(place: Place, url: str) -> Row:
    """Say what a string would become, and that nobody connected."""
    found = explain(url)
    right = place in (HOST, HOST_NETWORK) or not found.changed
    return Row(
        where=WHERE[place],
        given=found.masked_before,
        used=found.masked_after,
        plain="(would connect)" if right else "(would fail)",
        hostshift="(pretended)",
        pretended=True,
    )


def _real_row(url: str) -> Row:
    """Make the round trip on the host itself, with and without hostshift."""
    results = []
    kinds: tuple[type[PlainClient[dict[str, str]]], ...] = (PlainClient, MongoClient)
    for kind in kinds:
        with kind(url) as client:
            words = client.get_default_database().words
            words.insert_one({"word": "demo"})
            results.append(ROUND_TRIP if words.find_one({"word": "demo"}) else "wrong answer")
    used = _masked(url)
    return Row(where=WHERE[HOST], given=used, used=used, plain=results[0], hostshift=results[1])


sys.exit(main())
