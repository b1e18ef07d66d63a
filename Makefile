# Every target sets up what it needs: a fresh machine with Python 3.11+, make and git is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file of tests stays in one process, whose fixtures it shares; more than four take more memory than time.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-all promises lowest audit lint types bench docs clean

demo: $(VENV)/.run        ## make a corpus, run the main job on it, print one table
	$(BIN)/echodex demo

test: $(VENV)/.dev        ## lint, types and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .dev tests
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE)

test-all: $(VENV)/.dev    ## everything, slow tests too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .dev tests
	$(BIN)/pytest

promises: $(VENV)/.dev    ## every promise at full size: docs/promises.md is made from what was counted
	$(BIN)/python benchmarks/promises.py

lowest: $(VENV)/.dev      ## the fast tests on the lowest versions that pyproject.toml allows, in .venv-lowest
	$(BIN)/pip install --quiet uv
	$(BIN)/uv venv --quiet --allow-existing .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct --editable '.[dev]'
	.venv-lowest/bin/python -m pytest -m "not slow" $(SIDE_BY_SIDE)

audit: $(VENV)/.dev       ## known holes in what is installed
	$(BIN)/pip-audit --skip-editable

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy .dev tests

bench: $(VENV)/.dev       ## run every benchmark and rebuild benchmarks/RESULTS.md
	for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.dev        ## regenerate docs/cli.md from the command line itself
	$(BIN)/python docs/make_cli_reference.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

# .dev/echodex/ holds a link to each member of the package, so that mypy finds it under its import name.
$(VENV)/.dev: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	$(BIN)/python tests/link_dev.py
	touch $@

clean:
	rm -rf build dist .dev *.egg-info .mypy_cache .pytest_cache .ruff_cache
