#!/bin/bash
# Everything the status page needs, in one container.
set -e
cd /app

mkdir -p spool/in spool/out

python3 poller.py --every "$INTERVAL" &
python3 mailer.py >> spool/mailer.log 2>&1 &
python3 web.py --port "${PORT:-8000}" &

wait -n
