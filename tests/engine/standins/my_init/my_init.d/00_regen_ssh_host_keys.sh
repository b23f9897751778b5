#!/bin/sh
# Host keys are made at the first boot that needs them, never shared between images.
set -e
if [ ! -e /etc/service/sshd/down ] && [ ! -e /etc/ssh/ssh_host_rsa_key ]; then
  ssh-keygen -A
fi
