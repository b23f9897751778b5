#!/bin/sh
# Once an hour the web starts anew, for it grows.
while sleep 3600; do
  s6-svc -r /var/run/s6/services/web
done
