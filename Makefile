# Development tasks. They need Python 3.11 or newer, make and git. `make` lists them.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The first suitable interpreter; override it with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

PIP := -m pip --quiet --disable-pip-version-check --no-input
DEV := .venv-dev/bin
PYTEST := $(DEV)/python -m pytest
FAULT_TESTS := tests/faults
PROPERTY_TESTS := tests/property tests/integration/test_verify.py
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadgroup

.PHONY: help sync test check format format-check lint types imports docs soak reliability fuzz bench \
  audit-deps test-lowest test-airflow test-scale dist sbom migration images clean

help: ## list the targets
	@echo "image-sync records a ModelArts image catalogue in SQLite or PostgreSQL. Start with: make sync"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

sync: .venv/.installed ## install into .venv, then sync the built-in sample into images.db
	@.venv/bin/image-sync --config config.example.toml sync
	@echo
	@echo "Run it again to see the sample change:  make sync"
	@echo "Look at the images:  .venv/bin/image-sync --config config.example.toml images"

test: .venv-dev/.installed ## install the development environment, then run all tests
	@$(PYTEST) $(PARALLEL)

check: format-check lint types imports ## the gate of CI: format, lint, types, imports, all tests, coverage
	@$(PYTEST) $(PARALLEL) --cov --cov-report=term --cov-fail-under=100

format: .venv-dev/.installed ## format the code and apply safe lint fixes
	@$(DEV)/ruff check --quiet --fix-only . && $(DEV)/ruff format .

format-check: .venv-dev/.installed
	@$(DEV)/ruff format --check .

lint: .venv-dev/.installed
	@$(DEV)/ruff check .

types: .venv-dev/.installed
	@$(DEV)/mypy

imports: .venv-dev/.installed
	@$(DEV)/lint-imports --no-logo

docs: .venv-dev/.installed ## regenerate the reference pages and the manual page
	@$(DEV)/python -m tests.support.schema_page
	@$(DEV)/python -m tests.support.reports
	@$(DEV)/python -m tests.support.datasette
	@$(DEV)/python -m tests.support.schemas
	@$(DEV)/python -m tests.support.manual

migration: .venv-dev/.installed ## write the DDL of the newest migration from etl/database
	@$(DEV)/python -m tests.support.migration

soak: .venv-dev/.installed ## repeat the property and fault tests with new seeds for SOAK_SECONDS (default: 3600)
	@seed=$(or $(SEED),$$(date +%s)); while ((SECONDS < $(or $(SOAK_SECONDS),3600))); do \
	  echo "make soak SEED=$$seed"; \
	  HYPOTHESIS_PROFILE=soak $(PYTEST) -q $(PARALLEL) --hypothesis-seed=$$seed \
	    $(PROPERTY_TESTS) $(FAULT_TESTS) || exit; \
	  seed=$$((seed + 1)); done

reliability: .venv-dev/.installed ## run the soak tests once and write their figures to docs/reliability.md (hours)
	@rm -f .test-counts
	@IMAGE_SYNC_TEST_COUNTS=$(CURDIR)/.test-counts HYPOTHESIS_PROFILE=$(or $(FAULTS),soak) $(PYTEST) -q $(PARALLEL) $(FAULT_TESTS)
	@IMAGE_SYNC_TEST_COUNTS=$(CURDIR)/.test-counts HYPOTHESIS_PROFILE=$(or $(PROPERTIES),soak) $(PYTEST) -q $(PARALLEL) $(PROPERTY_TESTS)
	@$(DEV)/python -m tests.support.counts .test-counts 'make reliability$(if $(FAULTS), FAULTS=$(FAULTS))$(if $(PROPERTIES), PROPERTIES=$(PROPERTIES))'

fuzz: .venv-dev/.installed ## fuzz the page decoder and the transformation
	@HYPOTHESIS_PROFILE=soak $(PYTEST) tests/property -k "hostile or fuzz"
	@if $(DEV)/python -c 'import atheris' 2>/dev/null; \
	then $(DEV)/python -m tests.fuzz.transform -max_total_time=$(or $(SECONDS_EACH),60); \
	else echo "Coverage-guided fuzzing needs atheris: $(DEV)/python -m pip install atheris"; fi

bench: .venv-dev/.installed ## compare with the floor and with other tools (half an hour); ARGS=--help lists the parts
	@$(DEV)/python -m benchmarks $(ARGS)

audit-deps: ## look up all dependencies, including the extras', in the vulnerability database
	@$(MAKE) .venv-audit/.installed \
	|| { echo "audit-deps: pip-audit could not be installed, so nothing was looked up"; exit 1; }
	@.venv-audit/bin/pip-audit --strict --progress-spinner off \
	  --requirement .venv-audit/requirements.txt >.venv-audit/output 2>&1 \
	|| grep -q '^Found ' .venv-audit/output \
	|| { echo "audit-deps: the look-up is incomplete: $$(tail -n 1 .venv-audit/output)"; exit 1; }
	@cat .venv-audit/output; ! grep -q '^Found ' .venv-audit/output

test-lowest: .venv-lowest/.installed ## run all tests with the lowest versions that pyproject.toml allows
	@.venv-lowest/bin/python -m pytest $(PARALLEL)

test-scale: .venv-dev/.installed ## share 200 sources among three hosts, one of which is killed (ten minutes)
	@HYPOTHESIS_PROFILE=soak $(PYTEST) -q -s tests/integration/test_scale_fleet.py

test-airflow: .venv-dev/.installed .venv-airflow/.installed ## run the example DAG in Apache Airflow (minutes)
	@IMAGE_SYNC_TEST_AIRFLOW=$(CURDIR)/.venv-airflow/bin/airflow $(PYTEST) tests/e2e/test_airflow.py

dist: .venv-dev/.installed ## build the wheel and the source archive into dist/
	@$(DEV)/python -m hatchling build

sbom: .venv-sbom/.installed ## write dist/sbom.cdx.json: everything that an installation with all extras contains
	@mkdir -p dist
	@.venv-sbom/tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/sbom.cdx.json .venv-sbom/bin/python

images: .venv-dev/.installed ## draw the pictures of README from the built-in sample (the dashboard needs Chromium)
	@$(DEV)/python -m tests.support.pictures

clean: ## remove environments, caches and build results
	@rm -rf .venv .venv-* dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Environments. The stamp file is newer than pyproject.toml if everything in it is installed.
.venv/.installed: pyproject.toml
	@echo "Installing image-sync into .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP) install --editable .
	@touch $@

.venv-dev/.installed: pyproject.toml
	@echo "Installing image-sync and its development tools into .venv-dev (a minute or two)"
	@$(PYTHON) -m venv .venv-dev
	@$(DEV)/python $(PIP) install --editable '.[dev]'
	@touch $@

.venv-lowest/.installed: pyproject.toml .venv-dev/.installed
	@$(PYTHON) -m venv .venv-lowest
	@$(DEV)/python -m tests.support.requirements lowest > .venv-lowest/constraints.txt
	@.venv-lowest/bin/python $(PIP) install --editable '.[dev]' --constraint .venv-lowest/constraints.txt
	@touch $@

.venv-airflow/.installed: pyproject.toml
	@echo "Installing Apache Airflow into .venv-airflow (a few minutes)"
	@$(PYTHON) -m venv .venv-airflow
	@.venv-airflow/bin/python $(PIP) install 'apache-airflow>=3.1,<4'
	@touch $@

.venv-audit/.installed: pyproject.toml
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m tests.support.requirements > .venv-audit/requirements.txt
	@.venv-audit/bin/python $(PIP) install pip-audit
	@touch $@

.venv-sbom/.installed: pyproject.toml
	@$(PYTHON) -m venv --without-pip .venv-sbom
	@$(PYTHON) -m venv .venv-sbom/tool
	@.venv-sbom/tool/bin/python $(PIP) install 'cyclonedx-bom>=7,<8'
	@.venv-sbom/tool/bin/python $(PIP) --python .venv-sbom/bin/python install '.[postgres,parquet,scale,proof]'
	@touch $@
