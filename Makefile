# One word for each thing you do here. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo story run test lint bench torture torture-inside torture-report pictures lock

help:  ## list these words
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready  ## make .venv with the locked dependencies and needline itself

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Needline needs Python 3.11 or newer; $(PYTHON) is older. Try: make setup PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## try Needline on this machine, without a Slack account
	$(BIN)/needline demo $(DEMO)

story: setup  ## play the whole loop in the practice workspace and print it
	$(BIN)/needline demo --story

run: setup  ## run the bot against Slack (see README, "Connect a real workspace")
	$(BIN)/needline run

test: setup lint  ## all tests on SQLite and PostgreSQL, after the linters
	$(BIN)/pytest

lint: setup  ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## speed, as ratios against floors; ONLY="filing voting", SIZE=short, RESUME=1
	$(BIN)/python -m bench $(ONLY) --size $(or $(SIZE),full) $(if $(RESUME),--resume)

torture: setup  ## kill, pause and cut off real bots under load (PART=… KILLS=… SEED=…; docs/reliability.md)
	$(BIN)/python -m tests.torture.run

torture-report: setup  ## the tables of docs/reliability.md, from what was written down
	$(BIN)/python -m tests.torture.results

torture-inside: setup  ## what can be tried inside one process, at full length (SEED=…)
	LONG=1 $(BIN)/pytest -n 0 tests/torture/test_model.py tests/torture/test_races.py tests/torture/test_any_order.py \
	  tests/torture/test_schedules_year.py tests/torture/test_long_outage.py tests/torture/test_full_disk.py

pictures: setup  ## remake the pictures in README
	$(BIN)/needline demo --record docs/pictures

COMPILE := uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

lock:  ## renew requirements.lock and deploy/requirements.lock (needs uv)
	$(COMPILE) --upgrade --group dev --output-file requirements.lock
	$(COMPILE) --upgrade --group install --constraint requirements.lock --output-file deploy/requirements.lock
