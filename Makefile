# `make` alone tells what can be done. Works with GNU make 3.81, which macOS has.

.DEFAULT_GOAL := help
.PHONY: help run install test check soak bench contrib format constraints clean swarm.yml

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP_VERSION = 26.3
BIN = .venv/bin
INSTALLED = .venv/installed

help:  ## List what can be done.
	@awk -F ':.*## ' '/^[a-z.]+:.*## /{printf "  make %-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install  ## See it: sample shows in a real PostgreSQL, their metrics, a page to open.
	@$(BIN)/nearfield demo

test: install  ## Run every test against real servers, which it installs and starts itself.
	@tests/prepare
	$(BIN)/pytest -n 2 --dist loadgroup $(PYTEST)

check: install  ## Quick gate: format, lint, types, and the rules of the house.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/reference.py --check
	$(BIN)/python alerts/build.py --check
	$(BIN)/nearfield dashboards build --check
	$(BIN)/python stack/public.py --check
	$(BIN)/pytest -q tests/house

soak: install  ## Run the long tests in their full length.
	@tests/prepare
	NEARFIELD_TEST_SOAK=1 $(BIN)/pytest -m soak --timeout=7200 $(PYTEST)

bench: install  ## Measure ours beside its peers and print the ratios.
	@set -e; for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file; done

contrib: install  ## From a clone to a first green change: what to read, what to run, what to touch.
	@$(MAKE) --no-print-directory check
	@sed -n '/^## A first change/,/^## /p' CONTRIBUTING.md | sed '$$d'

format: install  ## Put the code into the house's format, and the README's tables after the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python docs/reference.py
	$(BIN)/python alerts/build.py
	$(BIN)/nearfield dashboards build
	$(BIN)/python stack/public.py

install: $(INSTALLED)  ## Make .venv with the command nearfield in it.

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is older: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q pip==$(PIP_VERSION)
	$(BIN)/pip install -q -c constraints.txt -e '.[embedded]' --group dev
	@touch $(INSTALLED)

constraints:  ## Pin the newest versions of every dependency anew.
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q pip==$(PIP_VERSION)
	$(BIN)/pip install -q -e '.[embedded]' --group dev
	$(BIN)/pip freeze --exclude-editable > constraints.txt

swarm.yml: install  ## Derive the stack file for `docker stack deploy` from compose.yml.
	$(BIN)/python stack/swarm.py $@

clean:  ## Remove what can be made again.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis swarm.yml
