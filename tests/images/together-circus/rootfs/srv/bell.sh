#!/bin/sh
# New code in the folder: the web is told to start again.
while inotifywait -r -e modify /srv/shop; do
  circusctl restart web
done
