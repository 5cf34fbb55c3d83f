"""Hold the dialects against the drivers' own parsers: ``python tools/differential.py [COUNT]``.

Makes COUNT random strings (200,000 by default), decoys and nasty passwords among
them, gives every host and port a new value, and asks the driver's parser before
and after: it must see the same everything but hosts and ports, and exactly the
new ones. What the driver refuses is not counted. It does so twice: the first time hostshift
knows the dialect, the second time only the text. Ends with 1 if a string was damaged, or if
more were left alone than :data:`MOST_ALONE` allows.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import kombu.utils.url
from psycopg.conninfo import conninfo_to_dict
from pymongo.uri_parser import parse_uri
from redis.connection import parse_url
from sqlalchemy import make_url

from hostshift import dsn

if TYPE_CHECKING:
    from collections.abc import Callable

    Seen = tuple[Any, list[tuple[str, int | None]]]

NEW = ("db.test", 15999)
MOST_ALONE = {"named": 0.005, "plain": 0.02}
"""The most of the strings that a driver takes that may be left alone."""
WORDS = ("localhost", "app", "localhost_admin", "a.b-c_d", "u%40x", "%2Fx", "127.0.0.1", "x+y", "~")
SECRETS = ("", "localhost", "p%40ss", "s3cret", "p+w", "a!b$c", "100%25", "l%6Fcalhost", "ü", "p=w")
RAW = ("p@ss", "p/w", "p#w", "p?w", "p:w", "a@b@localhost", "p,w", "p;w", "[x]")
PAIR_SECRETS = ("localhost", "'x host=localhost'", "p", r"a\ b", r"'it\'s'", "it's", r"\\x")
HOSTS = ("localhost", "LOCALHOST", "127.0.0.1", "db", "a-b.example.com", "[::1]", "[fd00::1]")
PATHS = ("", "/", "/db", "/localhost", "/a%2Fb", "/db.localhost")
QUERIES = ("", "", "?application_name=localhost", "?a=localhost&b=1")
MONGO_QUERIES = ("", "?appName=localhost", "?w=1&appName=localhost:27017")


def uri(pick: random.Random, scheme: str, several: int, queries: tuple[str, ...]) -> str:
    """Make a URI: some with user information, some with a raw secret in it."""
    text = f"{scheme}://"
    if pick.random() < 0.6:
        secret = pick.choice(RAW if pick.random() < 0.1 else SECRETS)
        text += f"{pick.choice(WORDS)}:{secret}@"
    entries = [
        pick.choice(HOSTS) + pick.choice(("", f":{pick.randrange(1, 65536)}"))
        for _ in range(pick.randrange(1, several + 1))
    ]
    path = pick.choice(PATHS)
    query = pick.choice(queries)
    return text + ",".join(entries) + (path or ("/" if query else "")) + query


def pairs(pick: random.Random) -> str:
    """Make a libpq string of keys and values."""
    hosts = [pick.choice(("localhost", "db", "127.0.0.1")) for _ in range(pick.randrange(1, 4))]
    ports = [str(pick.randrange(1, 65536)) for _ in hosts]
    parts = [
        f"host={','.join(hosts)}",
        f"dbname={pick.choice(('localhost', 'x'))}",
        f"user={pick.choice(('localhost', 'u'))}",
        f"password={pick.choice(PAIR_SECRETS)}",
    ]
    if pick.random() < 0.7:
        parts.append(f"port={','.join(ports) if pick.random() < 0.5 else ports[0]}")
    pick.shuffle(parts)
    return " ".join(parts)


def see_mongodb(text: str) -> Seen:
    """What pymongo sees."""
    found = parse_uri(text)
    return {**found, "nodelist": None}, [(host, port) for host, port in found["nodelist"]]


def see_libpq(text: str) -> Seen:
    """What libpq sees, through psycopg."""
    found: dict[str, Any] = dict(conninfo_to_dict(text))
    hosts = str(found.pop("host", "")).split(",")
    ports = str(found.pop("port", "5432")).split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    return found, [(host, int(port or 5432)) for host, port in zip(hosts, ports, strict=True)]


def see_sqlalchemy(text: str) -> Seen:
    """What SQLAlchemy sees."""
    found = make_url(text)
    rest = (found.drivername, found.username, found.password, found.database, dict(found.query))
    return rest, [(found.host or "", found.port)]


def see_redis(text: str) -> Seen:
    """What redis-py sees."""
    parse: Callable[[str], dict[str, Any]] = parse_url  # redis-py gives it no types
    found = dict(parse(text))
    return found, [(found.pop("host", ""), found.pop("port", None))]


def see_kombu(text: str) -> Seen:
    """What kombu sees."""
    found = kombu.utils.url.parse_url(text)
    return found, [(found.pop("hostname") or "", found.pop("port"))]


def see_urllib(text: str) -> Seen:
    """What urllib sees."""
    found = urlsplit(text)
    address = (found.hostname or "", found.port)
    return (found._replace(netloc=""), found.username, found.password), [address]


CASES: dict[str, tuple[str, Callable[[random.Random], str], Callable[[str], Seen]]] = {
    "pymongo": ("mongodb", lambda pick: uri(pick, "mongodb", 3, MONGO_QUERIES), see_mongodb),
    "libpq URI": ("libpq", lambda pick: uri(pick, "postgresql", 3, QUERIES[:3]), see_libpq),
    "libpq pairs": ("libpq", pairs, see_libpq),
    "SQLAlchemy": (
        "sqlalchemy",
        lambda pick: uri(pick, "mysql+pymysql", 1, QUERIES),
        see_sqlalchemy,
    ),
    "redis-py": ("redis", lambda pick: uri(pick, "redis", 1, ("",)), see_redis),
    "kombu": ("amqp", lambda pick: uri(pick, "amqp", 1, ("",)), see_kombu),
    "urllib": ("uri", lambda pick: uri(pick, "http", 1, QUERIES), see_urllib),
}


OUTCOMES = ("exact", "left alone", "consumers differ", "damaged", "refused")
"""``consumers differ``: two real ones would connect to different servers, and the reason says so;
SQLAlchemy gives one port to all hosts of a list."""


def verdict(dialect: str | None, text: str, see: Callable[[str], Seen]) -> str:
    """Rewrite one string and compare: exact, left alone, damaged or refused by the driver."""
    try:
        before, addresses = see(text)
    except Exception:  # noqa: BLE001 - whatever the driver raises, it refuses the text
        return "refused"
    reading = dsn.read(text, dialect)
    if reading.trouble:
        return "consumers differ" if " and libpq to the last" in reading.trouble else "left alone"
    if len(reading.endpoints) != len(addresses):
        return "damaged"
    try:
        written = dsn.splice(text, reading.endpoints, [NEW] * len(addresses))
    except dsn.Unwritable:
        return "left alone"
    again = dsn.read(written, dialect, ours=True)
    same = [(end.host, end.effective_port) for end in again.endpoints] == [NEW] * len(addresses)
    if not same:
        return "left alone"  # as hostshift reads again what it writes
    if not set(reading.voters) <= set(again.voters):
        return "consumers differ"  # one of them could not read the new port
    after, moved = see(written)
    return "exact" if after == before and moved == [NEW] * len(addresses) else "damaged"


def run(count: int, seed: int = 0, *, named: bool = True) -> dict[str, dict[str, int]]:
    """Judge this many strings, the same number for each parser.

    Args:
        count: how many.
        seed: of the random choices.
        named: hostshift knows the dialect.

    """
    pick = random.Random(seed)  # noqa: S311 - repeatable, not secret
    table = {}
    for name, (dialect, make, see) in CASES.items():
        counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        for _ in range(-(-count // len(CASES))):
            text = make(pick)
            outcome = verdict(dialect if named else None, text, see)
            counts[outcome] += 1
            if outcome == "damaged":
                sys.stdout.write(f"damaged: {name} {text!r}\n")
        table[name] = counts
    return table


def main() -> int:
    """Print a row for each parser, with the dialect and without it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    return max(_printed(count, kind) for kind in MOST_ALONE)


def _printed(count: int, kind: str) -> int:
    table = run(count, named=kind == "named")
    for name, counts in table.items():
        shown = "".join(f"{counts[key]:>10} {key}" for key in counts)
        sys.stdout.write(f"{kind} {name:12}{shown}\n")
    accepted = sum(counts["exact"] + counts["left alone"] for counts in table.values())
    alone = sum(counts["left alone"] for counts in table.values())
    damaged = sum(counts["damaged"] for counts in table.values())
    sys.stdout.write(
        f"{kind}: {damaged} damaged, {alone / accepted:.2%} of {accepted} left alone\n"
    )
    return 1 if damaged or alone > accepted * MOST_ALONE[kind] else 0


if __name__ == "__main__":
    sys.exit(main())
