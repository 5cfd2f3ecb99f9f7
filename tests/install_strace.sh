#!/bin/sh
# Debian's strace, for tests/test_power_cuts.py. Needs Debian and root; elsewhere install it yourself.
set -eu
command -v strace >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends strace >/dev/null
