#!/bin/sh
# What tests/deploy runs beside moderator: proxies and checkers from Debian, and tools from the package index into
# build/tools. Needs Debian and root; elsewhere the tests say what they left out.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v caddy >/dev/null || ! test -x /usr/sbin/nginx || ! command -v docker-compose >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends nginx-light caddy docker-compose openssl >/dev/null
  # Debian starts what it installs; here only the tests' own ones are to run.
  for service in nginx caddy; do service "$service" stop >/dev/null 2>&1 || true; done
fi
test -x build/tools/bin/python || python3 -m venv build/tools
build/tools/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/tools.txt
