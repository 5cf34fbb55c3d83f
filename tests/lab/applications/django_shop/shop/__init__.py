"""A shop of items, with Django and Celery."""

from .celery import app as celery_app

__all__ = ["celery_app"]
