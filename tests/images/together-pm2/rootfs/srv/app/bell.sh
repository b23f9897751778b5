#!/bin/sh
# The web forgets what it keeps in memory, once an hour.
while sleep 3600; do
  pm2 restart web
done
