# make        all checks          make serve   set up and start          make test   set up and test
# Needs only Python 3.11 or newer, with its venv module, and make.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
BIN := .venv/bin
SERVE := .venv/.serve-stamp
DEV := .venv/.dev-stamp
# pip says what it does only where something goes wrong.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: check serve test clients audit sbom fuzz catalogue format lint types imports venv docs kills power-cuts soak clean bench bench-quality
check: format lint types imports test

# An editable install without its dependencies, which are there already, checked by their hashes. Its build backend
# (hatchling) comes from the package index into a place of its own.
$(SERVE): requirements/serve.txt pyproject.toml | .venv
	$(PIP) install --require-hashes -r requirements/serve.txt
	$(PIP) install --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | .venv
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --editable .
	@touch $@ $(SERVE)

.venv:
	@test -n "$(PYTHON)" || { echo "moderator needs Python 3.11 or newer; install it, or say make PYTHON=/path/to/it" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module; install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "setting up .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

venv: $(DEV)

serve: $(SERVE)
	$(BIN)/python serve.py $(ARGS)

test: $(DEV)
	$(BIN)/python -m pytest $(ARGS)

# Real clients of the protocols, for their tests; into build/clients.
clients: $(DEV)
	$(BIN)/python tests/clients/install.py

# What the pages say, gathered for the translators, and their files brought up to it.
catalogue: $(DEV)
	$(BIN)/python -m moderator.review.catalogue

format: $(DEV)
	$(BIN)/ruff format --check .

lint: $(DEV)
	$(BIN)/ruff check .

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

# The data sets stand beside the checkout, or where MODERATOR_SHARED says; without them a benchmark says what it leaves out.
bench: $(DEV)
	$(BIN)/python benchmarks/decide.py
	$(BIN)/python benchmarks/webhook.py

bench-quality: $(DEV)
	$(BIN)/python benchmarks/quality.py --install --resume --write docs/benchmarks.md

# kill -9 of servers under load, a thousand times (PostgreSQL: ARGS="--database postgresql+psycopg://…", an empty one);
# and a quarter of an hour of mixed load.
kills: $(DEV)
	$(BIN)/python benchmarks/kills.py $(ARGS)

# Power cuts of a server under load, five hundred times: what the disk may hold then, from a trace by strace.
power-cuts: $(DEV)
	$(BIN)/python benchmarks/power_cuts.py $(ARGS)

soak: $(DEV)
	$(BIN)/python benchmarks/soak.py $(ARGS)

# The documentation as a site, into build/site.
docs: build/tools/bin/mkdocs
	NO_MKDOCS_2_WARNING=1 build/tools/bin/mkdocs build

build/tools/bin/mkdocs: requirements/tools.txt
	test -x build/tools/bin/python || $(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/tools.txt

# Known weaknesses of what is installed; says so where the database of them is out of reach.
audit: build/audit/bin/pip-audit
	build/audit/bin/python tools/audit.py requirements/serve.txt requirements/dev.txt

build/audit/bin/pip-audit: requirements/audit.txt
	test -x build/audit/bin/python || $(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt

# What an installation is made of, as CycloneDX, into build/sbom.json.
sbom: $(DEV)
	mkdir -p build && $(BIN)/python tools/sbom.py requirements/serve.txt > build/sbom.json

# Hostile cases broken further, for an hour; on CI SECONDS=60.
SECONDS ?= 3600
fuzz: $(DEV)
	$(BIN)/python tools/fuzz.py --seconds $(SECONDS)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
