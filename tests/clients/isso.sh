#!/bin/sh
# Isso, in an environment of its own, for tests/test_isso.py.
set -eu
folder="$(dirname "$0")/../../build/clients/isso"
test -x "$folder/bin/isso" && exit 0
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check isso==0.14.0
