#!/bin/sh
# ikiwiki with its comments, its BlogSpam plugin and its CGI, for tests/test_ikiwiki.py. Needs Debian and root.
set -eu
command -v ikiwiki >/dev/null && perl -MJSON -MLWP -MCGI::Session -MCGI::FormBuilder -e1 2>/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  ikiwiki libjson-perl libwww-perl libcgi-pm-perl libcgi-session-perl libcgi-formbuilder-perl gcc libc6-dev >/dev/null
