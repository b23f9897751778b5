#!/bin/sh
set -e
cd /srv/orders
chown app:app db/data public/uploads
exec /sbin/setuser app bundle exec rake db:migrate
