# What each of these does is in one line beside it: `make help`.
.DEFAULT_GOAL := build
SHELL := bash

MODULE := github.com/sallyport-auth/sallyport
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X $(MODULE)/bootstrap.Version=$(VERSION) -X $(MODULE)/bootstrap.Commit=$(COMMIT)

GOLANGCI_VERSION := v2.15.0
REDOCLY_VERSION := 2.77.0
GOVULNCHECK_VERSION := v1.9.0
BIN := $(CURDIR)/.bin
GOLANGCI := $(BIN)/golangci-lint-$(GOLANGCI_VERSION)
GOVULNCHECK := $(BIN)/govulncheck-$(GOVULNCHECK_VERSION)
REDOCLY := $(BIN)/redocly-$(REDOCLY_VERSION)/node_modules/.bin/redocly

TEST_TIMEOUT ?= 20m
FUZZTIME ?= 1m

.PHONY: help build run test generate lint vuln cover deps bench load fuzz

help: ## lists the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: ## one static binary, bin/sallyport
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/sallyport ./cmd/sallyport

run: build ## builds and serves, with logs for people
	SALLYPORT_LOG_FORMAT=console bin/sallyport serve

test: deps ## every test, under the race detector, and each fuzz target for two seconds
	CGO_ENABLED=1 go test -race -p 2 -timeout $(TEST_TIMEOUT) ./...
	CGO_ENABLED=1 go test -C test/example -race -p 2 -timeout $(TEST_TIMEOUT) ./...
	$(MAKE) --no-print-directory fuzz FUZZTIME=2s

generate: ## writes the generated code again
	go generate ./...

lint: $(GOLANGCI) $(REDOCLY) vuln ## Go, OpenAPI and known vulnerabilities
	$(GOLANGCI) run ./...
	cd test/example && $(GOLANGCI) run ./...
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		$(REDOCLY) lint --config adapters/echohttp/redocly.yaml adapters/echohttp/openapi.yaml

# It asks a database on the internet. Where that is out of reach nothing is known, which is said and fails nothing.
vuln: $(GOVULNCHECK) ## known vulnerabilities in what we import
	@status=0; $(GOVULNCHECK) ./... || status=$$?; \
	case $$status in \
	0 | 3) exit $$status ;; \
	*) echo 'make vuln: NOT CHECKED for known vulnerabilities, see above' >&2 ;; \
	esac

cover: deps ## coverage of every package by every test, into coverage.out
	go test -p 2 -timeout $(TEST_TIMEOUT) -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

deps: ## finds, or on Debian as root installs, what the tests start
	@.ci/deps.sh

bench: deps ## speed, as ratios to a limit measured in the same run
	go test -run '^$$' -bench . -timeout $(TEST_TIMEOUT) ./test/bench

load: deps ## a million users: import, interruption, lists, filters and logins
	go test -run '^$$' -bench . -benchtime 1x -timeout $(TEST_TIMEOUT) ./test/load

fuzz: ## each fuzz target for FUZZTIME
	@.ci/fuzz.sh $(FUZZTIME)

$(GOLANGCI):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(BIN)/golangci-lint $@

$(GOVULNCHECK):
	GOBIN=$(BIN) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv $(BIN)/govulncheck $@

$(REDOCLY):
	@command -v npm >/dev/null || { echo 'make lint: npm is missing (the OpenAPI linter is a Node program)' >&2; exit 1; }
	npm install --silent --no-audit --no-fund --prefix $(BIN)/redocly-$(REDOCLY_VERSION) @redocly/cli@$(REDOCLY_VERSION)
