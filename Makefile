# Only Go, make and git must be present. A target builds the tools that it needs. The tests of `test` also run other
# programs, such as Node.js and the PostgreSQL server: `setup` installs their packages, or prints what is missing.

GO            ?= go
TOOLS         := $(CURDIR)/.tools
GOLANGCI      := $(TOOLS)/golangci-lint-v2.15.0
HELM          := $(TOOLS)/helm-v3.21.4
ACTIONLINT    := $(TOOLS)/actionlint-v1.7.12
OAPI_CODEGEN  := $(TOOLS)/oapi-codegen-v2.8.2
FUZZTIME      ?= 30s
BINARY        := $(CURDIR)/dist/discovery
# Without the tag, grpc links html/template, with which the linker keeps every method of every type: 7 MiB.
BUILD         := CGO_ENABLED=0 $(GO) build -trimpath -tags grpcnotrace -ldflags '-s -w'
# The race detector is off in packages that only compute, and whose values belong to one goroutine at a time: SQLite,
# which is translated from C, regular expressions, canonical JSON, the validation by JSON schemas, and the comparisons of
# tests. The detector makes them up to 20 times slower. SQLite's driver is not one of them: it uses a sync.Map, whose
# code is generic, and the linker may take the driver's copy of it for the whole program.
COMPUTING     := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory \
                 regexp regexp/syntax github.com/gowebpki/jcs github.com/santhosh-tekuri/jsonschema/v6 \
                 github.com/google/go-cmp/...
RACE          := -race $(foreach package,$(COMPUTING),-gcflags=$(package)=-race=false)
# These packages are tested without the race detector. Most of them start the service or other programs as processes of
# their own, or run one goroutine at a time: the detector has nothing to find there. test/e2e runs the whole service in
# its process, and takes three times as long with it; its tests of what happens at the same time run with it, too. The
# parts of the service are tested with it in their own packages.
APART         := blackbox e2e simulation console matching deploy arch mutation trace
# These trees start no goroutine and share no value, which test/arch checks. The detector has nothing to find there,
# either, and makes their computations four times slower.
SEQUENTIAL    := domain adapters/bankstatement adapters/evidence adapters/statement adapters/sink/settings
AT_ONCE       := Concurren|Interleav|Stopping|Hanging|Pause|Feed
# The tests are run in parts, two of them at once. The longest parts are first, so that both cores have work until the end.
LONGEST       := blackbox e2e
STORES        := adapters/persistence
# How many packages are tested at once, with the detector and beside them without it.
PACKAGES      ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) + 1) / 2 )))
TEST          := $(GO) test -vet=off -shuffle=on -timeout 45m
# The packages of the core and of the REST API: their tests start no other program.
CHECKED       := ./domain/... ./ports/... ./application/... ./adapters/rest/...
.DEFAULT_GOAL := help
empty         :=
space         := $(empty) $(empty)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build one static binary, dist/discovery
	@echo 'Building dist/discovery; the first build takes a few minutes ...' >&2
	@$(BUILD) -o $(BINARY) ./cmd/discovery

.PHONY: demo
demo: build ## Show the service at work with simulated aggregators, on SQLite; ends by itself
	@$(BINARY) demo

.PHONY: run
run: build ## Serve for development on SQLite, together with the vendors' simulators (SEED=1: with 60 connections)
	@BINARY=$(BINARY); export BINARY; exec sh ./configs/run-development.sh # exec: a signal to make also reaches the script

.PHONY: vendor
vendor: ## Create the folder of a new vendor's adapter from the template (NAME=acme)
	@$(GO) run ./cmd/newvendor $(NAME)

.PHONY: tools
tools: $(HELM) $(ACTIONLINT) ## Build the tools that check the chart and the workflows

.PHONY: setup
setup: tools ## Install the packages that make test needs in addition to Go, after it has printed their names
	@sh ./.ci/prepare

.PHONY: check
check: ## Run gofmt, go vet and the tests of domain, ports, application and rest: a minute
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')) && test -z "$$unformatted" || { echo "$$unformatted"; exit 1; }
	$(GO) vet $(CHECKED)
	$(GO) test -short $(CHECKED)

.PHONY: test
test: tools ## Run all tests: unit, conformance, end to end on two databases, vendor SDKs; with the race detector
	@sh ./.ci/prepare --check || $(MAKE) setup
	@$(MAKE) --no-print-directory -k -j2 test-stores test-longest test-raced test-apart test-at-once

.PHONY: test-stores test-longest test-raced test-apart test-at-once
test-stores:
	$(TEST) $(RACE) -p $(PACKAGES) $(STORES:%=./%/...)
test-longest:
	$(TEST) -p $(PACKAGES) $(LONGEST:%=./test/%)
test-raced:
	$(TEST) $(RACE) -p $(PACKAGES) $$($(GO) list ./... | \
		grep -vE '/(test/($(subst $(space),|,$(APART)))$$|($(subst $(space),|,$(SEQUENTIAL) $(STORES)))(/|$$))')
test-apart:
	$(TEST) -p $(PACKAGES) $(patsubst %,./test/%,$(filter-out $(LONGEST),$(APART))) $(SEQUENTIAL:%=./%/...)
test-at-once:
	$(TEST) $(RACE) -run '$(AT_ONCE)' ./test/e2e

.PHONY: lint
lint: $(GOLANGCI) ## Run golangci-lint, with gofmt and go vet among its linters
	$(GOLANGCI) run ./...

$(GOLANGCI): module := github.com/golangci/golangci-lint/v2
$(HELM): module := helm.sh/helm/v3
$(ACTIONLINT): module := github.com/rhysd/actionlint
$(OAPI_CODEGEN): module := github.com/oapi-codegen/oapi-codegen/v2

# Dependencies of which the version that the tool names cannot be downloaded from every module proxy.
$(HELM): edits := -require=k8s.io/cli-runtime@v0.36.3
$(OAPI_CODEGEN): edits := -replace=github.com/getkin/kin-openapi=github.com/getkin/kin-openapi@v0.141.0

# The name of each file ends with the version that is installed. A tool is built in the folder of its own module, with
# a copy of its go.mod. "go install package@version" would not allow the edits. It would also ask the module proxy
# whether the folder of the package is a module, and fails if the proxy forbids this question.
$(GOLANGCI) $(HELM) $(ACTIONLINT) $(OAPI_CODEGEN): $(TOOLS)/%:
	@echo 'Building $*; this can take a few minutes, once ...' >&2
	@GO='$(GO)' sh ./.ci/build-tool $(module) $@ $(edits)

.PHONY: generate
generate: $(OAPI_CODEGEN) ## Regenerate the mocks, openapi.json, the access manager's seed and the clients
	$(GO) generate ./...
	@mkdir -p dist
	$(GO) run ./clients/generate <openapi.json >dist/openapi.json
	$(OAPI_CODEGEN) -config clients/go/oapi-codegen.yaml dist/openapi.json
	@sh ./clients/typescript/generate.sh

.PHONY: generate-check
generate-check: generate ## Fail if generated files or go.mod differ from what is committed
	$(GO) mod tidy -diff
	@git diff --exit-code -- '*.gen.go' '*.gen.d.ts' openapi.json configs/authorisation || { echo 'generated files are outdated: run make generate'; exit 1; }

.PHONY: crash
crash: ## Kill the real binary and its database N times under load (N=100 SEED=… POOLED=1 CITUS=1)
	CRASH_KILLS=$(or $(N),100) CRASH_POOLED=$(POOLED) CRASH_CITUS=$(CITUS) SEED=$(SEED) $(GO) test -count=1 -v -timeout 3h -run '^TestCrash$$' ./test/blackbox

.PHONY: simulate
simulate: ## Simulate the application layer (STEPS=1000000 SEED=1 STREAM_STEPS=100000 POSTGRES_STEPS=10000)
	$(GO) test -count=1 -v -timeout 3h -run '^TestSimulation' ./test/simulation -seed $(or $(SEED),1) -steps $(or $(STEPS),1000000) -stream-steps $(or $(STREAM_STEPS),100000) -postgres-steps $(or $(POSTGRES_STEPS),10000)

.PHONY: screenshots
screenshots: ## Write screenshots of the console into SCREENSHOTS (dist/screenshots)
	@sh ./.ci/prepare --check || $(MAKE) setup
	$(GO) test -count=1 -timeout 10m -run '^TestScreenshots$$' ./test/console -screenshots $(or $(SCREENSHOTS),$(CURDIR)/dist/screenshots)

.PHONY: atsize
atsize: ## Measure the console with 5,000 connections and 1,000,000 records, and play its tasks (ATSIZE=dist/atsize)
	@sh ./.ci/prepare --check || $(MAKE) setup
	$(GO) run ./test/atsize -folder $(or $(ATSIZE),$(CURDIR)/dist/atsize) -database '$(ATSIZE_DATABASE)'
	$(GO) test -count=1 -v -timeout 1h -run '^TestTheConsoleAtSize$$' ./test/console -atsize $(or $(ATSIZE),$(CURDIR)/dist/atsize)

.PHONY: churn
churn: ## Change all ids of accounts of up to 10,000 rows at every moment, and count the records that are kept
	CHURN_ROWS=1,60,600,10000 $(GO) test -count=1 -v -timeout 2h ./test/e2e -run TestIDsChurn
	CHURN_CRASH_ROWS=10000 $(GO) test -count=1 -v -timeout 1h ./test/blackbox -run TestKilledPullsKeepIDs

.PHONY: matching
matching: ## Measure the precision and recall of row matching over 100,000 changes in 20 seeds
	$(GO) test -count=1 -v -timeout 1h ./test/matching -seeds 20 -changes 5000
	$(GO) test -count=1 -v -run '^TestConfidence$$' ./domain/matching

.PHONY: judge
judge: ## Apply the labelled changes of a file to the service, and print wrong merges and missed pairs (FILE=…)
	@test -n '$(FILE)' || { echo 'name a file of labelled changes: make judge FILE=…'; exit 2; }
	$(GO) test -count=1 -v -timeout 1h -run '^TestJudge$$' ./test/e2e -judge '$(abspath $(FILE))'

.PHONY: model
model: ## Compare the service with a reference model under random operations on both databases (OPERATIONS=100000 SEED=1 VENDORS=pluggy)
	$(GO) test -count=1 -v -timeout 3h ./test/model -seed $(or $(SEED),1) -operations $(or $(OPERATIONS),100000) $(if $(VENDORS),-vendors $(VENDORS))

.PHONY: mutation
mutation: ## Change the code of domain in 2,000 small ways; fail if its tests notice less than 95 % (SAMPLE=2000 SEED=1)
	$(GO) run ./test/mutation -seed $(or $(SEED),1) -sample $(or $(SAMPLE),2000) -workers $(or $(WORKERS),2)

.PHONY: trace
trace: ## List the functions that run during an action (ACTION=pull|unchanged|webhook|list|event|close|statement)
	@mkdir -p dist/trace
	@GOCOVERDIR=dist/trace $(GO) run -tags grpcnotrace -cover -covermode=atomic -coverpkg=./... ./test/trace \
		-action '$(ACTION)'; code=$$?; rm -rf dist/trace; exit $$code

.PHONY: planted
planted: ## Plant twelve defects into the rules of the records, and fail if no test of domain notices one of them
	$(GO) run ./test/mutation -planted

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s)
	@sh ./test/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## Benchmark against the physical limit, in interleaved rounds: BENCH="-only accepts -rounds 5"
	$(GO) run ./test/bench $(BENCH)

.PHONY: bench-against
bench-against: ## Compare the benchmarks with an earlier commit in turns; fail if one is worse by 10 % (COMMIT=… ONLY=… ROUNDS=5)
	@test -n '$(COMMIT)' || { echo 'name the earlier commit: make bench-against COMMIT=v0.1.0'; exit 2; }
	$(GO) run ./test/bench/against -commit '$(COMMIT)' $(if $(ONLY),-only '$(ONLY)') -rounds $(or $(ROUNDS),5) -seconds $(or $(SECONDS),3)

.PHONY: neighbours
neighbours: ## Measure how one tenant slows another, and fail above the bounds (ROUNDS=5 SECONDS=2 SOAK=10m)
	$(GO) run ./test/bench -only neighbours,publications -rounds $(or $(ROUNDS),5) -seconds $(or $(SECONDS),2) -soak $(or $(SOAK),0)

.PHONY: micro
micro: ## Run the micro-benchmarks, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...
