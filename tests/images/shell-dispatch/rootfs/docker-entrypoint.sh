#!/bin/bash
set -euo pipefail

. /app/env.sh

# As root only to give the data away, then as the application's user.
if [ "$(id -u)" = 0 ]; then
  mkdir -p /data/media
  chown -R app:app /data
  exec gosu app "$0" "$@"
fi

cat > /tmp/settings.ini <<EOF
[server]
port = ${PORT}
workers = ${WORKERS}
EOF

case "$1" in
  web)
    if [ "${MIGRATE:-yes}" = yes ]; then
      python manage.py migrate --noinput
    fi
    exec gunicorn --bind "0.0.0.0:${PORT}" --workers "$WORKERS" shop.wsgi
    ;;
  worker)
    exec celery -A shop worker
    ;;
  *)
    exec "$@"
    ;;
esac
