# Two commands a newcomer needs: `make demo` and `make test`. Both set everything up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash

.PHONY: demo test check lint bench docs system clean generated

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/runtime.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/dev.lock
	touch $@

demo: $(VENV)/.runtime        ## price a sample architecture and a sample bill; write demo-report.html
	$(BIN)/python -m costmodel demo

system:                       ## PostgreSQL, Chromium and Java for the tests that need them (root only)
	@bash tests/install_system_packages.sh

test: $(VENV)/.dev system     ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

lint: $(VENV)/.dev            ## format, style, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint $(VENV)/.dev system  ## lint, tests with coverage, dependency audit
	$(BIN)/python -m pytest -n 2 --dist loadfile -q --cov --cov-report=term --cov-fail-under=95
	$(BIN)/pip-audit --strict -r requirements/runtime.lock || echo "pip-audit could not run or found something: see above"

bench: $(VENV)/.dev           ## speed side by side with named peers, printed as ratios
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev            ## the documentation site, strict
	$(BIN)/mkdocs build --strict

generated: $(VENV)/.dev       ## regenerate docs made from code, sheets and rules
	$(BIN)/python -m costmodel.cli.generate_docs

clean:
	rm -rf $(VENV) dist site .mypy_cache .ruff_cache .pytest_cache
