#!/bin/bash
# An empty PGDATA is filled once: a superuser, a database, then what lies in /docker-entrypoint-initdb.d, before a server
# that the network does not reach; the real one starts afterwards, and always as the user postgres.
set -eo pipefail

from_file() { # NAME [DEFAULT]: NAME, or the text of the file that NAME_FILE names, but not both
  local file="${1}_FILE"
  if [ "${!1:-}" ] && [ "${!file:-}" ]; then
    echo "error: both $1 and $file are set" >&2
    exit 1
  fi
  local value="${!1:-${2:-}}"
  [ -z "${!file:-}" ] || value=$(<"${!file}")
  export "$1=$value"
  unset "$file"
}

ask() { PGHOST=/var/run/postgresql PGPASSWORD="$POSTGRES_PASSWORD" psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc -U "$POSTGRES_USER" "$@"; }

fill() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "Error: the database is not made without POSTGRES_PASSWORD (or POSTGRES_HOST_AUTH_METHOD=trust)" >&2
    exit 1
  fi
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses='' ${*:2}" start
  [ "$POSTGRES_DB" = postgres ] || ask -d postgres -v "db=$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  local each
  for each in /docker-entrypoint-initdb.d/*; do
    case "$each" in
      *.sh) if [ -x "$each" ]; then "$each"; else . "$each"; fi ;;
      *.sql) ask -d "$POSTGRES_DB" -f "$each" ;;
      *.sql.gz) gunzip -c "$each" | ask -d "$POSTGRES_DB" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
}

[ "${1:0:1}" != - ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    chmod 0700 "$PGDATA"
    exec gosu postgres "$BASH_SOURCE" "$@"
  fi
  [ -s "$PGDATA/PG_VERSION" ] || fill "$@"
fi
exec "$@"
