# Everything that is done to this repository, by hand and in CI. `make` lists it.

CARGO ?= cargo
# One set of features and one profile for everything that `make test` builds, so that each dependency is compiled once.
WORKSPACE = --locked --workspace --all-features
TARGET = $(or $(CARGO_TARGET_DIR),target)
TOOLS = .cache/tools
FUZZ_SECONDS ?= 30
CASES ?= all

# What `make test` runs, in order: what fails fastest comes first.
TEST = check-fmt lint unit web-test docs conformance-quick prove-quick e2e

.DEFAULT_GOAL = help
.PHONY: help run web test fmt lint unit web-test conformance conformance-quick prove prove-quick e2e fuzz bench docs deny \
	check-fmt build binaries

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

run: build web ## build the pages and start both servers on a SQLite file; ARGS are the program's
	$(CARGO) run --locked --profile quick -p madang-server --bin madang -- serve $(ARGS)

web: web/dist/assets/chat.js ## the pages alone: web/dist, which the program embeds

test: ## everything below that CI runs, with what it needs installed
	@set -e; all=$$(date +%s); for part in $(TEST); do \
		echo "== make $$part"; start=$$(date +%s); \
		$(MAKE) --no-print-directory $$part; \
		echo "== make $$part: $$(($$(date +%s) - start)) s"; \
	done; echo "== make test: $$(($$(date +%s) - all)) s"

fmt: web/node_modules/.package-lock.json ## repair the format of Rust and TypeScript
	$(CARGO) fmt --all
	npm --prefix web run --silent fmt

check-fmt: ## say what `make fmt` would change in Rust (`lint` says it of TypeScript)
	@scripts/check-tools.sh rust
	$(CARGO) fmt --all --check

lint: build web ## clippy, the cores without a runtime, types and style of the pages
	$(CARGO) clippy $(WORKSPACE) --all-targets --quiet -- -D warnings
	for crate in ws engineio socketio; do \
		$(CARGO) clippy --locked -p madang-$$crate --no-default-features --quiet -- -D warnings || exit 1; done
	npm --prefix web run --silent check

unit: build web ## every Rust test, doc tests among them, on SQLite, MariaDB and PostgreSQL
	scripts/with-databases.sh $(CARGO) test $(WORKSPACE) --quiet

web-test: web/node_modules/.package-lock.json ## the tests of the pages that need no browser
	npm --prefix web test

docs: build web ## the API's documentation, without a broken link, in target/doc
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc $(WORKSPACE) --no-deps --quiet

conformance: binaries ## all 517 Autobahn cases both ways, foreign peers, Socket.IO's clients; CASES=core,limits or 12.1.*
	tests/conformance/run.sh $(CASES) $(TARGET)/debug

conformance-quick: binaries ## the same with the subset that runs in minutes
	tests/conformance/run.sh quick $(TARGET)/debug

prove: binaries ## that no seat has two owners: 1,000 people on 500 seats under faults on three databases, and mutants; KEEP=FOLDER keeps histories
	tests/prove/run.sh all $(TARGET)/debug

prove-quick: binaries ## the same in some seconds on each database
	tests/prove/run.sh quick $(TARGET)/debug

e2e: binaries ## the pages in Chromium, Firefox and WebKit
	scripts/install-debian.sh browsers
	npm --prefix tests/e2e ci --no-audit --no-fund --silent
	MADANG_PROGRAM=$(abspath $(TARGET)/debug/madang) npm --prefix tests/e2e test

fuzz: build ## every fuzz target for FUZZ_SECONDS (30)
	scripts/fuzz.sh $(FUZZ_SECONDS)

bench: build ## side by side with other servers; benches/README.md tells what it needs
	$(CARGO) build --locked --release -p madang-bench
	benches/run.sh $(TARGET)/release/madang-bench-server

deny: $(TOOLS)/bin/cargo-deny ## licences, duplicates and sources of the dependencies; DENY=advisories asks for those too
	$(TOOLS)/bin/cargo-deny --locked --all-features --exclude madang-server check bans
	$(TOOLS)/bin/cargo-deny --locked --all-features check --allow duplicate bans licenses sources $(DENY)

# What the targets above stand on.

build:
	@scripts/check-tools.sh rust git
	@scripts/install-debian.sh build

# With --all-targets, as the tests are built: otherwise Cargo would pick other features and compile the dependencies anew.
binaries: build web
	$(CARGO) build $(WORKSPACE) --all-targets --quiet

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@scripts/check-tools.sh node
	npm --prefix web ci --no-audit --no-fund
	@touch $@

# Vite empties web/dist first, so any of its outputs tells the age of all.
web/dist/assets/chat.js: web/node_modules/.package-lock.json web/vite.config.ts web/tsconfig.json $(shell find web/src web/public -type f)
	npm --prefix web run build

$(TOOLS)/bin/cargo-deny: | build
	$(CARGO) install --locked --quiet --root $(TOOLS) cargo-deny@0.20.2
