# Every target installs what it needs. Only Go, make and git must be present; `test` also needs
# Node.js and the PostgreSQL server, and installs them or says what is missing.

GO            ?= go
TOOLS         := $(CURDIR)/.tools
GOLANGCI      := $(TOOLS)/golangci-lint-v2.15.0
FUZZTIME      ?= 30s
BINARY        := $(CURDIR)/dist/discovery
BUILD         := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w'
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build one static binary, dist/discovery
	@echo 'Building dist/discovery; the first build takes a few minutes ...' >&2
	@$(BUILD) -o $(BINARY) ./cmd/discovery

.PHONY: demo
demo: build ## Run the whole guide live, on the embedded database; ends by itself
	@$(BINARY) demo

.PHONY: run
run: build ## Serve for development on SQLite, together with the vendors' simulators
	@BINARY=$(BINARY); export BINARY; exec sh ./configs/run-development.sh # exec: a signal to make also reaches the script

.PHONY: test
test: ## Run all tests with the race detector: unit, conformance, end to end on three stores, vendor SDKs
	@sh ./.ci/prepare
	$(GO) test -race -shuffle=on -timeout 20m ./...

.PHONY: lint
lint: $(GOLANGCI) ## Run gofmt, go vet and golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@mkdir -p $(TOOLS)
	@echo 'Building golangci-lint; this takes a few minutes, once ...' >&2
	GOBIN=$(TOOLS)/bin GOFLAGS=-mod=mod $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv $(TOOLS)/bin/golangci-lint $@

.PHONY: generate
generate: ## Regenerate the mocks
	$(GO) generate ./...

.PHONY: generate-check
generate-check: generate ## Fail if generated files or go.mod differ from what is committed
	$(GO) mod tidy -diff
	@git diff --exit-code -- '*.gen.go' || { echo 'generated files are outdated: run make generate'; exit 1; }

.PHONY: crash
crash: ## Kill the real binary and its database N times under load (N=100 SEED=…)
	CRASH_KILLS=$(or $(N),100) SEED=$(SEED) $(GO) test -count=1 -v -timeout 3h -run '^TestCrash$$' ./test/blackbox

.PHONY: simulate
simulate: ## Simulate the application layer (STEPS=1000000 SEED=1)
	$(GO) test -count=1 -v -timeout 3h -run '^TestSimulation$$' ./test/simulation -seed $(or $(SEED),1) -steps $(or $(STEPS),1000000)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@sh ./test/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## Benchmark against the physical limit, in interleaved rounds: BENCH="-only accepts -rounds 5"
	$(GO) run ./test/bench $(BENCH)

.PHONY: micro
micro: ## Run the micro-benchmarks, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...
