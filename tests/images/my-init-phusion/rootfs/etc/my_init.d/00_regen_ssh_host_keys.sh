#!/bin/sh
set -e
if [ ! -e /etc/service/sshd/down ] && [ ! -e /etc/ssh/ssh_host_rsa_key ]; then
  ssh-keygen -A
fi
