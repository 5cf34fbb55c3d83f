"""The program of the demonstration: reads two URLs, makes a round trip with each.

It knows nothing of containers. Run with ``HOSTSHIFT_MODE=off`` it is what a plain
client would be.
"""

from __future__ import annotations

import json
import os
import uuid

from sqlalchemy import create_engine, text

import hostshift
from hostshift_pymongo import MongoClient


def postgresql(url: str) -> bool:
    """Write a word to PostgreSQL through SQLAlchemy and read it back."""
    word = uuid.uuid4().hex
    engine = create_engine(url, plugins=["hostshift"])
    with engine.begin() as connection:
        connection.execute(text("create table if not exists words (word text)"))
        connection.execute(text("insert into words values (:word)"), {"word": word})
    with engine.connect() as connection:
        found = text("select count(*) from words where word = :word")
        return connection.execute(found, {"word": word}).scalar() == 1


def mongodb(url: str) -> bool:
    """Write a document through pymongo and read it back."""
    word = uuid.uuid4().hex
    with MongoClient[dict[str, str]](url, serverSelectionTimeoutMS=2000) as client:
        words = client.get_default_database().words
        words.insert_one({"word": word})
        return words.count_documents({"word": word}) == 1


def main() -> None:
    """Print for each URL what it became and how it went, one JSON line each."""
    for variable, round_trip in (("DATABASE_URL", postgresql), ("MONGO_URL", mongodb)):
        url = os.environ[variable]
        try:
            got = "round trip" if round_trip(url) else "wrong answer"
        except Exception as error:  # noqa: BLE001 - whatever a driver raises is what is shown
            got = type(error).__name__
        found = hostshift.explain(url)
        print(json.dumps({"variable": variable, "used": found.masked_after, "got": got}))


main()
