# Everything is started from here. `make` lists what there is.

PYTHON ?= python3
# One more than there are processors: much of a test is waiting, and more only get into each other's way.
WORKERS ?= $(shell n=$$(( $$(nproc) + 1 )); echo $$(( n < 4 ? n : 4 )))
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv)

# Checks read neither a developer's .env nor their data.
CLEAN := READ_DOTENV=false DATA_DIR=$(CURDIR)/$(VENV)/check-data
PYTEST := $(BIN)/python -m pytest --durations 15

ifdef UV
INSTALL := $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r
else
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------- installing

.PHONY: setup
setup: $(VENV)/.installed node_modules/.installed ## Install what `make run` needs; quick when nothing changed
	@:

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { echo "aurora: $(PYTHON) is missing. Install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "aurora: $$($(PYTHON) -V) is too old. Install Python 3.11 or newer, or name it: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(if $(UV),$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV)) || \
		{ echo "aurora: the virtual environment failed. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.installed: requirements/base.txt $(VENV)/.created
	@echo "Installing Python packages (about half a minute) ..."
	@$(INSTALL) $<
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	@echo "Installing Python packages for the tests (about half a minute) ..."
	@$(INSTALL) $<
	@touch $@

node_modules/.installed: package-lock.json package.json .npmrc
	@command -v npm >/dev/null || { echo "aurora: npm is missing. Install Node.js 20 or newer, with npm." >&2; exit 1; }
	@echo "Installing JavaScript packages ..."
	@npm ci --silent --omit=dev
	@touch $@

node_modules/.installed-dev: node_modules/.installed
	@npm ci --silent
	@touch node_modules/.installed $@

.PHONY: setup-dev
setup-dev: setup $(VENV)/.installed-dev node_modules/.installed-dev ## Install what the tests need as well
	@:

.PHONY: browser
browser: # Chromium and nginx for the tests that need them, through apt where that is possible
	@{ command -v chromium && command -v nginx; } >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
		echo "Installing Chromium and nginx (about 25 seconds) ..." && export DEBIAN_FRONTEND=noninteractive && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium nginx-light openssl >/dev/null; }

# ---------------------------------------------------------------------------- running

.PHONY: run
run: setup ## Start everything on this machine: PORT=8000 DISCORD_TOKEN=... make run
	@exec $(BIN)/python -m dashboard_project.run

# ---------------------------------------------------------------------------- proving

.PHONY: test
test: ## Prove everything, on SQLite and on PostgreSQL
	@$(MAKE) -j3 setup-dev browser
	@$(MAKE) -j2 check test-js
	@REQUIRE_BROWSER=1 REQUIRE_FORMATS=1 $(MAKE) test-sqlite
	@REQUIRE_BROWSER=1 REQUIRE_FORMATS=1 $(MAKE) test-pg
	@$(MAKE) drill-short

.PHONY: check
check: setup-dev ## Formatting, lint, types, migrations, Django's own checks, advisories
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(CLEAN) $(BIN)/mypy .
	$(CLEAN) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CLEAN) $(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python -m tests.audit

.PHONY: test-sqlite
test-sqlite: setup-dev ## The suite on SQLite
	$(PYTEST) -n $(WORKERS)

.PHONY: test-pg
test-pg: setup-dev ## The suite on PostgreSQL: what meets the database, but for browsers, terminals, emulated Discord and set-up
	$(BIN)/python -m tests.postgres $(PYTEST) -n $(WORKERS) -m "database and not browser" --ignore=tests/emulator --ignore=tests/project \
		--ignore=tests/dashboard/test_tail_command.py

.PHONY: drill
drill: setup-dev ## Break everything on purpose, about an hour: make drill ARGS="--database sqlite resets"
	$(BIN)/python -m tests.drill $(ARGS)

.PHONY: drill-short
drill-short: setup-dev ## The same rows with smaller numbers, on SQLite, under 3 minutes
	$(BIN)/python -m tests.drill --short --database sqlite $(ARGS)

.PHONY: test-js
test-js: node_modules/.installed-dev ## The JavaScript unit tests
	node --test tests/js/*.test.js

.PHONY: bank
bank: setup-dev ## 100,000 random operations by 8 processes on each database: BANK="--kill-every-seconds 1"
	@$(BIN)/python -m tests.bank $(BANK)

# HARNESS: the folder of the fan-out driver, which is not part of this project.
.PHONY: bench
bench: bench-record bench-page bench-loop $(if $(HARNESS),bench-fanout) ## Measure what docs/performance.md tells: HARNESS=FOLDER make bench
	@$(if $(HARNESS),:,echo "The fan-out was not measured: name the folder of its driver with HARNESS=...")

.PHONY: bench-fanout
bench-fanout: setup-dev ## One event to 1,000 browsers beside Bun and plain consumers: HARNESS=FOLDER
	@$(BIN)/python -m benchmarks.fanout $(if $(HARNESS),--harness $(HARNESS)) $(BENCH)

.PHONY: bench-record
bench-record: setup-dev ## Events a second into the log, one by one and many at once
	@$(BIN)/python -m benchmarks.record $(BENCH)

.PHONY: bench-page
bench-page: setup-dev ## The first page, cold and warm
	@$(BIN)/python -m benchmarks.page $(BENCH)

.PHONY: bench-loop
bench-loop: setup-dev ## What giving an event to 1,000 sockets costs beside its system calls
	@$(BIN)/python -m benchmarks.loop $(BENCH)

.PHONY: bench-economy
bench-economy: setup-dev ## What a claim and a transfer cost, with and without their events
	@$(BIN)/python -m benchmarks.economy $(BENCH)

.PHONY: bench-feed
bench-feed: setup-dev browser ## 200 events a second for a minute into an open page in Chromium
	@$(BIN)/python -m benchmarks.feed $(BENCH)

.PHONY: bench-bot
bench-bot: setup-dev ## 100 commands a second for a minute through two bot processes and the emulated Discord
	@$(BIN)/python -m benchmarks.bot $(BENCH)

.PHONY: bench-history
bench-history: setup-dev ## Pages with 10,000 and with 5,000,000 events, side by side: fails if cost follows history
	@$(BIN)/python -m benchmarks.history $(BENCH)

.PHONY: screenshots
screenshots: setup-dev browser ## Every page at four widths in both themes, into docs/images
	@$(BIN)/python -m tests.screenshots

.PHONY: format
format: setup-dev ## Format, and repair what lint can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# ---------------------------------------------------------------------------- keeping

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml

.PHONY: requirements
requirements: setup-dev ## Pin again what pyproject.toml asks for; UPGRADE=1 takes newer versions
	$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements/base.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group dev -c requirements/base.txt -o requirements/dev.txt
