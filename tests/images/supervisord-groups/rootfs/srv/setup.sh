#!/bin/sh
set -e
/srv/bin/console cache:warm
