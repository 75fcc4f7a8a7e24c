# One word for each habit. Everything needs only Python 3.11 or newer, make and a package index.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
ARGS ?=
PORT_OFFSET ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo dev test lint types format lock histories clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED) ## let a few orders live their lives on this machine (ARGS="--hold" keeps it up)
	$(BIN)/python -m deploy.local demo $(ARGS)

dev: $(INSTALLED) ## run the whole product on this machine until Ctrl-C (PORT_OFFSET=100 moves its ports)
	PORT_OFFSET=$(PORT_OFFSET) $(BIN)/python -m deploy.local dev $(ARGS)

test: $(INSTALLED) ## run all tests, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/pytest -n auto --cov --cov-report=term $(ARGS)

lint: $(INSTALLED) ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED) ## check types and import contracts
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## mend style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: ## pin the newest versions of all dependencies (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
		--quiet --extra cli --extra gateway pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
		--quiet --all-extras --group dev pyproject.toml -o requirements-dev.lock

histories: $(INSTALLED) ## record this release's workflow histories for the replay test
	$(BIN)/python tests/replay/record.py

clean: ## remove what was built and installed here; .local, with its orders, stays
	rm -rf .venv build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv, which takes a minute …"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)
