SALE ?= 3m
FUZZ_SECONDS ?= 60

.PHONY: help run test check fix bench fuzz deps test-deps

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

run: deps ## hold a demo sale (SALE=60s sets its length, SALE=none only serves)
	cargo run --release --locked -p flashbid-server -- demo --sale $(SALE)

test: test-deps ## every test: of the workspace, its doc examples, the models of the fuzz targets
	cargo test --workspace --all-features --locked --no-fail-fast
	cargo test --manifest-path fuzz/Cargo.toml --no-default-features --lib --locked
	@echo "test: everything passed"

check: deps ## format, lints, documentation and licences; writes nothing
	cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo clippy --manifest-path fuzz/Cargo.toml --no-default-features --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked
	cargo run --quiet --locked -p flashbid-licences -- Cargo.toml fuzz/Cargo.toml
	@echo "check: clean"

fix: deps ## apply what clippy suggests, then format; brings fuzz/Cargo.lock up to date
	cargo clippy --workspace --all-targets --all-features --fix --allow-dirty --allow-staged
	cargo clippy --manifest-path fuzz/Cargo.toml --no-default-features --fix --allow-dirty --allow-staged
	cargo fmt --all && cargo fmt --manifest-path fuzz/Cargo.toml

bench: test-deps ## the measurements (BENCH=board runs one of them)
	cargo bench --locked -p flashbid-benches $(if $(BENCH),--bench $(BENCH))

fuzz: ## each fuzz target for FUZZ_SECONDS (needs a nightly toolchain and cargo-fuzz)
	tools/fuzz $(FUZZ_SECONDS)

deps: ## install what building and running need and a machine with Rust, git and make may lack
	@tools/deps build

test-deps: ## install also what testing needs: the servers that the tests start
	@tools/deps test
