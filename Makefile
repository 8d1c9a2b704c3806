SALE ?= 3m
FUZZ_SECONDS ?= 60

WEB := flashbid-server/web
PAGE := $(WEB)/dist/index.html
PAGE_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/scripts -type f) $(addprefix $(WEB)/,index.html vite.config.ts tsconfig.json package.json)

.PHONY: help run test check fix web bench fuzz deps test-deps

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

run: deps web ## hold demo sales (SALE=60s sets their length, SALE=none only serves)
	cargo run --release --locked -p flashbid-server -- demo --sale $(SALE)

test: test-deps web ## every test: of the workspace, its doc examples, the fuzz targets' models, the page in a browser
	cargo test --workspace --all-features --locked --no-fail-fast
	cargo test --manifest-path fuzz/Cargo.toml --no-default-features --lib --locked
	npm test --prefix $(WEB)
	npm run e2e --prefix $(WEB)
	@echo "test: everything passed"

check: deps web ## format, lints, documentation and licences; writes nothing but what is built
	npm run --silent check --prefix $(WEB)
	cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo clippy --manifest-path fuzz/Cargo.toml --no-default-features --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked
	cargo run --quiet --locked -p flashbid-licences -- Cargo.toml fuzz/Cargo.toml $(WEB)/package-lock.json
	@echo "check: clean"

fix: deps web ## apply what clippy suggests, then format; brings fuzz/Cargo.lock up to date
	cargo clippy --workspace --all-targets --all-features --fix --allow-dirty --allow-staged
	cargo clippy --manifest-path fuzz/Cargo.toml --no-default-features --fix --allow-dirty --allow-staged
	cargo fmt --all && cargo fmt --manifest-path fuzz/Cargo.toml
	npm run fix --prefix $(WEB)

web: $(PAGE) ## build the page, which the server has within itself

$(PAGE): $(WEB)/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm run --silent build --prefix $(WEB)

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json | deps
	npm ci --no-audit --no-fund --prefix $(WEB)
	@touch $@

bench: test-deps ## the measurements (BENCH=board runs one of them)
	cargo bench --locked -p flashbid-benches $(if $(BENCH),--bench $(BENCH))

fuzz: ## each fuzz target for FUZZ_SECONDS (needs a nightly toolchain and cargo-fuzz)
	tools/fuzz $(FUZZ_SECONDS)

deps: ## install what building and running need and a machine with Rust, git and make may lack
	@tools/deps build

test-deps: ## install also what testing needs: the servers that the tests start
	@tools/deps test
