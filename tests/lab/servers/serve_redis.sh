#!/bin/sh
# serve-redis PORT: Redis whose key "who" holds $WHO.
set -eu

# Redis reads its append-only file before it answers anybody, so the key is
# there from the first moment.
who=${WHO:-redis}
length=$(printf '%s' "$who" | wc -c)
directory=$(mktemp -d)
printf '*3\r\n$3\r\nSET\r\n$3\r\nwho\r\n$%d\r\n%s\r\n' "$length" "$who" \
    >"$directory/appendonly.aof"
# The stars mean every address; the minus, that IPv6 may be missing.
set -f
# shellcheck disable=SC2086 # several addresses are several words
exec redis-server --dir "$directory" --port "${1:-6379}" --bind ${LISTEN:-* -::*} \
    --appendonly yes --protected-mode no --save ''
