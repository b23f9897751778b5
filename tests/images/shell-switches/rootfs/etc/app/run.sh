#!/usr/bin/env bash
truthy() { [[ "${1,,}" == "true" || "$1" == "1" ]]; }

if truthy "$ENABLE_LIVE"; then
  node /srv/live.js &
fi
if truthy "${ENABLE_MAIL:-false}"; then
  mkdir -p /var/spool/mail
  node /srv/mail.js &
fi
[ "$REDIS_HOST" = 127.0.0.1 ] && redis-server --port 6379 &
if grep -q worker /etc/app/roles; then
  node /srv/worker.js &
fi
. /etc/app/gone.sh
$HOOK
exec node /srv/web.js $NODE_ARGS
