"""A second project with the same service names, on a network that both are on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.lab.gauntlet.project import Project, server
from tests.lab.gauntlet.scene import Gauntlet, gauntlet
from tests.lab.gauntlet.spellings import FULL, SPELLINGS, Evidence, Unknowable
from tests.lab.places import DATABASE_NAMESPACE, USER_NETWORK, USER_NETWORK_ALIAS
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.gauntlet.spellings import Cell
    from tests.lab.gauntlet.table import Run
    from tests.lab.sdk import Network
    from tests.lab.stage import Stage

AMBIGUOUS = Unknowable(
    "db: db:T",
    (USER_NETWORK, USER_NETWORK_ALIAS, DATABASE_NAMESPACE),
    "both projects answer to the name, and no engine says which container is whose",
)
"""Without an engine: it may be found out, and otherwise it is undecided."""


def rival(stage: Stage, image: str, shared: Network, ports: dict[str, int]) -> Project:
    """Start the other project: a copy of each service, published on ports of its own.

    Args:
        stage: where it stands.
        image: what its containers run.
        shared: the network that it has in common with the first project.
        ports: the ports that services listen on inside their containers, by their names.

    """
    kinds: dict[str, Any] = {"db": "postgres", "cache": "redis"}
    services = {
        name: {
            **server(kinds[name], image, port, f"rival-{name}", ports=[f"{free_port()}:{port}"]),
            "networks": ["default", "shared"],
        }
        for name, port in ports.items()
    }
    networks = {"shared": {"external": True, "name": str(shared.name)}}
    made = Project(stage, f"rival{stage.session}", services, networks)
    made.up()
    for name, port in ports.items():
        stage.wait(made.container(name), port)
    return made


@contextmanager
def beside_a_rival(stage: Stage, image: str) -> Iterator[Gauntlet]:
    """Have the gauntlet, and the other project beside it on a network of both."""
    shared = stage.network("shared")
    with gauntlet(stage, image, shared=shared) as made:
        inside = {"db": made.facts["db_port"], "cache": made.facts["cache_port"]}
        rival(stage, image, shared, inside)
        yield made


def decidable(evidence: Evidence, cell: Cell) -> bool:
    """Return True if the right server must be found although the other project runs."""
    place, way = cell
    ambiguous = way.name == AMBIGUOUS.spelling and place in AMBIGUOUS.places
    return evidence.decidable(place, way) and (evidence is FULL or not ambiguous)


def services_of(run: Run, *stopped: str) -> list[Cell]:
    """Return the cells whose service runs."""
    running = {way.service for way in SPELLINGS} - set(stopped)
    return [cell for cell in run.cells if cell[1].service in running]
