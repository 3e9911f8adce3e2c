# Short names for the programs that do the work; `make` lists them. Variables: SERVICE=, FUNCTION=, BASE=, FORCE=1.

SHELL     := /bin/sh
GO        ?= go
DIR       := $(if $(DCODER_LOCAL),$(DCODER_LOCAL),.local)
LOCAL     := $(DIR)/bin/local
WITHSTACK := $(LOCAL) exec
# The race detector needs a C compiler.
RACE      := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race)
TESTFLAGS ?= $(RACE) -count=1 -timeout 25m
# More test programs at once than four would only wait for the one stack that they share.
PARALLEL  ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); [ "$$n" -gt 4 ] && n=4; echo "$$n")
OWNED      = $(patsubst %,./%/...,$(wildcard functions/$(FUNCTION) functions/cmd/$(FUNCTION) workflows/$(FUNCTION) workflows/cmd/$(FUNCTION)))
PROGRAM    = $(firstword $(wildcard functions/cmd/$(FUNCTION) workflows/cmd/$(FUNCTION)))
IMAGES     = mkdir -p bin && $(GO) build -C infra/images -buildvcs=false -o $(CURDIR)/bin/images .
STACK     := postgres redis nats temporal s3

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z][a-z-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: local
local:
	@$(GO) build -buildvcs=false -o $(LOCAL) ./infra/local

##@ The platform
.PHONY: dev run
dev: up ## the whole platform in one process, with a demo tenant; Ctrl-C ends it
	@$(GO) build -buildvcs=false -o bin/dev ./functions/cmd/dev
	@exec $(WITHSTACK) bin/dev
run: up ## one function as a process of its own: make run FUNCTION=chat
	@[ -n "$(PROGRAM)" ] || { echo "make run FUNCTION=name: there are $(notdir $(wildcard functions/cmd/* workflows/cmd/*))"; exit 2; }
	@$(GO) build -buildvcs=false -o bin/$(FUNCTION) ./$(PROGRAM)
	@exec $(WITHSTACK) bin/$(FUNCTION)

##@ The local stack
.PHONY: up down status logs reset compose
up: local ## start Postgres, Redis, NATS, Temporal and S3 and wait until they are healthy
	@$(LOCAL) up $(SERVICE)
down: local ## stop them; what they hold stays
	@$(LOCAL) down $(SERVICE)
status: local ## what runs, and where
	@$(LOCAL) status
logs: local ## the ends of all logs, or follow one: make logs SERVICE=postgres
	@$(LOCAL) logs $(SERVICE)
reset: local ## stop it and delete its data; asks first, FORCE=1 does not
	@FORCE=$(FORCE) $(LOCAL) reset
compose: local ## render infra/compose.yaml, the same stack for Docker (DCODER_STACK=docker make up)
	@$(LOCAL) compose

##@ Checks
.PHONY: test manifests affected lint fmt vuln build bench conformance eval-cache eval-compression bench-cold bench-visible bench-streams bench-cache e2e upgrade-test
test: up ## all tests on the real stack, with the race detector; make test FUNCTION=usage: that function's
	@[ -n "$(RACE)" ] || echo "no C compiler: the tests run WITHOUT the race detector"
	@echo "go test $(TESTFLAGS) -p $(PARALLEL) $(if $(FUNCTION),$(OWNED),./...)"
	@[ -z "$(FUNCTION)" ] || [ -n "$(OWNED)" ] || { echo "no function, workflow or command is called $(FUNCTION)"; exit 2; }
	@$(WITHSTACK) $(GO) test $(TESTFLAGS) -p $(PARALLEL) $(if $(FUNCTION),$(OWNED),./...)
	@[ -n "$(FUNCTION)" ] || $(MAKE) --no-print-directory manifests
manifests: ## the manifests by kustomize and Knative's own admission code; a module of its own
	cd infra/knativecheck && $(GO) test -count=1 ./...
affected: up ## the tests that a change reaches: since main, or make affected BASE=HEAD~3
	@packages=$$($(GO) run -buildvcs=false ./infra/affected $(BASE)) || exit 1; \
	[ -n "$$packages" ] || { echo "the change reaches no package"; exit 0; }; \
	echo "$$packages"; exec $(WITHSTACK) $(GO) test $(TESTFLAGS) -p $(PARALLEL) $$packages
lint: local ## go vet, golangci-lint and gofumpt, both pinned and built on first use
	@$(GO) vet ./...
	@linter=$$($(LOCAL) tool golangci-lint) && exec "$$linter" run ./...
fmt: local ## format all Go files
	@formatter=$$($(LOCAL) tool gofumpt) && exec "$$formatter" -w functions infra shared workflows
vuln: local ## known vulnerabilities in what is linked; says so loudly where their database cannot be reached
	@checker=$$($(LOCAL) tool govulncheck) && $(GO) run -buildvcs=false ./infra/vuln "$$checker"
build: ## every program to bin/, small and static
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/ ./functions/cmd/... ./workflows/cmd/...
bench: up ## the gateway's overhead beside a plain proxy's, in one table
	@exec $(WITHSTACK) $(GO) run -buildvcs=false ./infra/bench
conformance: ## recorded traffic of the providers through every protocol, in one table
	@exec $(GO) test -count=1 -v -run TestConformance ./infra/conformance
eval-cache: ## the semantic cache's rules and policy on public data beside baselines, in tables; SHUFFLES=20
	@SHUFFLES=$(SHUFFLES) exec $(GO) run -buildvcs=false ./infra/evals/cache
eval-compression: ## the compressor on public data beside baselines, in one table; CASES=report, tune or all
	@CASES=$(CASES) exec $(GO) run -buildvcs=false ./infra/evals/compression
bench-cold: up ## from exec to the first byte
	@exec $(WITHSTACK) $(GO) run -buildvcs=false ./infra/bench cold
bench-visible: up ## how soon a usage row is seen while the gateway is under full load
	@exec $(WITHSTACK) $(GO) run -buildvcs=false ./infra/bench visible
bench-streams: up ## what the gateway does to streams with a pace, to hang-ups and to translated answers
	@exec $(WITHSTACK) $(GO) run -buildvcs=false ./infra/bench streams
bench-cache: up ## a kept answer at the client, and 1,000 equal calls at once over 4 processes
	@DCODER_CACHE_CALLS=$(or $(CALLS),1000) exec $(WITHSTACK) $(GO) test -count=1 -v -run ManyEqualCalls -bench ExactHit -benchtime $(or $(BENCHTIME),2000x) ./functions/chat
e2e: up ## on a cluster with Knative Serving: make e2e KUBECONFIG=... (kubectl, ko and KO_DOCKER_REPO too)
	@exec $(WITHSTACK) $(GO) run -buildvcs=false ./infra/e2e $(E2E)
upgrade-test: up ## an earlier version beside today's on the same stack: make upgrade-test PREVIOUS=<git ref>
	@PREVIOUS=$(or $(PREVIOUS),$$(git rev-list --max-parents=0 HEAD | tail -n 1)) exec $(WITHSTACK) $(GO) test -count=1 -v -timeout 15m -run TestUpgrade ./infra/upgrade

##@ Deployment
.PHONY: images images-verify images-sign images-test deploy hold canary promote rollback notes lambda licences
deploy: ## images built and pushed, and the overlay applied: make deploy OVERLAY=dev REPO=registry/folder
	@[ -n "$(REPO)" ] || { echo "make deploy OVERLAY=dev REPO=registry/folder: a registry that the cluster can pull from"; exit 2; }
	@$(MAKE) --no-print-directory images REPO=$(REPO) BASE=$(BASE) FUNCTION=
	@exec $(GO) run -buildvcs=false ./infra/release -overlay $(or $(OVERLAY),dev) deploy
hold: ## before a canary: new revisions of FUNCTION= get no traffic
	@exec $(GO) run -buildvcs=false ./infra/release hold $(FUNCTION)
canary: ## a share for the newest revision: make canary FUNCTION=chat PERCENT=10
	@exec $(GO) run -buildvcs=false ./infra/release canary $(FUNCTION) $(or $(PERCENT),10)
promote: ## after a canary: all traffic of FUNCTION= to the newest
	@exec $(GO) run -buildvcs=false ./infra/release promote $(FUNCTION)
rollback: ## after a canary: all traffic of FUNCTION= to the one before
	@exec $(GO) run -buildvcs=false ./infra/release rollback $(FUNCTION)
notes: ## what changed in what a function is made of: make notes FUNCTION=chat FROM=v1.0.0 TO=HEAD
	@exec $(GO) run -buildvcs=false ./infra/release notes $(FUNCTION) $(FROM) $(or $(TO),HEAD)
licences: ## the page of what is linked under which licence; refuses what may not be linked
	@$(GO) run -buildvcs=false ./infra/licences
images: local ## container images by ko, for two platforms, with SBOMs and sizes; REPO=registry/folder pushes them there
	@ko=$$($(LOCAL) tool ko) && $(IMAGES) && exec bin/images -ko "$$ko" $(if $(REPO),-repo $(REPO)) $(if $(BASE),-base $(BASE)) build $(FUNCTION)
images-verify: local ## the same digest twice, and from another folder
	@ko=$$($(LOCAL) tool ko) && $(IMAGES) && exec bin/images -ko "$$ko" verify $(FUNCTION)
images-sign: ## cosign on the images of the last make images REPO=; says so loudly where COSIGN_KEY is not set
	@$(IMAGES) && exec bin/images sign
images-test: ## the tests of the module that builds images
	@cd infra/images && exec $(GO) test -count=1 ./...
lambda: ## arm64 zips for AWS Lambda in dist/lambda; ARCH=amd64, FUNCTION=chat: that one
	@$(GO) run -buildvcs=false ./infra/lambda $(if $(ARCH),-arch $(ARCH)) $(FUNCTION)

##@ Rendered files
.PHONY: render config-docs
render: ## all that is rendered from the functions; a silo tenant too: make render TENANT=id HOST=name [ENV=prod]
	@$(GO) run -buildvcs=false ./functions/cmd/render $(if $(TENANT),-tenant $(TENANT) -host $(HOST) -environment $(or $(ENV),prod))
config-docs: ## the page of all configuration variables
	@$(GO) run -buildvcs=false ./functions/cmd/render

##@ Other names for the same
.PHONY: infra-up infra-down infra-logs dev-up dev-down service-up service-logs service-down test-all build-all lint-all affected-services clean
infra-up: up ## up
infra-down: down ## down
infra-logs: logs ## logs
dev-up: dev ## dev
dev-down: down ## down; make dev itself ends with Ctrl-C
service-up: ## SERVICE= of the stack is started; a function is run
	@$(MAKE) --no-print-directory $(if $(filter $(SERVICE),$(STACK)),up SERVICE=$(SERVICE),run SERVICE= FUNCTION=$(SERVICE))
service-logs: logs ## logs SERVICE=
service-down: down ## down SERVICE=
test-all: test ## test
build-all: build ## build
lint-all: lint ## lint
affected-services: affected ## affected
clean: ## remove what build made; make reset and .local are another matter
	rm -rf bin dist
