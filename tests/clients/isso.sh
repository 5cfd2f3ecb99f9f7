#!/bin/sh
# Isso, for tests/test_callbacks_isso.py: into a virtual environment of its own, as it pins what it needs.
set -eu
cd "$(dirname "$0")/../.."
[ -x .venv-isso/bin/isso ] && exit 0
.venv/bin/python -m venv .venv-isso
.venv-isso/bin/python -m pip install --quiet --disable-pip-version-check isso==0.14.0
