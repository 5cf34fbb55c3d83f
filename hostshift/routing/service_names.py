"""Names that people give to services, by the protocol they speak. Pure data.

We use them only to choose among the siblings of our own compose project, and only
together with a handshake in that protocol: a name alone decides nothing.
"""

from __future__ import annotations

_DATABASE = frozenset(("db", "database"))

USUAL_NAMES: dict[str, frozenset[str]] = {
    "postgresql": _DATABASE | {"postgres", "postgresql", "pg", "pgsql", "postgis", "timescaledb"},
    "mysql": _DATABASE | {"mysql", "mariadb"},
    "mongodb": _DATABASE | {"mongo", "mongodb"},
    "redis": frozenset(("redis", "valkey", "keydb", "cache")),
    "amqp": frozenset(("rabbitmq", "rabbit", "amqp", "broker", "mq")),
    "memcached": frozenset(("memcached", "memcache", "cache")),
}


def usual_names(protocol: str) -> frozenset[str]:
    """Return the usual service names for a protocol; empty if it has none."""
    return USUAL_NAMES.get(protocol, frozenset())
