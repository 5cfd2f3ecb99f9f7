#!/bin/sh
# install.sh packages|program PREFIX: moderator in a virtual environment of its own at PREFIX, in two steps, so that an
# image is rebuilt from the second one on where only the program has changed. Packages come by the hashes in
# requirements/. PYTHON names another interpreter than python3.
set -eu
what=${1:?packages or program} prefix=${2:?where to}
cd "$(dirname "$0")/.."
pip() { "$prefix/bin/python" -m pip --disable-pip-version-check --no-cache-dir --quiet "$@"; }
case $what in
packages)
  "${PYTHON:-python3}" -m venv "$prefix"
  pip install --require-hashes -r requirements/serve.txt -r requirements/postgres.txt
  ;;
program)
  built=$(mktemp -d)
  trap 'rm -r "$built"' EXIT
  pip wheel --no-deps --wheel-dir "$built" .
  pip install --no-deps --force-reinstall "$built"/moderator-*.whl
  ;;
*)
  echo "install.sh: packages or program, not $what" >&2
  exit 2
  ;;
esac
