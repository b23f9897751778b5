#!/bin/sh
# healthcheck.sh --connect --innodb_initialized: whether the server that the network reaches answers. A refused
# password is an answer too.
for asked in "$@"; do
  case "$asked" in
    --connect | --innodb_initialized)
      mariadb --protocol=tcp -h 127.0.0.1 -u healthcheck -e 'SELECT 1' 2>&1 | grep -Eq '^1$|Access denied' || exit 1
      ;;
    *)
      echo "healthcheck.sh: $asked is not known" >&2
      exit 1
      ;;
  esac
done
