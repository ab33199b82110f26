# make setup   the virtual environment, once
# make demo    the examples through the whole system
# make test    checks and tests
.DEFAULT_GOAL := help
.PHONY: help setup demo test check unit bench clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

demo: setup
	@$(BIN)/groove run examples/events.jsonl --learnings examples/learnings.jsonl

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -n 2 --dist loadfile

unit: setup
	$(BIN)/pytest tests/unit

clean:
	rm -rf .groove .mypy_cache .ruff_cache .pytest_cache .hypothesis
