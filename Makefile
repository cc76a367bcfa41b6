# `make setup` once; then `make run`, `make test`, `make check`. Everything lives in .venv.

PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
WORKERS ?= 2
FAST := $(wildcard tests/unit tests/property tests/architecture)

# A person's own pip settings may name an index; these few would break an installation into .venv.
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
export PIP_CONSTRAINT := /dev/null
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: setup run test check format lock bench proofs soak interop

setup: .venv/stamp

.venv/stamp: requirements-dev.lock pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed$(PYTHON:%=, and % is not); set PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: setup
	$(BIN)/bihuan serve --sample

test: setup
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -x -n $(WORKERS) $(FAST)

# Long, and not part of CI: figures beside the raw driver, and the fault proofs at full size.
bench: setup
	$(BIN)/python -m tests.benchmarks $(ARGS)

proofs: setup
	$(BIN)/python -m tests.proofs $(ARGS)

# Our event logs and nets opened by pm4py: AGPL, so in an environment of its own that nothing of ours imports.
interop: setup .venv-interop/stamp
	$(BIN)/python -m tests.interop .venv-interop/bin/python $(ARGS)

.venv-interop/stamp: tests/interop/requirements.txt
	$(PYTHON) -m venv --clear .venv-interop
	.venv-interop/bin/python -m pip install --quiet --no-deps -r tests/interop/requirements.txt
	@touch $@

# 10,000 random mutations of logs and bundles, all found; 1,000 untouched logs, no alarm.
soak: setup
	$(BIN)/python -m tests.proofs tampering

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Pins and hashes only: no index, no folder of this machine. Run after a change of dependencies in pyproject.toml.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

lock:
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
