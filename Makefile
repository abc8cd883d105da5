# Every command of the project; `make help` lists them. Works with GNU make 3.81 (macOS) and later.
# Nothing is written outside this folder: caches live in .cache, set UV_CACHE_DIR or
# npm_config_cache to share one between checkouts.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export npm_config_cache ?= $(CURDIR)/.cache/npm
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip

UV := .uv/bin/uv
BIN := .venv/bin
# Two cores are the floor; PYTEST_WORKERS=8 uses a larger machine.
PYTEST_WORKERS ?= 2
PYTEST := $(BIN)/pytest -q
PYTHON_TESTS = $(wildcard $(addprefix tests/,architecture unit service http jobs wallet_service scripts bench))

# --- set-up -----------------------------------------------------------------------------------

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/.ready node_modules/.ready backend/web/static/vendor/.ready build/.compiled ## Install everything the project needs into this folder

.cache/python: scripts/dev/prerequisites.sh
	@mkdir -p .cache
	@scripts/dev/prerequisites.sh > .cache/python.tmp
	@mv .cache/python.tmp .cache/python

$(UV): scripts/dev/bootstrap_uv.sh | .cache/python
	@scripts/dev/bootstrap_uv.sh "$$(cat .cache/python)"
	@touch $(UV)

.venv/.ready: $(UV) uv.lock pyproject.toml
	$(UV) sync --frozen --quiet $(if $(wildcard .venv/bin/python),,--python "$$(cat .cache/python)")
	@touch $@

.venv-contracts/.ready: $(UV) uv.lock
	UV_PROJECT_ENVIRONMENT=.venv-contracts $(UV) sync --frozen --quiet --only-group contracts $(if $(wildcard .venv-contracts/bin/python),,--python "$$(cat .cache/python)")
	@touch $@

node_modules/.ready: package.json package-lock.json scripts/dev/native.sh | .cache/python
	npm ci --no-progress --loglevel=error
	@for tool in anvil cast forge; do scripts/dev/native.sh $$tool > /dev/null || exit 1; done
	@touch $@

backend/web/static/vendor/.ready: node_modules/.ready scripts/dev/assets.mjs
	node scripts/dev/assets.mjs
	@touch $@

build/.compiled: .venv-contracts/.ready node_modules/.ready brownie-config.yaml $(shell find contracts -name '*.sol')
	@echo "Compiling the contracts, some 40 seconds the first time"
	@mkdir -p build
	@scripts/chain/brownie.sh compile > build/compile.log 2>&1 || { cat build/compile.log; exit 1; }
	@touch $@

.PHONY: assets
assets: backend/web/static/vendor/.ready ## Bundle what the pages load (fonts, map, code reader)

# --- run --------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## Start everything, play one journey, stay up (ONCE=1 ends after the journey)
	@$(BIN)/calanque demo $(if $(filter-out 0,$(ONCE)),--once)

.PHONY: doctor
doctor: setup ## Say what is wrong with the tools, database, node, wallet service and clock
	@$(BIN)/calanque doctor

# --- check ------------------------------------------------------------------------------------

.PHONY: test
test: setup lint type test-python test-contracts test-e2e test-faults ## Run every check, as CI does

.PHONY: fmt
fmt: .venv/.ready node_modules/.ready ## Format Python and Solidity
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .
	"$$(scripts/dev/native.sh forge)" fmt

.PHONY: docs
docs: .venv/.ready ## Write the pages that come from the code (errors, settings)
	PYTHONPATH=. $(BIN)/python scripts/dev/write_docs.py

.PHONY: lint
lint: .venv/.ready node_modules/.ready ## Check format, style and the direction of imports
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	"$$(scripts/dev/native.sh forge)" fmt --check
	scripts/dev/forge_lint.sh

.PHONY: type
type: .venv/.ready ## Check types
	$(BIN)/mypy

.PHONY: test-python
test-python: setup ## Test Python without browser or crashes
	$(PYTEST) -n $(PYTEST_WORKERS) $(PYTHON_TESTS)

.PHONY: test-unit test-service test-http test-jobs test-wallet test-hsm test-architecture
test-unit: .venv/.ready ## Test pure functions
	$(PYTEST) tests/unit
test-service: .venv/.ready ## Test slices and workflows on SQLite and PostgreSQL
	$(PYTEST) tests/service
test-http: .venv/.ready backend/web/static/vendor/.ready ## Test routes and pages
	$(PYTEST) tests/http
test-jobs: setup ## Test the steps of the jobs runner
	$(PYTEST) tests/jobs
test-wallet: .venv/.ready ## Test the signing process
	$(PYTEST) tests/wallet_service
test-hsm: .venv/.ready ## Test signing on a PKCS#11 token; needs SoftHSM (Debian: softhsm2)
	$(PYTEST) -p tests.support.softhsm tests/hsm
test-architecture: .venv/.ready ## Test the rules of the code base
	$(PYTEST) tests/architecture

.PHONY: coverage
coverage: setup ## Say which lines and branches the Python tests do not reach
	@mkdir -p build/coverage
	$(PYTEST) -n $(PYTEST_WORKERS) --cov --cov-report=term-missing:skip-covered $(PYTHON_TESTS)

.PHONY: test-faults faults faults-processes faults-restores fault
test-faults: setup ## Test crashes, lost answers and reorganisations in 200 seeded schedules
	$(PYTEST) -n $(PYTEST_WORKERS) tests/faults

faults: setup ## Play FAULTS=10000 schedules, print what was reached (stop and resume at will)
	PYTHONHASHSEED=0 $(BIN)/python -m tests.faults.deep --seeds $(or $(FAULTS),10000) --liars $(or $(LIARS),1000) --others $(or $(OTHERS),192) --workers $(PYTEST_WORKERS)

faults-processes: setup ## Kill real processes in SQLITE=200 and POSTGRESQL=50 schedules (stop and resume at will)
	PYTHONHASHSEED=0 $(BIN)/python -m tests.faults.processes.deep --sqlite $(or $(SQLITE),200) --postgresql $(or $(POSTGRESQL),50)

faults-restores: setup ## Restore backups, copies and older wallet stores on a real chain, both databases
	$(BIN)/python -m tests.faults.processes.story

fault: setup ## Replay one schedule, SEED=4711 (SUITE=schedules), with its moves
	PYTHONHASHSEED=0 $(BIN)/python -m tests.faults.deep --seed $(SEED) --suite $(or $(SUITE),schedules)

.PHONY: browser
browser: ## Find or install the browser that tests need
	@scripts/dev/browser.sh > /dev/null

.PHONY: test-e2e
test-e2e: setup browser ## Test whole processes with a browser and a fake camera
	$(PYTEST) -n 2 tests/e2e

.PHONY: test-contracts
test-contracts: setup ## Test the contracts: units, access, fuzzing, a machine against a model
	scripts/chain/test.sh

# --- measure ------------------------------------------------------------------------------------

.PHONY: bench-rules
bench-rules: .venv/.ready ## Measure the rule engine with its spread (ACTS=10000000 for the long run)
	$(BIN)/python -m scripts.bench.rules --acts $(or $(ACTS),1000000)

.PHONY: bench-payments
bench-payments: setup ## Time payments on both screens in browsers (TILLS=20, ROUNDS=3, taps within SPREAD=20 s)
	$(BIN)/python -m scripts.bench.payments --tills $(or $(TILLS),20) --rounds $(or $(ROUNDS),3) --spread-s $(or $(SPREAD),20)

.PHONY: races
races: .venv/.ready ## Race fifty claims, payments and uses of a code, ROUNDS=1000 times on both databases
	RACE_ROUNDS=$(or $(ROUNDS),1000) $(BIN)/pytest -q -s -n 0 tests/service/races

.PHONY: bench-mobility
bench-mobility: .venv/.ready ## Time the judging of traces: 1,000 and 50,000 points
	$(BIN)/python -m scripts.bench.mobility

.PHONY: red-team-mobility
red-team-mobility: .venv/.ready ## Forge traces in ten styles (TRACES=folder of labelled traces, COUNT=1000 a style)
	$(BIN)/python -m scripts.mobility.red_team $(or $(TRACES),tests/unit/mobility/data/traces) --count $(or $(COUNT),1000)

.PHONY: red-team-recycling
red-team-recycling: .venv/.ready ## Attack the recycling rules in fifteen ways (SETTINGS=200 per style, SEEDS=5; goes on after a kill)
	$(BIN)/python -m scripts.red_team.recycling --settings $(or $(SETTINGS),200) --seeds $(or $(SEEDS),5) --workers $(or $(WORKERS),2)

.PHONY: bench-qr
bench-qr: .venv/.ready ## Photograph each kind of code ROUNDS=500 times and count what is read
	$(BIN)/python -m scripts.bench.qr_reading --rounds $(or $(ROUNDS),500)

.PHONY: bench-codes
bench-codes: .venv/.ready ## Measure the CPU time of verifying one claim of each kind
	$(BIN)/python -m scripts.bench.verification

.PHONY: attack-codes
attack-codes: .venv/.ready ## Attack the codes a million times: photos, replays, relays, forgeries (ATTEMPTS=1000000; goes on after a kill)
	$(BIN)/python -m scripts.bench.attack_codes --attempts $(or $(ATTEMPTS),1000000)

.PHONY: fuzz-rules
fuzz-rules: .venv/.ready ## Read 10,000 broken rulebooks, compare evaluators on 4,000 and on 2,000 campaigns
	$(BIN)/python -m scripts.bench.rules_fuzz

.PHONY: bench-settlement
bench-settlement: .venv/.ready ## Settle MERCHANTS=5000 with PAYMENTS=200000: files, statements (goes on after a kill)
	$(BIN)/python -m scripts.bench.settlement --merchants $(or $(MERCHANTS),5000) --payments $(or $(PAYMENTS),200000)

.PHONY: faults-settlement
faults-settlement: .venv/.ready ## Settle 5,000 shops while SIGKILL ends the run every 15 to 45 s, until one run verifies the books
	scripts/bench/settle_with_kills.sh build/bench-settlement/killed

.PHONY: euro-schedules
euro-schedules: .venv/.ready ## Play SCHEDULES=10000 of payments, files, crashes and replays per database (stop and resume at will)
	$(BIN)/python -m scripts.bench.euro_schedules --schedules $(or $(SCHEDULES),10000)

.PHONY: gas
gas: setup ## Measure gas into docs/gas.md, exit 1 on a regression
	scripts/chain/gas.sh

.PHONY: audit-contracts
audit-contracts: setup ## Fuzz the contracts deeply, run slither, halmos and mutants (MUTANTS=60)
	scripts/chain/audit.sh

# --- tidy -------------------------------------------------------------------------------------

.PHONY: clean
clean: ## Remove what was built or run, keep what was downloaded
	rm -rf build var deployments backend/web/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find backend wallet_service tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove installed packages and caches too
	rm -rf .venv .venv-contracts .uv .cache node_modules
