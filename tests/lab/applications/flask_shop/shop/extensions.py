"""The extensions, which `create_app` gives the application to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery, Task  # type: ignore[import-untyped,unused-ignore]
from flask_caching import Cache
from flask_pymongo import PyMongo
from flask_sqlalchemy import SQLAlchemy

if TYPE_CHECKING:
    from flask import Flask

db = SQLAlchemy()
mongo = PyMongo()
cache = Cache()


def start_celery(app: Flask) -> None:
    """Make Celery's application, as Flask's guide has it."""

    class FlaskTask(Task):  # type: ignore[misc,unused-ignore]
        """A task that runs as part of the application."""

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Run it."""
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.name, task_cls=FlaskTask)
    celery.config_from_object(app.config["CELERY"])
    celery.set_default()
    app.extensions["celery"] = celery
