"""A program that knows nothing of hostshift: it reads two variables and connects."""

import os

import psycopg
import redis

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    (version,) = connection.execute("SHOW server_version").fetchone()
client = redis.Redis.from_url(os.environ["REDIS_URL"])
visits = client.incr("visits")
print(f"PostgreSQL {version}, visit {visits}", flush=True)
