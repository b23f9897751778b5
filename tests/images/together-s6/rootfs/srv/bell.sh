#!/bin/sh
# Starts the web server anew when its plugins change.
while sleep 5; do
  if [ /srv/plugins -nt /run/bell ]; then
    touch /run/bell
    s6-svc -r /srv/services/web
    s6-svc -r /srv/services/worker
  fi
done
