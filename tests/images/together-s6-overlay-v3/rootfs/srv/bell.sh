#!/bin/sh
# Once an hour the web and the worker start anew, for they grow.
while sleep 3600; do
  s6-svc -r /run/service/svc-web
  s6-svc -r /run/service/svc-worker
done
