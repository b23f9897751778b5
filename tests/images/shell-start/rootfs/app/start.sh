#!/bin/sh
service nginx start
cron
for queue in default mail; do
  php artisan queue:work --queue "$queue" >> "/var/log/$queue.log" 2>&1 &
done
for n in 1 2 3; do ./thumbnail & done
while true; do
  php artisan schedule:run
  sleep "$EVERY"
done &
su - app -c "cd /app/live && node server.js" &
until nc -z 127.0.0.1 80; do sleep 1; done
tail -f /var/log/nginx/access.log
