#!/bin/bash
# An empty folder is filled once: root's password, a database, its user, then what lies in /docker-entrypoint-initdb.d,
# before a server that the network does not reach; the real one starts afterwards, and always as the user mysql.
set -eo pipefail
shopt -s nullglob
socket=/run/mysqld/mysqld.sock

setting() { # NAME: MARIADB_NAME or MYSQL_NAME, or the text of the file that one of them with _FILE names
  local name file
  for name in "MARIADB_$1" "MYSQL_$1"; do
    file="${name}_FILE"
    if [ "${!name:-}" ]; then
      printf '%s' "${!name}"
      return
    elif [ "${!file:-}" ]; then
      cat "${!file}"
      return
    fi
  done
}

quoted() { # as an SQL string
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

ask() { MYSQL_PWD="$now" mariadb --protocol=socket -uroot -hlocalhost --socket="$socket" "$@"; }

fill() {
  local root database user password now= each
  root=$(setting ROOT_PASSWORD)
  database=$(setting DATABASE)
  user=$(setting USER)
  password=$(setting PASSWORD)
  if [ -z "$root$(setting ALLOW_EMPTY_ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)$(setting RANDOM_ROOT_PASSWORD)" ]; then
    echo "Error: the database is not made without MARIADB_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD" >&2
    exit 1
  fi
  if [ "$(setting RANDOM_ROOT_PASSWORD)" ]; then
    root=$(head -c 24 /dev/urandom | base64)
    echo "GENERATED ROOT PASSWORD: $root"
  fi
  mariadb-install-db --datadir=/var/lib/mysql --auth-root-authentication-method=normal --skip-test-db >/dev/null
  "$@" --skip-networking --socket="$socket" &
  local server=$!
  for _ in {1..300}; do
    ask -e 'SELECT 1' >/dev/null 2>&1 && break
    kill -0 $server
    sleep 0.1
  done
  ask <<END
SET @@SESSION.SQL_LOG_BIN=0;
ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$root");
CREATE USER 'root'@'$(setting ROOT_HOST | grep . || echo %)' IDENTIFIED BY $(quoted "$root");
GRANT ALL ON *.* TO 'root'@'$(setting ROOT_HOST | grep . || echo %)' WITH GRANT OPTION;
FLUSH PRIVILEGES;
END
  now=$root
  [ -z "$database" ] || ask -e "CREATE DATABASE IF NOT EXISTS \`$database\`"
  if [ "$user" ]; then
    ask -e "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password")"
    [ -z "$database" ] || ask -e "GRANT ALL ON \`${database//_/\\_}\`.* TO $(quoted "$user")@'%'"
  fi
  for each in /docker-entrypoint-initdb.d/*; do
    case "$each" in
      *.sh) if [ -x "$each" ]; then "$each"; else . "$each"; fi ;;
      *.sql) ask $database <"$each" ;;
      *.sql.gz) gunzip -c "$each" | ask $database ;;
    esac
  done
  kill $server
  wait $server
}

[ "${1:0:1}" != - ] || set -- mariadbd "$@"
if [ "$1" = mariadbd ] || [ "$1" = mysqld ]; then
  if [ "$(id -u)" = 0 ]; then
    find /var/lib/mysql /run/mysqld \! -user mysql -exec chown mysql: '{}' +
    exec gosu mysql "$BASH_SOURCE" "$@"
  fi
  [ -d /var/lib/mysql/mysql ] || fill "$@"
fi
exec "$@"
