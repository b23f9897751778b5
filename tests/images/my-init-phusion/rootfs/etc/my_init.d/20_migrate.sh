#!/bin/sh
set -e
cd /srv/app
exec /sbin/setuser app bundle exec rake db:migrate
