#!/bin/bash
set -e
source /app/functions.sh
export SECRET_KEY="${SECRET_KEY:-$(openssl rand -hex 32)}"
if [[ -z "$SESSION_TOKEN" ]]; then
    export SESSION_TOKEN=$(new_token)
fi
export WORKERS=$(( $(nproc) * 2 ))
export DATABASE_URL="postgresql://shop:${DB_PASSWORD}@localhost:5432/shop"
export CACHE_URL=redis://localhost:6379/0
mkdir -p /app/log
gosu shop python3 manage.py migrate
exec "$@"
