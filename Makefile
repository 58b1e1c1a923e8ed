# Everything a developer does, by name. CI calls the same targets (.ci/run).
# Variables: DEMO_ARGS, BENCH_ARGS, FAULTS_ARGS, SIMULATE_ARGS, TEST_ARGS, FUZZ_ARGS (passed on to the command), PROFILE (the cargo profile of run, build, bench).

PROFILE ?= release
SAMBAC  := target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/sambac
CARGO   ?= cargo

.DEFAULT_GOAL := help
.PHONY: help setup run test check fmt bench faults simulate fuzz openapi docs build clean

help: ## print this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

setup: ## install what this machine lacks (idempotent, quick when nothing is missing)
	@tools/setup build

build: setup ## build the binary: target/release/sambac
	$(CARGO) build --locked --profile $(PROFILE) -p sambac-app

run: build ## the demo: platform, two simulated operators, one OTP sent and its life printed (DEMO_ARGS="--help")
	@exec $(SAMBAC) demo $(DEMO_ARGS)

test: ## install what is missing, then every test (TEST_ARGS="-p sambac-smpp")
	@tools/setup test
	@tools/run-tests $(TEST_ARGS)

check: ## format, clippy, rustdoc, tidy and freshness tests, licences: all without warnings
	@tools/setup build
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	@tools/run-tests --checks
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed: the tidy test has held bans, licences and sources"; fi

fmt: ## format the code
	$(CARGO) fmt --all

bench: build ## load the real binary over SMPP and REST; results go to bench/results (BENCH_ARGS="--help")
	@exec $(SAMBAC) bench $(BENCH_ARGS)

faults: build ## every fault at length, and charges while everything is killed; reports go to bench/results (FAULTS_ARGS="F02 --help")
	$(CARGO) build --locked --quiet -p sambac-app -p sambac-testkit
	$(CARGO) run --locked --quiet -p sambac-testkit --bin faults -- --binary $(SAMBAC) $(FAULTS_ARGS)

simulate: setup ## the engine on simulated time with faults from seeds, a hundred hours, and every planted bug (SIMULATE_ARGS="seeds --help")
	$(CARGO) run --locked --quiet --profile simulate -p sambac-simulation --bin simulate -- $(or $(SIMULATE_ARGS),all)

fuzz: setup ## fuzz the parsers from their corpora, ten million runs each (FUZZ_ARGS="100000 decode")
	@tools/fuzz $(FUZZ_ARGS)

openapi: ## write docs/reference/openapi.json anew from the code
	$(CARGO) run --locked --quiet -p sambac-app -- openapi > target/openapi.json
	mv target/openapi.json docs/reference/openapi.json

docs: ## write every generated page under docs/reference anew
	@UPDATE_DOCS=1 tools/run-tests --generated

clean: ## remove what was built
	$(CARGO) clean
	rm -rf tests/interop/node_modules tests/interop/.venv tests/interop/.venv-jasmin tests/interop/.venv-schemathesis
