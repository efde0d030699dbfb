# Two commands do all the set-up on a Debian with Go: make demo, make test.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What can be said on the command line, e.g. make fuzz FUZZTIME=10s
FUZZTIME   ?= 2m
CRASH_RUNS ?= 50
DEMO_ARGS  ?=
TIMEOUT    ?= 12m

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Tests that drive a browser carry the tag e2e.
TAGS        := e2e
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.PHONY: help
help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup-demo bin/callbackd ## a wall that talks: server, simulated platform and a crowd (DEMO_ARGS=…)
	@exec bin/callbackd demo $(DEMO_ARGS)

.PHONY: test
test: setup-test fmt vet lint ## everything that CI runs: checks, then all tests with the race detector
	@echo "== tests (shuffled)"
	@scripts/tests.sh -shuffle=on -timeout=$(TIMEOUT) -tags=$(TAGS)
	@go test -count=1 ./internal/claims/ -missing
	@echo "== all of it passed"

.PHONY: check
check: fmt vet lint arch quick ## the quick look before a commit: form, vet, lint, arrows, short tests

.PHONY: fmt
fmt: ## fail when a Go file is not formatted
	@echo "== gofmt"
	@unformatted=$$(find . -name '*.go' -not -path './.tools/*' -print0 | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet: ## go vet
	@echo "== go vet"
	@go vet -tags=$(TAGS) ./...

.PHONY: lint
lint: ## staticcheck, of a pinned version
	@echo "== staticcheck"
	@go run $(STATICCHECK) -tags=$(TAGS) ./...

.PHONY: arch
arch: ## the import arrows, the documents made from code, and what must not stand in the tree
	@echo "== house"
	@go test ./internal/archtest/ ./internal/thirdparty/ ./internal/claims/

.PHONY: quick
quick: ## all tests without browser and race detector
	@echo "== quick tests"
	@go test -timeout=$(TIMEOUT) ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (2m each)
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: crash
crash: setup-test ## kill -9 under load and at each step of a notice, CRASH_RUNS (50) times on each database; prints rows for docs/operations.md
	@CALLBACKD_CRASH_RUNS=$(CRASH_RUNS) go test -count=1 -timeout=3h -v -run '^TestCrash' ./cmd/callbackd/crashtest/

.PHONY: bench
bench: setup-test ## the tables of docs/performance.md: ingest and resolver
	@go test -run '^$$' -bench '^BenchmarkTable' -benchtime=1x -count=1 -timeout=3h -tags=$(TAGS) -v ./...
	@go run ./internal/bench/ingest -write docs/performance.md

.PHONY: proxy
proxy: ## try deploy/nginx.conf with Debian's nginx (unpacked below .tools, not installed)
	@scripts/setup.sh proxy
	@nginx=$$(scripts/nginx.sh) && NGINX_PROGRAM=$$nginx go test -count=1 -v -tags=proxy ./internal/deploytest/

.PHONY: fixtures
fixtures: ## make the crowd's pictures, voices and videos anew (they are in the tree)
	@scripts/setup.sh fixtures
	@go generate ./rehearsal/...

.PHONY: screenshots
screenshots: setup-test ## take the pictures of README.md from the demo
	@go test -count=1 -tags=$(TAGS) ./internal/e2e/ -run '^Test(Demo|Evening)_' -shots

.PHONY: build
build: setup-build bin/callbackd ## bin/callbackd

.PHONY: bin/callbackd
bin/callbackd:
	@echo "== building bin/callbackd"
	@CGO_ENABLED=1 go build -ldflags "-s -w -X main.version=$(VERSION)" -o bin/callbackd ./cmd/callbackd

.PHONY: arch-update
arch-update: ## write packages into docs/architecture.md and settings into docs/operations.md
	@go test ./internal/archtest/ -run '^TestArchitectureDocument' -update
	@go test ./cmd/callbackd/ -run '^TestOperationsDocument' -update

.PHONY: third-party
third-party: ## write THIRD_PARTY.md from go.mod, web/static/vendor and wall/filter/data
	@go test ./internal/thirdparty/ -run '^TestThirdParty' -update

.PHONY: claims
claims: ## write docs/claims.md and docs/failures.md from the tests, and name what has none
	@go test ./internal/claims/ -run '^Test(Claims|Failures)' -update -missing

.PHONY: setup-demo setup-build setup-test
setup-demo setup-build setup-test: setup-%:
	@scripts/setup.sh $*
