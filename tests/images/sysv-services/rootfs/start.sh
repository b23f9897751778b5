#!/bin/bash
set -e
service redis-server start
/etc/init.d/worker start
service php8.2-fpm start
start-stop-daemon --start --background --chuid app:app --chdir /srv/app --exec /srv/app/bin/mailer -- --queue mail
exec nginx -g "daemon off;"
