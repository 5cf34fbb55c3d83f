"""In the dev container as on the laptop: the string is the laptop's."""

import psycopg

import hostshift

with psycopg.connect(hostshift.from_env("DATABASE_URL")) as connection:
    (version,) = connection.execute("SHOW server_version").fetchone()
print(f"PostgreSQL {version}", flush=True)
