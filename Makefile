# Two commands matter: `make demo` and `make test`. `make help` lists all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Some images set it; the tests start the program a thousand times, and would compile it each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test check format lint types houses tests test-slow screenshots bench lock clean system-demo system-test

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: system-demo $(VENV)/.runtime ## the main job on the demo mirror: on the screen, or headless without a terminal
	@$(BIN)/spackbin demo

run: system-demo $(VENV)/.runtime ## open spackbin itself
	@$(BIN)/spackbin

test: system-test check tests ## everything: lint, types, walls, the whole test suite

check: format lint types houses ## all that needs no running of the program

format: $(VENV)/.development ## is the code formatted
	@$(BIN)/ruff format --check --quiet .

lint: $(VENV)/.development ## ruff
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.development ## pyright, strict for core
	@$(BIN)/pyright

houses: $(VENV)/.development ## the walls between the rooms
	@$(BIN)/lint-imports --no-cache

tests: $(VENV)/.development ## the test suite alone
	@$(BIN)/python -m pytest

test-slow: $(VENV)/.development ## an index of a million specs; the engine killed at two hundred random times
	@SPACKBIN_TEST_SPECS=1000000 $(BIN)/python -m pytest --timeout 1800 \
	  tests/core/catalog/test_catalog_large.py
	@SPACKBIN_TEST_KILLS=200 $(BIN)/python -m pytest tests/e2e/test_killed.py

screenshots: $(VENV)/.development ## draw screenshots/ anew from the running program
	@$(BIN)/python -m tests.screens.draw

bench: $(VENV)/.development ## compare our speed with the floor, and with Spack where SPACK_ROOT names one
	@$(BIN)/python -m bench

lock: ## resolve the dependencies anew into the two lock files (needs uv)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet -o requirements.lock
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet -o requirements-dev.lock

clean: ## remove all that make made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

system-demo:
	@PYTHON="$(PYTHON)" tools/system-needs demo

system-test:
	@PYTHON="$(PYTHON)" tools/system-needs test

$(BIN)/python:
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies for development"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runtime
