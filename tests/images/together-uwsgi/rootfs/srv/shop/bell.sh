#!/bin/sh
# New code in the folder: the workers of the web are replaced.
while inotifywait -r -e modify /srv/shop; do
  kill -HUP "$(cat /run/shop.pid)"
done
