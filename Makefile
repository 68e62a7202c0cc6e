# Everything there is to do with a checkout. Python 3.11 or newer and make are all that it needs:
# `make demo` and `make test` install the rest, pinned and verified, into .venv.

SHELL := /bin/sh
BIN := .venv/bin
INSTALLED := .venv/installed
MEASURING := .venv/installed-bench
GENERATING := .clients/installed

# One test more at a time than small machines have cores: each waits now and then for a server that it has started.
WORKERS ?= 3
# What to measure: `make bench ONLY="book reads"`; without it everything is.
ONLY ?=
# How long `make chaos` goes on, on each database (sqlite, postgresql or both), and which of its runs to repeat:
# `make chaos MINUTES=60 SEED=7 DATABASE=postgresql`; without a seed it takes one, and says which.
MINUTES ?= 3
SEED ?=
DATABASE ?= both
# Which Python makes .venv: `make install PYTHON=python3.13`. By itself the system's comes first, because
# distributions build theirs with all optimizations; loops in one without take half as long again.
PYTHON ?=
# What builds the image: docker, podman or buildah.
ENGINE ?= $(firstword $(foreach each,docker podman buildah,$(if $(shell command -v $(each)),$(each))) docker)
# Passed on as they are: `make demo ARGS="--port 9000"`, `make test ARGS="-k waiting"`.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install clients demo test soak chaos mutations bench screenshots check lint format lock share release image clean

help: ## Show this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '  make %-11s %s\n' "$$target" "$$text"; done

install: $(INSTALLED) ## Make .venv with Kursplan and every tool it is developed with

clients: $(GENERATING) ## Install what the tests generate clients and check HTML with; needs Node.js and npm

demo: install ## Run Kursplan with a gym full of examples
	$(BIN)/kursplan demo $(ARGS)

test: install ## Run the tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --whole $(ARGS)

soak: install ## Simulate more days, walk more pairs of commands, race more often than the tests do, a siege, and many members
	$(BIN)/pytest tests/simulation tests/pairs tests/races/test_same_key.py tests/web/siege.py tests/imports/many.py --hypothesis-profile soak $(ARGS)

chaos: install ## Kill servers, workers and databases at random while people book, for MINUTES, and see what was lost
	$(BIN)/python -m tests.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) --database $(DATABASE) $(ARGS)

mutations: install ## Break promises on purpose and write down which test sees it (ONLY="expired-too-early": only that)
	$(BIN)/python -m tests.mutations $(if $(ONLY),--only $(ONLY)) $(ARGS)

bench: $(MEASURING) ## Measure how fast it is (ONLY="book reads": only that); needs PostgreSQL and wrk
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

screenshots: install ## Take the pictures of the console anew, of the demo; needs Chromium
	$(BIN)/python -m tests.console.screenshots

check: lint test ## Everything that CI runs

lint: install ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: install ## Rewrite the code in its one style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: install ## Rewrite the locked requirements from pyproject.toml (ARGS=--upgrade: to newer releases)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--extra redis --extra otel --group dev --custom-compile-command 'make lock' \
		--output-file requirements.lock pyproject.toml $(ARGS)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--group bench --constraint requirements.lock --custom-compile-command 'make lock' \
		--output-file requirements-bench.lock $(ARGS)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
		--extra redis --extra otel --constraint requirements.lock --custom-compile-command 'make lock' \
		--output-file constraints.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--group clients --custom-compile-command 'make lock' \
		--output-file requirements-clients.lock $(ARGS)

share: install ## Write the page of the manual and what shells complete by, as the command is now
	$(BIN)/python -m kursplan.cli.shared share

release: install ## Make sdist, wheel, a bill of what it needs, and checksums, in dist
	rm -rf dist
	$(BIN)/python -m release dist

image: ## Build the image of deploy/Containerfile (ENGINE=podman: with that)
	BUILDAH_FORMAT=docker $(ENGINE) build --file deploy/Containerfile --tag kursplan $(ARGS) .

clean: ## Remove .venv and everything else that can be made again
	rm -rf .venv .clients .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so an installation that broke off starts again.
$(INSTALLED): requirements.lock pyproject.toml
	@for python in $(or $(PYTHON),/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'Kursplan needs Python 3.11 or newer with its venv module (Debian, Ubuntu: the package python3-venv).' >&2; \
		exit 1; \
	fi; \
	[ -x $(BIN)/pip ] || $$found -m venv .venv
	@echo 'Installing the pinned packages into .venv; this takes about a minute.'
	@# Without what packages ask for themselves: the lock names all that is wanted of it.
	@$(BIN)/pip install --quiet --require-hashes --no-deps --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

# What is measured beside Kursplan is nothing that it needs, so it is installed only for that.
$(MEASURING): $(INSTALLED) requirements-bench.lock
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements-bench.lock
	@touch $@

# Partners generate clients with tools of their own, which need not fit beside ours: a folder for them alone.
$(GENERATING): requirements-clients.lock $(addprefix tests/clients/,package.json package-lock.json .npmrc) | $(INSTALLED)
	@command -v npm >/dev/null || { echo 'What generates clients needs Node.js 18 or newer with npm' \
		'(Debian, Ubuntu: the packages nodejs and npm).' >&2; exit 1; }
	@echo 'Installing what generates clients into .clients.'
	@rm -rf .clients && $(BIN)/python -m venv --without-pip .clients/python
	@$(BIN)/pip --quiet --python .clients/python/bin/python install --require-hashes --requirement requirements-clients.lock
	@cp $(addprefix tests/clients/,package.json package-lock.json .npmrc) .clients
	@npm ci --prefix .clients --ignore-scripts --no-audit --no-fund --silent
	@touch $@
