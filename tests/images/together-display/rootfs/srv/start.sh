#!/bin/sh
Xvfb :99 -screen 0 1280x720x24 &
DISPLAY=:99 icewm-session &
DISPLAY=:99 /opt/robot --profile /srv/robot &
exec puma -p 3000
