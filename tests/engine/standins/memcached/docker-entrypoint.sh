#!/bin/sh
# Flags alone mean memcached.
set -e
case "${1:-}" in
  -*) set -- memcached "$@" ;;
esac
exec "$@"
