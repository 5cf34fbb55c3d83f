"""A Flask application with two databases of SQLAlchemy's, a MongoDB and a cache."""

from __future__ import annotations

from flask import Flask
from flask_caching import Cache
from flask_pymongo import PyMongo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hostshift_flask import Hostshift

__all__ = ["create_app"]

hostshift = Hostshift()
database = SQLAlchemy()
mongo = PyMongo()
cache = Cache()


def create_app() -> Flask:
    """Make the application: what is configured comes from variables alone."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    hostshift.init_app(app)
    database.init_app(app)
    mongo.init_app(app, serverSelectionTimeoutMS=10_000)
    cache.init_app(app)
    app.add_url_rule("/", view_func=who)
    return app


def who() -> str:
    """Say which servers answer, and the number of requests that the cache has seen."""
    try:
        found = [_name(None), _name("second")]
    except OperationalError as error:
        return type(error).__name__
    assert mongo.db is not None  # The URI names one.
    found.append(str((mongo.db.who.find_one() or {}).get("name")))
    return " ".join((*found, str(cache.cache.inc("requests"))))


def _name(bind: str | None) -> str:
    with database.engines[bind].connect() as connection:
        return str(connection.execute(text("select name from who")).scalar())
