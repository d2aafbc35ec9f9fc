# `make` alone lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
# Test processes side by side: auto is one per core.
WORKERS ?= auto

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest

.PHONY: help setup demo test verify fix bench study soak calibrate matrix clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed-user ## create .venv with the command leadersim in .venv/bin

demo: .venv/.installed-user ## run a leader crash, print what happened, leave the files in out/
	$(BIN)/leadersim run scenarios/basics/leader-crash.yaml --trace summary --out out

test: .venv/.installed-dev ## run all tests, except the soak
	$(PYTEST) --numprocesses $(WORKERS)

verify: .venv/.installed-dev ## check format, lint, types, imports and unit tests; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m nbstripout --verify notebooks/*.ipynb
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter
	$(PYTEST) --quiet -m "not slow and not soak" tests/unit

fix: .venv/.installed-dev ## format, and repair what can be repaired
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.installed-dev ## measure the speed, as ratios within one process
	$(BIN)/python -m benchmarks

study: .venv/.installed-user ## measure the classic answers on every protocol; renews scenarios/studies/*.md (minutes)
	$(BIN)/python -m study

soak: .venv/.installed-dev ## run the long random tests (minutes)
	$(PYTEST) --numprocesses $(WORKERS) --hypothesis-profile=explore -m soak

calibrate: .venv/.installed-user ## repeat published experiments and compare, pictures in out/calibration (minutes)
	$(BIN)/leadersim calibrate --out out/calibration

matrix: .venv/.installed-dev ## compare digests across Pythons, with oldest and newest dependencies
	$(BIN)/python tests/matrix.py

clean: ## remove all that make made
	rm -rf .venv .matrix .cache .pytest_cache .hypothesis out dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each is renewed when pyproject.toml changes.
.venv/.installed-user: .venv/.created pyproject.toml
	@echo "Installing leadersim into .venv; the first time takes a minute."
	@$(PIP) --editable .
	@touch $@

.venv/.installed-dev: .venv/.created pyproject.toml
	@echo "Installing leadersim and its development tools into .venv; the first time takes minutes."
	@$(PIP) --editable '.[dev]'
	@touch .venv/.installed-user $@

.venv/.created:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "leadersim needs Python 3.11 or newer, and there is no $(PYTHON): apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "leadersim needs Python 3.11 or newer, and $(PYTHON) is older: try make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "leadersim needs Python's venv: apt install python3-venv" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch $@
