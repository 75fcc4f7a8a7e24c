# One word for each habit. Everything needs only Python 3.11 or newer, make and a package index.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
ARGS ?=
PORT_OFFSET ?= 0
SEED ?= 1
ORDERS ?= 200
KILLS ?= 3
FAULTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo dev test bench chaos lint types checks baseline audit sbom format docs wheel image lock histories \
	fingerprints clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED) ## let a few orders live their lives on this machine (ARGS="--hold" keeps it up)
	$(BIN)/python -m deploy.local demo $(ARGS)

dev: $(INSTALLED) ## run the whole product on this machine until Ctrl-C (PORT_OFFSET=100 moves its ports)
	PORT_OFFSET=$(PORT_OFFSET) $(BIN)/python -m deploy.local dev $(ARGS)

test: $(INSTALLED) ## run all tests, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/pytest -n auto --cov --cov-report=term $(ARGS)

bench: $(INSTALLED) ## measure the product against its goals, in ratios (ARGS="--rows 1,2" for some)
	$(BIN)/python -m benchmarks $(ARGS)

chaos: $(INSTALLED) ## kill and disturb everything by a seed, then check what is left (SEED=2 ORDERS=2000 KILLS=30)
	$(BIN)/python -m tests.chaos --seed $(SEED) --orders $(ORDERS) --kills $(KILLS) \
		$(if $(FAULTS),--percent $(FAULTS)) $(ARGS)

lint: $(INSTALLED) ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED) ## check types and import contracts
	$(BIN)/mypy
	$(BIN)/lint-imports

NO_SECRETS_IN := '^requirements.*\.lock$$|^tests/replay/histories/|^docs/images/|^\.secrets\.'
checks: $(INSTALLED) ## look for insecure code and for secrets in the tree
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src workflows activities worker.py deploy
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline

baseline: $(INSTALLED) ## take over what the scan for secrets finds, once you have seen that none is one
	$(BIN)/detect-secrets scan --slim --exclude-files $(NO_SECRETS_IN) > .secrets.new
	mv .secrets.new .secrets.baseline

audit: $(INSTALLED) ## compare what is pinned with the known vulnerabilities (needs a way to OSV)
	$(BIN)/python -m deploy.audit

sbom: $(INSTALLED) ## list what the product is built from, as CycloneDX, in dist/sbom.json
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements --sv=1.6 --of=JSON --output-reproducible \
		--pyproject pyproject.toml -o dist/sbom.json requirements.lock

format: $(INSTALLED) ## mend style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(INSTALLED) ## make the reference of the settings anew, from the model
	$(BIN)/python -m deploy.settings_reference

wheel: $(INSTALLED) ## build what a backend installs, and the image is made of, into dist/
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

image: wheel ## build the image of all processes (needs an engine; PYTHON_IMAGE=python:…@sha256:… pins its base)
	docker build --file deploy/Dockerfile --tag hosted-numbers:latest \
		$(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) \
		--build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) .

# A version that is new today may be withdrawn tomorrow: what is bad is mostly found in its first days.
COOL_DOWN ?= $(shell date -u -d '7 days ago' +%Y-%m-%d 2>/dev/null || date -u -v-7d +%Y-%m-%d)
lock: ## pin the newest versions of all dependencies that are a week old (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --exclude-newer $(COOL_DOWN) \
		--quiet --extra cli --extra gateway pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --exclude-newer $(COOL_DOWN) \
		--quiet --all-extras --group dev pyproject.toml -o requirements-dev.lock

histories: $(INSTALLED) ## record this release's workflow histories for the replay test
	$(BIN)/python tests/replay/record.py

fingerprints: $(INSTALLED) ## take over the commands that the workflows come to now
	$(BIN)/python tests/replay/fingerprints.py

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
