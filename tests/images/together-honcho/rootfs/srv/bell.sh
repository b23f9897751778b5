# Workers of the web that have grown are replaced, once an hour.
while sleep 3600; do
  kill -HUP "$(cat /run/web.pid)"
done
