"""The two databases of the applications that know no event loop."""

from __future__ import annotations

import os
import threading
from typing import Any

import dials  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
from pymongo.errors import PyMongoError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from hostshift_pymongo import MongoClient

__all__ = ["dials", "engine", "who"]

engine = create_engine(
    f"postgresql+psycopg://app:s3cret@localhost:{os.environ['PG_PORT']}/app",
    plugins=["hostshift"],
    pool_pre_ping=True,
    pool_size=8,
)
client: MongoClient[dict[str, Any]] = MongoClient(
    f"mongodb://localhost:{os.environ['MONGO_PORT']}/TestDB", serverSelectionTimeoutMS=15_000
)


def who() -> dict[str, Any]:
    """Say which servers answer, or what went wrong."""
    try:
        with engine.connect() as connection:
            postgresql = connection.execute(text("select name from who")).scalar()
        found = client.lab.who.find_one() or {}
    except (OperationalError, PyMongoError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    by = f"{os.getpid()}-{threading.get_native_id()}"
    return {"who": f"{postgresql} {found.get('name')}", "by": by}
