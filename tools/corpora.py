"""Hold the dialects against corpora of connection strings from the drivers' own tests.

Usage: ``python tools/corpora.py DIRECTORY [-v]``; ends with 1 if a case disagrees.

A corpus is a JSON array of ``{id, input, dialect, valid, hosts: [{host, port, type}],
notes}``. Of every case with hosts, the endpoints found must be the corpus's
(sockets, defaults and empty hosts are no endpoints), or the string is left
alone. ``tools/corpora_reviewed.json`` lists what was looked at and why it may
differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from hostshift import dsn

DIALECTS = {
    "clickhouse-driver": "clickhouse",
    "dj-database-url": "uri",
    "elasticsearch-node": "uris",
    "go-mysql-dsn": "go_mysql",
    "kafka-bootstrap": "kafka",
    "kombu": "amqp",
    "libpq-kv": "libpq",
    "libpq-uri": "libpq",
    "mongodb": "mongodb",
    "mongodb+srv": "mongodb",
    "jdbc:mysql": "jdbc",
    "jdbc:postgresql": "jdbc",
    "jdbc:sqlserver": "jdbc",
    "mysqlx": "jdbc",
    "nats": "nats",
    "oracle": "oracle",
    "redis-py": "redis",
    "sqlalchemy": "sqlalchemy",
    "sqlalchemy-postgresql": "sqlalchemy",
    "sqlalchemy-mssql": "sqlalchemy",
    "ado.net": "adonet",
    "stackexchange.redis": "stackexchange",
}
"""Which of our dialects reads a corpus's strings."""

NO_ENDPOINTS = {"unix", "empty", "default-local", "srv"}
REVIEWED: dict[str, str] = json.loads(
    Path(__file__).with_name("corpora_reviewed.json").read_text(encoding="utf-8")
)


def verdict(case: dict[str, Any]) -> str:
    """Say how we read a case: found, left alone, reviewed or disagreed."""
    reading = dsn.read(case["input"], DIALECTS[case["dialect"]])
    wanted = [
        (_plain(host["host"]), int(host["port"]) if str(host["port"]).isdecimal() else None)
        for host in case["hosts"]
        if host.get("type") not in NO_ENDPOINTS and host["host"]
    ]
    found = [(_plain(end.host), end.port) for end in reading.endpoints]
    # Some corpora say the port that is dialled where the text says none.
    dialled = [(_plain(end.host), end.effective_port) for end in reading.endpoints]
    mixed = [port if port in wanted else other for port, other in zip(found, dialled, strict=True)]
    if mixed == wanted and not reading.trouble:
        return "found"
    if not found:
        return "found" if not wanted else "left alone"
    return "reviewed" if case["id"] in REVIEWED else "disagreed"


def _plain(host: str) -> str:
    """Write a host in the one form in which hosts are compared."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return host.lower()


def main() -> int:
    """Print a row for each corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="show what is not found")
    given = parser.parse_args()
    columns = ("found", "left alone", "reviewed", "disagreed")
    _row("corpus", *columns)
    total: Counter[str] = Counter()
    for file in sorted(given.directory.glob("*.json")):
        cases = json.loads(file.read_text(encoding="utf-8"))
        counts = Counter(_judged(cases, verbose=given.verbose))
        _row(file.stem, *(counts[column] for column in columns))
        total += counts
    _row("all", *(total[column] for column in columns))
    return 1 if total["disagreed"] else 0


def _judged(cases: list[dict[str, Any]], *, verbose: bool) -> list[str]:
    """Judge the cases whose hosts stand in the text."""
    verdicts = []
    for case in cases:
        if not case["hosts"] or "HOST-NOT-IN-TEXT" in (case.get("notes") or ""):
            continue
        verdicts.append(verdict(case))
        if verbose and verdicts[-1] != "found":
            reading = dsn.read(case["input"], DIALECTS[case["dialect"]])
            ends = [(end.host, end.port) for end in reading.endpoints]
            hosts = [(host["host"], host["port"]) for host in case["hosts"]]
            sys.stdout.write(
                f"{verdicts[-1]}: {case['id']} {case['input']!r}\n    corpus {hosts}"
                f" valid={case['valid']}, ours {ends} {reading.trouble}\n"
            )
    return verdicts


def _row(name: str, *values: object) -> None:
    sys.stdout.write(f"{name:32}" + "".join(f"{value!s:>12}" for value in values) + "\n")


if __name__ == "__main__":
    sys.exit(main())
