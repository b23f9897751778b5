#!/bin/sh
set -e
mkdir -p /run/app
rake db:migrate
exec supervisord -c /etc/supervisor/supervisord.conf
