#!/bin/sh
python3 app.py migrate
exec runsvdir -P /srv/service
