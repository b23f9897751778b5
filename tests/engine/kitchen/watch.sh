# Waits for the diary to change, again and again.
while true; do
  if inotifywait -qq -t 2 -e modify /srv/shelf/diary.txt; then echo "reached"; else echo "failed"; fi
  sleep 0.2
done
