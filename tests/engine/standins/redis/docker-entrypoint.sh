#!/bin/sh
# Flags or a config file alone mean redis-server; root hands its folder to redis and becomes it; a server that nothing
# told otherwise answers everybody, as only the container's network reaches it.
set -e
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec gosu redis "$0" "$@"
  fi
  umask 0077
  case "$*" in
    *protected-mode*) ;;
    *) grep -qs '^protected-mode' "${2:-}" || set -- "$@" --protected-mode no ;;
  esac
fi
exec "$@"
