"""Celery, as its guide for Django has it."""

from __future__ import annotations

import os

from celery import Celery  # type: ignore[import-untyped,unused-ignore]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
