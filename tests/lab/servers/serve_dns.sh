#!/bin/sh
# serve-dns ADDRESS [OPTION...]: dnsmasq that answers ADDRESS for every name there is.
# "-" for ADDRESS leaves that out; further options are dnsmasq's own.
set -eu

everything=""
[ "$1" = - ] || everything="--address=/#/$1"
shift
# shellcheck disable=SC2086 # an empty one is no option
exec dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-daemon --user=root $everything "$@"
