#!/bin/sh
set -e
echo tcp://0.0.0.0:3000 > /etc/container_environment/BIND
touch /etc/service/nginx/down
