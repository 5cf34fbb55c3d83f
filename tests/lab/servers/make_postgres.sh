#!/bin/sh
# Makes the database while the image is built, so that a server starts at once:
# user "app" (password "s3cret") owns database "app" with its table "who".
set -eu

PGDATA=/var/lib/postgresql/lab
run() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

run initdb --pgdata "$PGDATA" --encoding UTF8 --locale C.UTF-8 --auth-local trust \
    --auth-host scram-sha-256 --no-sync >/dev/null
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
# A lab forgets everything anyway: nothing is worth waiting for a disk.
printf 'fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n' \
    >>"$PGDATA/postgresql.conf"

run postgres --single -D "$PGDATA" postgres >/dev/null <<'SQL'
CREATE ROLE app LOGIN PASSWORD 's3cret'
CREATE DATABASE app OWNER app
SQL
run postgres --single -D "$PGDATA" app >/dev/null <<'SQL'
CREATE TABLE public.who (name text)
ALTER TABLE public.who OWNER TO app
SQL
