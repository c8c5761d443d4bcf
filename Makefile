# Every target says what it does: `make help`. Lifeboat needs Python 3.11 or newer, pip and make.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TESTS ?= tests
PROCESSES ?= 2
# One more than a small machine has cores: a third of the time tests wait, for clocks, disks and processes.
TESTERS ?= 3
UPGRADE ?=
GROWTH ?=
AGAINST ?=

# Whoever keeps byte code from being written would have every process of every trial compile the whole program anew.
unexport PYTHONDONTWRITEBYTECODE

# A stamp newer than its lock file means: these packages are installed, nothing to do.
RUN_STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-dev

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-config --custom-compile-command "make lock" --quiet $(UPGRADE) --no-emit-index-url

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- run -------------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(RUN_STAMP) ## Make the virtual environment and install the locked packages

.PHONY: run
run: setup ## Start Lifeboat on http://127.0.0.1:8000; the first start prints a storefront key and a password, once
	@exec $(BIN)/lifeboat serve

.PHONY: setup-dev
setup-dev: $(TEST_STAMP) ## The same with everything the tests need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Lifeboat needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "The virtual environment could not be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

# setuptools is in the lock, so that building ourselves needs neither a second environment nor the network.
$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(TEST_STAMP): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $(RUN_STAMP) $@

# ---- prove -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: $(TEST_STAMP) browser ## Run every test, and note what they cover (one part: TESTS=tests/unit; one after the other: TESTERS=0)
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal --cov --cov-report= $(TESTS)

.PHONY: pictures
pictures: $(TEST_STAMP) browser ## Take the pictures of docs/console.zh-CN.md anew, from a console in the middle of an outage
	mkdir -p docs/pictures
	LIFEBOAT_PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/browser/test_pictures.py

.PHONY: check
check: lint types floors coverage audit ## Run what CI runs: style, types, floors, tests, coverage, known vulnerabilities

.PHONY: lint
lint: $(TEST_STAMP) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(TEST_STAMP) ## Check types, strictly
	$(BIN)/mypy

.PHONY: floors
floors: $(TEST_STAMP) ## Check that no floor knows the ones above it
	$(BIN)/lint-imports

.PHONY: coverage
coverage: test ## Run every test, and ask what they covered: of the domain 100 %, of the whole at least 95 %
	$(BIN)/coverage report --include='app/domain/*' --fail-under=100
	$(BIN)/coverage report --fail-under=95

.PHONY: audit
audit: $(TEST_STAMP) ## Look for known vulnerabilities in the locked packages
	@$(BIN)/python .ci/audit.py

.PHONY: browser
browser:
	@.ci/browser

# ---- measure ---------------------------------------------------------------------------------------------------------

.PHONY: bench
bench: $(TEST_STAMP) ## Measure the door against an endpoint that stores nothing (against a commit's: AGAINST=COMMIT)
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against $(AGAINST))

.PHONY: growth
growth: $(TEST_STAMP) ## Hold what things cost with ten million stored orders against ten thousand (12 GB, an hour)
	$(BIN)/python -m benchmarks.growth $(GROWTH)

.PHONY: torture
torture: $(TEST_STAMP) ## Replay the reference outage with kill -9 and forty other disasters, and print the figures (one at a time: PROCESSES=1)
	$(BIN)/python -m tests.failure.torture --processes $(PROCESSES)

.PHONY: mutants
mutants: $(TEST_STAMP) ## Plant the mistakes that break a promise; every one must be caught
	$(BIN)/python -m tests.failure.mutants --processes $(PROCESSES)

# ---- keep ------------------------------------------------------------------------------------------------------------

.PHONY: format
format: $(TEST_STAMP) ## Put the code into shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lock
lock: | $(BIN)/python ## Resolve the lock files (newer versions: make lock UPGRADE=--upgrade)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(PIP) install --quiet uv
	$(LOCK) --group build -o requirements.lock
	$(LOCK) --extra aliyun --extra tencent --group build -c requirements.lock -o requirements-sms.lock
	$(LOCK) --all-extras --group build --group dev -c requirements-sms.lock -o requirements-dev.lock

.PHONY: clean
clean: ## Remove the virtual environment, caches and build products; never data/ or exports/
	rm -rf $(VENV) build dist *.egg-info htmlcov .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
