# make setup   the virtual environment, once
# make demo    the examples through the whole system
# make demo-experiment  a simulated team through the whole system: are its known effects found? WEB=--web shows them in the browser
# make pictures  the dashboard's pages as pictures, into docs/pictures/; needs Chromium
# make test    checks and tests
# make fast    the unit tests and the quick integration tests, in two minutes on two idle cores
# make format  the formatter and every fix that the linter knows
# make coverage  the lines that the unit and integration tests run, held against the floor in pyproject.toml
# make mutants   changes the code in many small ways: which does no test notice? MUTANTS="worker.layers.temporal*" and MINUTES=60 bound it
# make lock    requirements.lock and constraints.txt after a change of dependencies; UPGRADE=--upgrade takes the newest versions
# make docs    the documentation as a site, into site/; links are checked
# make dist    wheel and source distribution into dist/, checked
# make sbom    what is installed, with its licences: sbom/sbom.json (CycloneDX) and sbom/licences.csv
# make digests images by digest: pulls what docker-compose.yml and Dockerfile name by tag, and notes in .env what came
# make bench   every benchmark against its target, into benchmarks/results/; ten to fifteen minutes on two idle cores
# make secrets       .env for docker-compose.yml, with random secrets in its empty places; what stands there is left alone
# make compose-test  the stack of docker-compose.yml under kills, cuts and scaling; needs a container engine and half an hour of two idle cores
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-experiment pictures test fast format check unit coverage mutants lock docs dist sbom digests bench secrets compose-test fuzz clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'  # older ones know no dependency groups
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group dev --editable '.[all]'
	@touch $@

demo: EVENTS ?= examples/events.jsonl
demo: setup
	@$(BIN)/groove run $(EVENTS) --learnings examples/learnings.jsonl --limit 12
	@echo
	@$(BIN)/groove
	@echo 'What an experiment finds: `make demo-experiment`, four minutes with a simulated team whose true effects are known.'

demo-experiment: FOLDER ?= .groove-experiment
demo-experiment: ROUNDS ?= 15
demo-experiment: setup
	@rm -rf $(FOLDER)
	@$(BIN)/python examples/experiment/run.py $(FOLDER) --rounds $(ROUNDS) $(WEB)

pictures: setup
	@$(BIN)/python examples/pictures.py

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: setup
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

#: two processes, a file in one of them; when one dies the run ends and names its test (a replacement may be waited for without end)
PARALLEL := -n 2 --dist loadfile --max-worker-restart 0
test: check
	$(BIN)/pytest $(PARALLEL)

#: what needs neither a model, nor a bridge of its own, nor a server of Iggy
FAST := tests/unit tests/integration/ledger tests/integration/store tests/integration/test_workflow.py
fast: setup
	$(BIN)/pytest $(PARALLEL) $(FAST)

unit: setup
	$(BIN)/pytest tests/unit

coverage: setup
	$(BIN)/pytest $(PARALLEL) --cov tests/unit tests/integration

mutants: MINUTES ?= 600
mutants: setup
	-timeout --signal INT $(MINUTES)m $(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results

lock: setup
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --all-extras --group dev --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --output-file requirements.lock pyproject.toml
	@{ echo "# Made by \`make lock\` from requirements.lock, without its hashes: also a build of torch from another index is a build of this version."; \
		sed -nE 's/ *\\$$//; /^[A-Za-z0-9]/p' requirements.lock; } > constraints.txt

bench: setup
	@for name in embedding pipeline workers task_queue growth footprint scaling dashboard_pages; do \
		printf '\n== %s\n' $$name; \
		$(BIN)/python benchmarks/$$name.py || exit 1; \
	done

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

dist: setup
	@rm -rf dist
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*

sbom: setup
	@mkdir -p sbom
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible --validate -o sbom/sbom.json $(BIN)/python
	$(BIN)/pip-licenses --format=csv --with-urls --order=license --output-file sbom/licences.csv
	@awk -F '","' '$$3 == "UNKNOWN" { print $$1 " " $$2 "\" names no licence itself: see " $$4 }' sbom/licences.csv

digests:
	@test -e .env || install -m 600 .env.example .env
	@for place in $$(sed -nE 's/.*\$$\{([A-Z]+_IMAGE):-([^}]+)\}.*/\1=\2/p' docker-compose.yml Dockerfile | sort -u); do \
		docker pull --quiet "$${place#*=}" || { echo "digests: $${place#*=} cannot be had, its line in .env stays as it is: are the engine and the registry reachable?" >&2; exit 1; }; \
		found=$$(docker image inspect --format '{{index .RepoDigests 0}}' "$${place#*=}") || exit 1; \
		sed -i -E "/^#?$${place%%=*}=/d" .env && echo "$${place%%=*}=$$found" >> .env; \
	done; grep _IMAGE= .env

secrets:
	@test -e .env || install -m 600 .env.example .env
	@umask 077 && $(PYTHON) -c 'import re, secrets; print(re.sub(r"(?m)^(\w+(?:PASSWORD|TOKEN))=$$", lambda empty: f"{empty[1]}={secrets.token_hex(24)}", open(".env").read()), end="")' > .env.new && mv .env.new .env
	@echo ".env has a secret in every place: keep it, the volumes are made with these secrets"

compose-test: setup
	$(BIN)/pytest -s -m compose tests/acceptance/test_compose.py

clean:
	rm -rf mutants .coverage .nox .groove .groove-experiment .mypy_cache .ruff_cache .pytest_cache .hypothesis

fuzz: MINUTES ?= 2
fuzz: setup
	GROOVE_TEST_FUZZ_MINUTES=$(MINUTES) $(BIN)/pytest -m fuzz tests/fuzz
