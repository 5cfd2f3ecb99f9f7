#!/bin/sh
# Debian's HAProxy, for tests/test_nodes.py. Needs Debian and root; elsewhere install it yourself.
set -eu
command -v haproxy >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends haproxy >/dev/null
