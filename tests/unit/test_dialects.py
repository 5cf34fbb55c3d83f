"""Every dialect is complete, and the laws hold for all of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import hostshift
from hostshift import Policy, dsn
from hostshift.testing import pretend as pretending

ROOT = Path(__file__).parents[2]
VECTORS: list[dict[str, Any]] = [
    vector
    for file in sorted((ROOT / "tests" / "vectors").glob("*.json"))
    for vector in json.loads(file.read_text(encoding="utf-8"))
]
READ = [(vector, dsn.read(vector["text"], vector.get("dialect"))) for vector in VECTORS]
SHIFTED = ("db.test", 15999)


def test_there_are_enough_vectors() -> None:
    assert len(VECTORS) >= 400


@pytest.mark.parametrize("dialect", dsn.DIALECTS)
class TestComplete:
    """What a dialect needs besides its code."""

    def test_vectors(self, dialect: str) -> None:
        kinds = Counter(
            "trouble" if reading.trouble else "read"
            for vector, reading in READ
            if dialect in (reading.dialect, vector.get("dialect"))
        )
        assert kinds["read"] >= 3 or dialect == "none"
        assert kinds["trouble"] >= 1

    def test_a_secret_that_is_masked(self, dialect: str) -> None:
        masked = [
            vector["id"]
            for vector, reading in READ
            if reading.dialect == dialect and "***" in vector["masked"]
        ]
        # A bare list of hosts has no place for a secret.
        assert masked or dialect in ("hosts", "hostport", "kafka", "memcached", "grpc")

    def test_its_page(self, dialect: str) -> None:
        page = ROOT / "docs" / "dialects" / f"{dialect}.md"
        assert page.read_text(encoding="utf-8").startswith(f"# {dialect}\n")

    def test_its_consumers_are_named(self, dialect: str) -> None:
        assert dsn.DIALECTS[dialect]


@pytest.mark.parametrize(("vector", "reading"), READ, ids=[vector["id"] for vector in VECTORS])
class TestLaws:
    """What holds whatever the dialect."""

    def test_spans_lie_in_the_text(self, vector: dict[str, Any], reading: dsn.Reading) -> None:
        spans = [
            (slot.start, slot.end)
            for end in reading.endpoints
            for slot in (end.host_at, end.port_at)
        ]
        assert all(0 <= start <= end <= len(vector["text"]) for start, end in spans)
        assert all(0 <= start <= end <= len(vector["text"]) for start, end in reading.secrets)

    def test_what_is_spliced_is_read_again(
        self, vector: dict[str, Any], reading: dsn.Reading
    ) -> None:
        wanted = [SHIFTED] * len(reading.endpoints)
        try:
            text = dsn.splice(vector["text"], reading.endpoints, wanted)
        except dsn.Unwritable:
            return
        if not wanted:
            assert text == vector["text"]
            return
        again = dsn.read(text, reading.dialect, ours=True)
        assert [(end.host, end.effective_port) for end in again.endpoints] == wanted
        assert dsn.splice(text, again.endpoints, wanted) == text

    def test_elsewhere_is_identity(self, vector: dict[str, Any], reading: dsn.Reading) -> None:
        with pretending(
            "bridge+host-gateway", policy=Policy(keep="localhost,host.docker.internal")
        ):
            found = hostshift.explain(vector["text"], dialect=vector.get("dialect"))
        assert found.after == vector["text"]
        assert bool(found.decisions) == bool(reading.endpoints)

    def test_no_reason_quotes_the_text(self, vector: dict[str, Any], reading: dsn.Reading) -> None:
        assert len(vector["text"]) < 6 or vector["text"] not in reading.trouble
