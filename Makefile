# Munshi. `make run` serves the demo shop, `make test` runs every gate, `make help` lists the rest.
PYTHON ?= python3
VENV   ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV  := $(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -q

.DEFAULT_GOAL := help
.PHONY: help run install test test-train test-llama check format lock bench peers clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: $(VENV)/.run  ## install what is missing and serve the demo shop on http://127.0.0.1:7860
	@$(BIN)/munshi serve

install: $(VENV)/.run  ## install only

test: $(VENV)/.test check  ## every gate: format, lint, types, imports, spelling, tests
	$(BIN)/pytest -n 2

test-train: $(VENV)/.train  ## the tests that need torch: ours against sentence-transformers
	$(BIN)/pytest -m train

test-llama: $(VENV)/.llama  ## the tests against a real llama.cpp server, which is compiled first
	$(BIN)/pytest -m llama

check: $(VENV)/.test  ## everything but the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(VENV)/.test  ## rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.test  ## choose versions anew from pyproject.toml
	$(BIN)/uv --version >/dev/null 2>&1 || $(PIP) install -q uv
	$(UV) --no-deps requirements/encoder.in -o $(VENV)/encoder.txt
	$(UV) pyproject.toml -o requirements/run.txt
	cat $(VENV)/encoder.txt >> requirements/run.txt
	$(UV) --extra test -c requirements/run.txt pyproject.toml -o requirements/test.txt
	$(UV) --extra train --override requirements/without-torch.txt -c requirements/test.txt pyproject.toml -o requirements/train.txt
	$(UV) --extra train --extra peers --override requirements/without-torch.txt -c requirements/train.txt pyproject.toml -o requirements/peers.txt
	$(UV) --no-deps requirements/peers.in -o $(VENV)/peers.txt
	cat $(VENV)/peers.txt >> requirements/peers.txt
	$(UV) --extra llama -c requirements/test.txt pyproject.toml -o requirements/llama.txt
	for name in test train; do cat $(VENV)/encoder.txt >> requirements/$$name.txt; done

bench: $(VENV)/.run  ## print the README's figures again
	$(BIN)/python -m benchmarks

peers: $(VENV)/.peers  ## install what the benchmarks compare with, for `make bench`

clean:  ## remove the installed environment (your data under MUNSHI_HOME stays)
	rm -rf $(VENV) *.egg-info build

$(VENV)/bin/python $(VENV)/Scripts/python.exe:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Munshi needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing Munshi into $(VENV) (about a minute on the first run)..."
	$(PIP) install --no-deps -r requirements/run.txt
	$(PIP) install -q --no-deps -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	$(PIP) install -q --no-deps -r requirements/test.txt
	@touch $@

$(VENV)/.train: requirements/train.txt $(VENV)/.test
	$(PIP) install -q torch==2.13.0
	$(PIP) install -q --no-deps -r requirements/train.txt
	@touch $@

$(VENV)/.peers: requirements/peers.txt $(VENV)/.train
	$(PIP) install -q --no-deps -r requirements/peers.txt
	@touch $@

$(VENV)/.llama: requirements/llama.txt $(VENV)/.test
	$(PIP) install -q --no-deps -r requirements/llama.txt
	@touch $@
