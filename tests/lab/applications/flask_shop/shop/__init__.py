"""A shop of items, with Flask-SQLAlchemy, Flask-PyMongo, Flask-Caching and Celery."""

from __future__ import annotations

from flask import Flask

from hostshift_flask import Hostshift

from . import views
from .commands import create_tables, drop_tables
from .extensions import cache, db, mongo, start_celery


def create_app() -> Flask:
    """Make the application."""
    app = Flask(__name__)
    app.config.from_object("shop.settings")
    Hostshift(app)
    db.init_app(app)
    mongo.init_app(app)
    cache.init_app(app)
    start_celery(app)
    app.register_blueprint(views.pages)
    app.cli.add_command(create_tables)
    app.cli.add_command(drop_tables)
    return app
