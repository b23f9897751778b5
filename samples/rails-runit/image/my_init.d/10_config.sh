#!/bin/sh
# The settings of every process, from the container's environment.
set -e
cat >/srv/orders/config/settings.yml <<END
shared:
  app_name: "${APP_NAME}"
  currency: "${CURRENCY}"
END
