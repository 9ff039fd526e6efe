# Every target but help and clean works in .venv, which is built first when it is missing or older than the lock.
# Options for a command go into ARGS, as in: make rehearse ARGS=--quick

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements/dev.txt
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS) pyproject.toml

export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup rehearse demo test pytest lint types mutants fuzz openapi bench fmt lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Build .venv from the lock (PYTHON=... picks the interpreter)
	@:

$(READY): pyproject.toml $(LOCK) scripts/make-venv
	@scripts/make-venv $(VENV) $(LOCK)
	@touch $@

rehearse: $(READY) ## Rehearse a promotion without and with the room; the report goes into rehearsal/ (ARGS=--quick)
	@scripts/say-exit $(BIN)/waiting-room rehearse --out rehearsal $(ARGS)

demo: $(READY) ## Start the toy shop and the waiting room, and leave them running
	@scripts/say-exit $(BIN)/waiting-room demo $(ARGS)

test: lint types pytest ## Run the linters, the type checker and all tests (ARGS="-k lobby")

pytest: $(READY)
	@$(BIN)/python -m tests.peers
	@$(BIN)/python -m tests.again $(ARGS)

lint: $(READY) ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## Check types strictly
	@$(BIN)/mypy

mutants: $(READY) ## Break the core in small ways: its tests must notice 85 % of them (ARGS="policy lanes")
	@$(BIN)/python -m tests.mutation $(ARGS)

fuzz: $(READY) ## Send 200,000 hostile requests to the gates: nobody slips by, nothing breaks (ARGS="--requests 5000 --seed 7")
	@$(BIN)/python -m tests.fuzzing $(ARGS)

openapi: $(READY) ## Have Schemathesis try the service by its OpenAPI document (ARGS="--examples 1000")
	@$(BIN)/python -m tests.openapi $(ARGS)

bench: $(READY) ## Measure ratios against a baseline in the same run (ARGS="polls --json")
	@$(BIN)/python -m benchmarks $(ARGS)

fmt: $(READY) ## Format the code and repair what the linter can repair
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(READY) ## Resolve requirements/ anew after a change in pyproject.toml (ARGS=--upgrade for newer releases)
	@$(UV_COMPILE) --output-file requirements/runtime.txt >/dev/null
	@$(UV_COMPILE) --all-extras --constraint requirements/runtime.txt --output-file $(LOCK) >/dev/null

clean: ## Remove .venv, caches and built packages; rehearsal/ with your reports stays
	@rm -rf $(VENV) dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
