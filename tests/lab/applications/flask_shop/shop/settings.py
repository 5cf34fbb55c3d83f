"""The one settings file, for every place."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import load_dotenv

load_dotenv(Path(__file__).resolve().parent.parent / ".env")

SECRET_KEY = os.environ["SECRET_KEY"]

SQLALCHEMY_DATABASE_URI = os.environ["DATABASE_URL"].replace("://", "+psycopg://", 1)
SQLALCHEMY_BINDS = {
    "ledger": {
        "url": os.environ["LEDGER_URL"].replace("://", "+psycopg2://", 1),
        "pool_pre_ping": True,
    }
}

MONGO_URI = os.environ["MONGO_URL"]

CACHE_TYPE = "RedisCache"
CACHE_REDIS_URL = os.environ["CACHE_URL"]
CACHE_KEY_PREFIX = "flask-shop:"

CELERY = {
    "broker_url": os.environ["CELERY_BROKER_URL"],
    "result_backend": os.environ["CELERY_RESULT_BACKEND"],
    "task_default_queue": "flask-shop",
}
