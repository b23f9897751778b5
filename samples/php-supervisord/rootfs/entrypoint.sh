#!/bin/sh
set -e

mkdir -p /run/php
chown www-data:www-data /srv/guestbook/data /srv/guestbook/uploads

echo "Bringing the database up to date"
su -s /bin/sh www-data -c "php /srv/guestbook/bin/migrate.php"

exec "$@"
