# make setup   the virtual environment, once
# make demo    the examples through the whole system
# make demo-experiment  a simulated team through the whole system: are its known effects found?
# make test    checks and tests
# make bench   every benchmark against its target, into benchmarks/results/; ten to fifteen minutes on two idle cores
# make secrets       .env for docker-compose.yml, with random secrets in its empty places; what stands there is left alone
# make compose-test  the stack of docker-compose.yml under kills, cuts and scaling; needs a container engine and half an hour of two idle cores
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-experiment test check unit bench secrets compose-test fuzz clean

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

demo-experiment: setup
	@rm -rf .groove-experiment
	@$(BIN)/python examples/experiment/run.py .groove-experiment

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -n 2 --dist loadfile

unit: setup
	$(BIN)/pytest tests/unit

bench: setup
	@for name in embedding pipeline workers queue growth footprint scaling; do \
		printf '\n== %s\n' $$name; \
		$(BIN)/python benchmarks/$$name.py || exit 1; \
	done

secrets:
	@test -e .env || cp .env.example .env
	@umask 077 && $(PYTHON) -c 'import re, secrets; print(re.sub(r"(?m)^(\w+(?:PASSWORD|TOKEN))=$$", lambda empty: f"{empty[1]}={secrets.token_hex(24)}", open(".env").read()), end="")' > .env.new && mv .env.new .env
	@echo ".env has a secret in every place: keep it, the volumes are made with these secrets"

compose-test: setup
	$(BIN)/pytest -s -m compose tests/acceptance/test_compose.py

clean:
	rm -rf .groove .groove-experiment .mypy_cache .ruff_cache .pytest_cache .hypothesis

MINUTES ?= 2
fuzz: setup
	GROOVE_TEST_FUZZ_MINUTES=$(MINUTES) $(BIN)/pytest -m fuzz tests/fuzz
