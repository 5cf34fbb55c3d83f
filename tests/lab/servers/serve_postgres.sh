#!/bin/sh
# serve-postgres PORT: PostgreSQL whose table "who" holds $WHO.
set -eu

PGDATA=/var/lib/postgresql/lab
run() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

# The row is there before anybody can connect, and once only after a restart.
who=$(printf '%s' "${WHO:-postgres}" | sed "s/'/''/g")
run postgres --single -D "$PGDATA" app >/dev/null <<SQL
DELETE FROM public.who
INSERT INTO public.who VALUES ('$who')
SQL
exec setpriv --reuid=postgres --regid=postgres --init-groups \
    postgres -D "$PGDATA" -p "${1:-5432}" -c "listen_addresses=${LISTEN:-*}"
