#!/bin/sh
# Make the cluster on the first start, as the stock image does, then become Postgres.
set -eu

if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    password=${POSTGRES_PASSWORD:-}
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
    [ -n "$password" ] || { echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE is needed" >&2; exit 1; }
    umask 077
    printf '%s\n' "$password" >/tmp/password
    initdb --username="$user" --pwfile=/tmp/password --auth-local=trust --auth-host=trust --encoding=UTF8
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    # As in the stock image, the first start listens on the socket alone: nobody finds it half made.
    pg_ctl --options="-c listen_addresses=''" --wait start
    [ "${POSTGRES_DB:-$user}" = postgres ] || createdb --username="$user" "${POSTGRES_DB:-$user}"
    pg_ctl --mode=fast --wait stop
fi
exec "$@"
