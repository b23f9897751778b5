# Rings the pantry's bell again and again.
while true; do
  if kill -HUP "$(cat /run/pantry/pantry.pid)"; then echo "reached the pantry"; else echo "failed"; fi
  sleep 0.2
done
