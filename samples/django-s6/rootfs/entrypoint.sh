#!/bin/bash
# Makes the database on the first start, brings it up to date on every start, then hands over to s6.
set -e

PGBIN=/usr/lib/postgresql/15/bin
PGDATA=/var/lib/postgresql/15/main

chown -R postgres:postgres "$PGDATA"
chown shop:shop /srv/shop/media /srv/shop/static

su postgres -s /bin/sh -c "$PGBIN/pg_ctl -w -D $PGDATA -o '-c config_file=/etc/postgresql/15/main/postgresql.conf' start"
if ! su postgres -c "psql -tAc \"SELECT 1 FROM pg_roles WHERE rolname = '$DATABASE_USER'\"" | grep -q 1; then
    su postgres -c "psql -c \"CREATE ROLE $DATABASE_USER LOGIN PASSWORD '$DATABASE_PASSWORD'\""
    su postgres -c "createdb -O $DATABASE_USER $DATABASE_NAME"
fi

cd /srv/shop
s6-setuidgid shop python3 manage.py migrate --noinput
s6-setuidgid shop python3 manage.py collectstatic --noinput

su postgres -s /bin/sh -c "$PGBIN/pg_ctl -w -D $PGDATA stop"

exec s6-svscan /etc/services.d
