# Everything there is to run, on a machine with Python 3.11 or newer, make and git. `make` lists it.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The first Python that is new enough; `make PYTHON=/path/to/python` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

PIP := -m pip --quiet --disable-pip-version-check --no-input
DEV := .venv-dev/bin
PYTEST := $(DEV)/python -m pytest
FAULT_TESTS := tests/faults
PROPERTY_TESTS := tests/property tests/integration/test_verify.py
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadgroup

.PHONY: help sync test check format format-check lint types imports soak reliability fuzz bench \
  audit-deps test-lowest test-airflow test-scale dist docs migration clean

help: ## this list
	@echo "image-sync: a record of a ModelArts image catalogue in SQLite or PostgreSQL. Begin with: make sync"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

sync: .venv/.installed ## install, then sync the built-in sample into images.db
	@.venv/bin/image-sync --config config.example.toml sync
	@echo
	@echo "Again, and the sample's next generation arrives:  make sync"
	@echo "Look around:  .venv/bin/image-sync --config config.example.toml images"

test: .venv-dev/.installed ## install what development needs, then run all tests
	@$(PYTEST) $(PARALLEL)

check: format-check lint types imports ## what CI runs: formatting, lint, types, imports, all tests, coverage
	@$(PYTEST) $(PARALLEL) --cov --cov-report=term --cov-fail-under=100

format: .venv-dev/.installed ## rewrite the code in the one format
	@$(DEV)/ruff check --quiet --fix-only . && $(DEV)/ruff format .

format-check: .venv-dev/.installed
	@$(DEV)/ruff format --check .

lint: .venv-dev/.installed
	@$(DEV)/ruff check .

types: .venv-dev/.installed
	@$(DEV)/mypy

imports: .venv-dev/.installed
	@$(DEV)/lint-imports --no-logo

soak: .venv-dev/.installed ## the property and fault tests in rounds, each with the next SEED, for SOAK_SECONDS (an hour)
	@seed=$(or $(SEED),$$(date +%s)); while ((SECONDS < $(or $(SOAK_SECONDS),3600))); do \
	  echo "a round of make soak SEED=$$seed"; \
	  HYPOTHESIS_PROFILE=soak $(PYTEST) -q $(PARALLEL) --hypothesis-seed=$$seed \
	    $(PROPERTY_TESTS) $(FAULT_TESTS) || exit; \
	  seed=$$((seed + 1)); done

reliability: .venv-dev/.installed ## the same once, and its figures into docs/reliability.md; hours. FAULTS=ci PROPERTIES=ci: few
	@rm -f .tally
	@IMAGE_SYNC_TALLY=$(CURDIR)/.tally HYPOTHESIS_PROFILE=$(or $(FAULTS),soak) $(PYTEST) -q $(PARALLEL) $(FAULT_TESTS)
	@IMAGE_SYNC_TALLY=$(CURDIR)/.tally HYPOTHESIS_PROFILE=$(or $(PROPERTIES),soak) $(PYTEST) -q $(PARALLEL) $(PROPERTY_TESTS)
	@$(DEV)/python -m tests.support.tally .tally 'make reliability$(if $(FAULTS), FAULTS=$(FAULTS))$(if $(PROPERTIES), PROPERTIES=$(PROPERTIES))'

fuzz: .venv-dev/.installed ## fuzz the page decoder and the transformer
	@HYPOTHESIS_PROFILE=soak $(PYTEST) tests/property -k "hostile or fuzz"
	@if $(DEV)/python -c 'import atheris' 2>/dev/null; \
	then $(DEV)/python -m tests.fuzz.transform -max_total_time=$(or $(SECONDS_EACH),60); \
	else echo "coverage-guided fuzzing needs atheris: $(DEV)/python -m pip install atheris"; fi

bench: .venv-dev/.installed ## measure against the floor and the peers; half an hour. ARGS=--help lists its parts
	@$(DEV)/python -m benchmarks $(ARGS)

audit-deps: ## look the dependencies, those of the extras too, up among the known vulnerabilities
	@$(MAKE) .venv-audit/.installed \
	|| { echo "audit-deps: nothing was looked up: pip-audit can't be installed from here"; exit 1; }
	@.venv-audit/bin/pip-audit --strict --progress-spinner off \
	  --requirement .venv-audit/requirements.txt >.venv-audit/said 2>&1 \
	|| grep -q '^Found ' .venv-audit/said \
	|| { echo "audit-deps: not all was looked up: $$(tail -n 1 .venv-audit/said)"; exit 1; }
	@cat .venv-audit/said; ! grep -q '^Found ' .venv-audit/said

test-lowest: .venv-lowest/.installed ## all tests on the lowest versions that pyproject.toml allows
	@.venv-lowest/bin/python -m pytest $(PARALLEL)

test-scale: .venv-dev/.installed ## three hosts share 200 sources of 500 images, one is killed; what each host more brings; ten minutes
	@HYPOTHESIS_PROFILE=soak $(PYTEST) -q -s tests/integration/test_scale_fleet.py

test-airflow: .venv-dev/.installed .venv-airflow/.installed ## the example DAG in a real Airflow, in an environment of its own; minutes
	@IMAGE_SYNC_TEST_AIRFLOW=$(CURDIR)/.venv-airflow/bin/airflow $(PYTEST) tests/e2e/test_airflow.py

dist: .venv-dev/.installed ## build the wheel and the source archive into dist/
	@$(DEV)/python -m hatchling build

docs: .venv-dev/.installed ## write docs/schema.md, docs/commands.md and the manual page from the code
	@$(DEV)/python -c 'from etl.database.describe import schema_page; print(schema_page(), end="")' > docs/schema.md
	@$(DEV)/python -m tests.support.manual

migration: .venv-dev/.installed ## write the DDL of the newest migration from etl/database
	@$(DEV)/python -m tests.support.migration

clean: ## remove environments, caches and what was built
	@rm -rf .venv .venv-* dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Environments. A stamp is newer than pyproject.toml when all that it asks for is installed.
.venv/.installed: pyproject.toml
	@echo "installing image-sync into .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP) install --editable .
	@touch $@

.venv-dev/.installed: pyproject.toml
	@echo "installing image-sync and its development tools into .venv-dev (a minute or two)"
	@$(PYTHON) -m venv .venv-dev
	@$(DEV)/python $(PIP) install --editable '.[dev]'
	@touch $@

.venv-lowest/.installed: pyproject.toml .venv-dev/.installed
	@$(PYTHON) -m venv .venv-lowest
	@$(DEV)/python -m tests.support.requirements lowest > .venv-lowest/constraints.txt
	@.venv-lowest/bin/python $(PIP) install --editable '.[dev,scale]' --constraint .venv-lowest/constraints.txt
	@touch $@

.venv-airflow/.installed: pyproject.toml
	@echo "installing Apache Airflow into .venv-airflow (a few minutes)"
	@$(PYTHON) -m venv .venv-airflow
	@.venv-airflow/bin/python $(PIP) install 'apache-airflow>=3.1,<4'
	@touch $@

.venv-audit/.installed: pyproject.toml
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m tests.support.requirements > .venv-audit/requirements.txt
	@.venv-audit/bin/python $(PIP) install pip-audit
	@touch $@
