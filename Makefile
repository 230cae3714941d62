# `make` lists what can be done here. ARGS goes to pytest: make test ARGS='-k invitation'.

PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
# Tests wait for other processes a third of their time.
JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
CHROMIUM := /usr/bin/chromium
DEBIAN_PACKAGES := chromium chromium-sandbox fonts-dejavu-core fonts-noto-color-emoji
UV_VERSION := 0.13.9

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
COMPILE := build/uv/bin/uv --no-config --quiet pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(UPGRADE)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install install-tests browser run test lint pytest coverage soak picture format messages lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

install: .venv/installed ## Install hoctap into .venv, as locked
	@$(BIN)/python -c '' || { echo "The Python that .venv was made with is gone: run 'make clean install'." >&2; exit 1; }

run: install ## Start the demo on http://127.0.0.1:8080/ (or PORT)
	@exec $(BIN)/hoctap demo

test: install-tests browser lint pytest ## Install what tests need, then check and test everything

install-tests: install .venv/tested

lint: install-tests ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy bot flows tests
	$(BIN)/lint-imports --no-logo

pytest: install-tests
	$(BIN)/python -m pytest -n $(JOBS) -rs --durations=10 $(ARGS)

COVERING := tests/flows tests/chats tests/guides tests/services/test_unit_files.py tests/services/test_rounds.py \
	tests/store/test_own_data.py

# What chance finds does not count, nor what goes the same way three thousand times.
coverage: install-tests ## See which ways through flows/ no test takes (minutes)
	$(BIN)/python -m coverage run -m pytest -n 0 -q -k 'not postgresql and not WhateverPeopleDo and not every_commune' \
		$(COVERING)
	$(BIN)/python -m coverage report

soak: install-tests ## Run the tests that take long, and print their figures
	$(BIN)/python -m pytest -m soak -s $(ARGS)

picture: install-tests browser ## Draw the picture in the README anew, from the demo
	$(BIN)/python -m pytest -n 0 -q tests/browser/test_demo.py -k picture --rewrite-pictures

format: install-tests ## Put code into house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: install ## Bring the catalogues up to date with the sentences in the code
	@$(BIN)/python -m tests.messages

lock: .venv/made ## Pin dependencies anew (newest versions too: make lock UPGRADE=--upgrade)
	@test -x build/uv/bin/uv || $(BIN)/python -m venv build/uv
	build/uv/bin/python -m pip --disable-pip-version-check -qq install uv==$(UV_VERSION)
	$(COMPILE) --group build pyproject.toml -o requirements.lock
	$(COMPILE) --group test -c requirements.lock pyproject.toml -o tests/requirements.lock

clean: ## Remove what was installed, built or cached
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find bot flows tests -name __pycache__ -prune -exec rm -rf {} +

.venv/made:
	@for python in $(PYTHON); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null \
			|| { echo "$$python cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }; \
		rm -rf .venv; \
		"$$python" -m venv .venv && touch $@; exit; \
	done; \
	echo "No Python 3.11 or newer among: $(PYTHON). Install one (Debian, Ubuntu: apt-get install python3 python3-venv)," \
		"or name yours: make install PYTHON=/path/to/python3" >&2; exit 1

.venv/installed: requirements.lock pyproject.toml | .venv/made
	@echo "Installing hoctap into .venv (a minute or more) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/tested: tests/requirements.lock | .venv/installed
	@echo "Installing what the tests need into .venv (a minute or more) ..."
	@$(PIP) install --require-hashes -r tests/requirements.lock
	@touch $@

# Without a browser, CI fails and a person is told what is left out.
browser:
	@test -x $(CHROMIUM) && exit; \
	if [ "$$(id -u)" = 0 ]; then root=; else root='sudo -n'; fi; \
	if command -v apt-get >/dev/null && $$root true 2>/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		apt="$$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"; \
		log=$$(mktemp); \
		{ $$apt update && $$apt install --no-install-recommends $(DEBIAN_PACKAGES); } </dev/null >"$$log" 2>&1 \
			|| tail -n 5 "$$log" >&2; \
		rm -f "$$log"; \
	fi; \
	test -x $(CHROMIUM) && exit; \
	echo "No $(CHROMIUM): browser tests are skipped. To run them: sudo apt-get install chromium" >&2; \
	test -z "$$CI"
