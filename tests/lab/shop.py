"""The servers of a shop under compose, and the one `.env` that its applications share.

`.env` is written from the laptop's point of view: `localhost` and the ports that compose
publishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.gauntlet.project import Project, clients, server
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from tests.lab.stage import Stage

INSIDE = {"postgres": 5432, "redis": 6379, "mongo": 27017}
SERVERS = {
    "db": "postgres",
    "ledger": "postgres",
    "cache": "redis",
    "broker": "redis",
    "catalog": "mongo",
}
"""The servers of the project, by the names that their `who` has as well."""
DECOYS = {"postgres": ("postgres", "db"), "redis": ("redis", "cache")}
"""Servers with usual names, and the server whose published port they listen on."""
ENV = """
SECRET_KEY=not-for-production
PUBLIC_URL=http://localhost:{db}
DATABASE_URL=postgresql://app:s3cret@localhost:{db}/app
LEDGER_URL=postgresql://app:s3cret@localhost:{ledger}/app
CACHE_URL=redis://localhost:{cache}/0
CACHE_REDIS_HOST=localhost
CACHE_REDIS_PORT={cache}
CELERY_BROKER_URL=redis://localhost:{broker}/0
CELERY_RESULT_BACKEND=redis://localhost:{broker}/0
MONGO_URL=mongodb://localhost:{catalog}/lab?serverSelectionTimeoutMS=3000
"""


class Shop(NamedTuple):
    """The project, and the ports that its servers are published on."""

    project: Project
    ports: dict[str, int]

    @property
    def env(self) -> str:
        """Give the laptop's `.env`."""
        return ENV.format(**self.ports)

    def check_decoys(self) -> None:
        """Make sure that nobody has left a table or a key in a server that is not meant."""
        port = {name: self.ports[instead] for name, (_, instead) in DECOYS.items()}
        tables = "select string_agg(tablename, ' ') from pg_tables where schemaname = 'public'"
        asked = {
            "postgres": ["psql", "-p", str(port["postgres"]), "-U", "app", "-Atc", tables],
            "redis": ["redis-cli", "-p", str(port["redis"]), "keys", "*"],
        }
        for name, words in asked.items():
            said = self.project.stage.exec(self.project.container(name), words)
            assert said.stdout == "who\n", said


def open_shop(stage: Stage, image: str) -> Shop:
    """Start the servers and the decoys, published as compose publishes them."""
    ports = {name: free_port() for name in SERVERS}
    services = clients(stage, image)
    for name, kind in SERVERS.items():
        published = [f"{ports[name]}:{INSIDE[kind]}"]
        services[name] = server(kind, image, INSIDE[kind], name, ports=published)
    for name, (kind, instead) in DECOYS.items():
        services[name] = server(kind, image, ports[instead], "decoy")
    project = Project(stage, stage.named("shop"), services)
    project.up()
    for name, kind in SERVERS.items():
        stage.wait(project.container(name), INSIDE[kind])
    for name, (_, instead) in DECOYS.items():
        stage.wait(project.container(name), ports[instead])
    return Shop(project, ports)
