"""What Celery's worker is started with."""

from __future__ import annotations

from . import create_app

app = create_app().extensions["celery"]
