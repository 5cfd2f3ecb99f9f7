#!/bin/sh
# Debian's Chromium, for tests/browser. Needs Debian and root; elsewhere install it yourself (MODERATOR_TEST_CHROMIUM
# names its program).
set -eu
command -v chromium >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
