# `make` alone lists the targets. PYTHON selects another interpreter: make demo PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := $(VENV)/environments/checkov
PEERS := $(VENV)/environments/bench
RELEASE := $(VENV)/environments/release
EMBEDDED := localstack_embedded

.DEFAULT_GOAL := help
.PHONY: help demo install up down live test test-unit test-slow test-containers coverage soak soak-page fuzz bench docs lint lint-workflows screenshots format package prices lock release pins test-aws try-aws destroy-aws clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/app  ## Start LocalStack, deploy, send 1,000 fake tweets, and verify each of them
	@$(BIN)/tweetpipe demo

install: $(VENV)/app  ## Install the tweetpipe command into .venv; the other targets do this too

up: $(VENV)/app  ## Start the embedded LocalStack
	@$(BIN)/tweetpipe up

down: $(VENV)/app  ## Stop the embedded LocalStack
	@$(BIN)/tweetpipe down

# The shell waits until the dashboard exits, and then stops the producer, unless Ctrl-C has done so.
RATE ?= 10
live: $(VENV)/app  ## Start LocalStack, deploy, and show RATE=10 fake tweets a second in the dashboard
	@$(BIN)/tweetpipe up
	@$(BIN)/tweetpipe deploy --yes
	@mkdir -p build; trap : INT TERM; \
	$(BIN)/tweetpipe produce fake --forever --rate $(RATE) >build/live.log 2>&1 & producer=$$!; \
	$(BIN)/tweetpipe dashboard; code=$$?; \
	kill $$producer; wait $$producer; exit $$code

# More workers than cores, because some tests mostly wait; fewer where each worker starts a LocalStack.
# A single test starts faster without workers: .venv/bin/python -m pytest FILE::TEST
# Bytecode is kept, even if the environment has PYTHONDONTWRITEBYTECODE set.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# Made before the tests, so that no test has to wait for it.
MAKE_ENVIRONMENT := $(BIN)/python -c "import localstack_embedded as e; e.ensure_environment(on_step=print)"

test: $(VENV)/dev  ## Run the tests in random order, with containers if a Docker engine answers
	@$(MAKE_ENVIRONMENT)
	@$(PYTEST) -n 4 -m "not slow"

test-unit: $(VENV)/dev  ## Run the unit tests except the heavy ones, with fewer examples, in a minute
	@$(MAKE_ENVIRONMENT)
	@$(PYTEST) -n 6 -m "not slow and not heavy" --hypothesis-profile quick tests/unit $(EMBEDDED)/tests

test-slow: $(VENV)/dev  ## Run the tests that take too long for make test, and properties with more examples
	@$(MAKE_ENVIRONMENT)
	@$(PYTEST) -n 3 -m "slow or hypothesis" --hypothesis-profile slow

test-containers: $(VENV)/dev  ## Run only the tests with containers
	@$(BIN)/python -m pytest tests/containers

coverage: $(VENV)/dev  ## Run the tests, and show which lines and branches they reach
	@$(MAKE_ENVIRONMENT)
	@$(BIN)/coverage erase
	@PYTHONDONTWRITEBYTECODE= $(BIN)/coverage run -m pytest -n 4 -m "not slow"
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# make fuzz RUNS=-1 SECONDS=600 stops after that time. In either case, the first finding ends it.
RUNS ?= 1000000
SECONDS ?= 0
fuzz: $(VENV)/dev  ## Fuzz the processor with RUNS inputs (1,000,000), or for SECONDS
	@$(BIN)/python -m tests.fuzz build/fuzz -runs=$(RUNS) -max_total_time=$(SECONDS)

soak: $(VENV)/dev  ## Send COUNT=200000 tweets through outages and crashes, and account for each
	@$(BIN)/python -m tests.soak $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(AGGREGATE),--aggregate) $(if $(FORMS),--forms)

soak-page: $(VENV)/dev  ## Keep the dashboard open for MINUTES=60, and measure what it uses
	@$(BIN)/python -m tests.soak.page $(if $(MINUTES),--minutes $(MINUTES))

bench: $(VENV)/dev $(VENV)/bench  ## Compare the speed with other libraries and samples, in 25 minutes
	@$(BIN)/python -m benchmarks --json benchmarks/results.json
	@$(PEERS)/bin/python -m benchmarks.picture benchmarks/results.json benchmarks/results.png

# cfripper checks one set of parameters: the one that creates all policies.
# PROSE is what people read: documents, docstrings, and help, without the code around them. The command that
# writes it fails on phrases to avoid, in any string of the code.
PROSE := build/prose
lint: $(VENV)/dev $(VENV)/checkov  ## Check code, types, imports, templates, Dockerfile, and prose
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/cfn-lint --include-checks I --template infra/template.yaml infra/producer.yaml
	@$(BIN)/cfripper infra/template.yaml --resolve --resolve-parameters infra/everything-on.json --logging ERROR
	@$(BIN)/cfripper infra/producer.yaml --resolve --resolve-parameters infra/producer-everything-on.json --logging ERROR
	@$(CHECKOV)/bin/checkov --file infra/template.yaml infra/producer.yaml --framework cloudformation --skip-download --compact --quiet
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/codespell
	@$(BIN)/python -m tests.prose $(PROSE)
	@$(BIN)/codespell --toml tests/prose/codespell.toml $(PROSE)
	@$(BIN)/proselint check --config tests/prose/proselint.json $(PROSE)

# make lint-workflows ACTIONLINT=actionlint runs an installed actionlint.
ACTIONLINT ?= docker run --rm --volume "$(CURDIR):/repo:ro" --workdir /repo rhysd/actionlint:1.7.12
lint-workflows:  ## Check .github/workflows with actionlint, in a container
	@$(ACTIONLINT)

docs: $(VENV)/dev  ## Build the documents as a site in build/site; open index.html, no server needed
	@$(BIN)/python -m docs_site

screenshots: $(VENV)/dev  ## Redraw the pictures in the README
	@SCREENSHOTS=1 REQUIRE_BROWSER=1 $(BIN)/python -m pytest -k picture tests/unit/tweetpipe/commands/shown tests/browser tests/integration/test_dashboard.py tests/integration/test_recording.py

format: $(VENV)/dev  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

package: $(VENV)/app  ## Build the function's folder for aws cloudformation package or sam, and list it
	@$(BIN)/python -m tweetpipe.deploying.package

prices: $(VENV)/app  ## Fetch the prices that plan uses from AWS's public price list
	@$(BIN)/python -m tweetpipe.plan.refresh tweetpipe/plan/prices.json

# LocalStack's requirements are resolved as of its release, because later versions can break it.
lock: $(VENV)/dev  ## Resolve requirements/*.in into the pinned *.txt
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@for name in $(addprefix requirements/,processor app build dev awscli bench checkov ministack release) \
	  $(EMBEDDED)/requirements/lambda; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --strip-extras $$name.in -o $$name.txt || exit 1; done
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --exclude-newer 2025-10-15 $(EMBEDDED)/requirements/localstack.in -o $(EMBEDDED)/requirements/localstack.txt

# check-wheel-contents reads its settings from the pyproject.toml of the current folder.
release: $(VENV)/release  ## Build and check the wheels and sdists of both distributions in dist/
	@rm -rf dist
	@for folder in $(EMBEDDED) .; do \
	  echo "Building $$folder"; \
	  $(RELEASE)/bin/python -m build --quiet --no-isolation --outdir dist $$folder >/dev/null || exit 1; done
	@$(RELEASE)/bin/twine check --strict dist/*
	@cd $(EMBEDDED) && ../$(RELEASE)/bin/check-wheel-contents ../dist/localstack_embedded-*.whl
	@$(RELEASE)/bin/check-wheel-contents dist/tweetpipe-*.whl

# Tags can move. Once build/images.txt is committed as requirements/images.txt, this target detects it.
IMAGES = $$(sed -n 's/^FROM //p' Dockerfile; sed -n 's/.*image:.*:-\(localstack.*\)}/\1/p' docker-compose.yml)
pins:  ## Print the digests of the base images, and compare them with requirements/images.txt
	@mkdir -p build
	@for image in $(IMAGES); do \
	  digest=$$(docker buildx imagetools inspect "$$image" --format '{{.Manifest.Digest}}') || exit 1; \
	  echo "$$image@$$digest"; done >build/images.txt
	@cat build/images.txt
	@if [ -e requirements/images.txt ]; then diff requirements/images.txt build/images.txt; fi

# STACK names the stack; BOUNDARY is the permissions boundary's ARN, if the deployer needs one.
STACK ?= tweets-try
ON_AWS := --target aws --stack $(STACK)
try-aws: $(VENV)/app  ## Deploy to AWS, send COUNT=10000 fake tweets, and verify each of them
	@$(BIN)/tweetpipe deploy $(ON_AWS) --yes $(if $(BOUNDARY),-p PermissionsBoundary=$(BOUNDARY))
	@$(BIN)/tweetpipe produce fake $(ON_AWS) --count $(or $(COUNT),10000)
	@$(BIN)/tweetpipe verify $(ON_AWS) --count $(or $(COUNT),10000) --wait 60

test-aws: $(VENV)/dev  ## Run the tests for AWS in your account; YES=1 agrees to the cost
	@$(BIN)/python -m tests.on_aws $(if $(YES),--yes) $(if $(filter-out tweets-try,$(STACK)),--stack $(STACK)) $(if $(BOUNDARY),--boundary $(BOUNDARY)) $(if $(COUNT),--count $(COUNT))

destroy-aws: $(VENV)/app  ## Delete the stack of try-aws and everything in it
	@$(BIN)/tweetpipe destroy $(ON_AWS) --yes

clean:  ## Stop LocalStack, and remove everything that was built or installed here
	@if [ -x $(BIN)/tweetpipe ]; then $(BIN)/tweetpipe down; fi
	@rm -rf $(VENV) .localstack build dist *.egg-info $(EMBEDDED)/build $(EMBEDDED)/*.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp file is newer than its requirements, so an environment is made again only when they
# change.
$(VENV)/app: requirements/app.txt requirements/build.txt pyproject.toml setup.py $(EMBEDDED)/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(3 if v < (3, 11) else 4 if v > (3, 14) else 0)'; \
	case $$? in \
	  0) exit 0;; \
	  3) why="is older";; \
	  4) why="is newer";; \
	  *) why="can't be run here";; \
	esac; \
	printf '%s\n' "Python 3.11 to 3.14 is needed, and $(PYTHON) $$why. To use another Python:" "  make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/app.txt -r requirements/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ./$(EMBEDDED) -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/app
	@echo "Installing the requirements of tests and linters"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# In a separate environment, because it pins an old boto3.
$(VENV)/checkov: requirements/checkov.txt $(VENV)/app
	@echo "Installing checkov"
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/checkov.txt
	@touch $@

# In a separate environment: the build tools don't need what they build.
$(VENV)/release: requirements/release.txt $(VENV)/app
	@echo "Installing the build tools"
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/release.txt
	@touch $@

# In separate environments, because aiobotocore and MiniStack each pin botocore.
$(VENV)/bench: requirements/bench.txt requirements/ministack.txt $(VENV)/app
	@echo "Installing the libraries to compare with"
	@for name in bench ministack; do \
	  $(PYTHON) -m venv $(VENV)/environments/$$name && \
	  $(VENV)/environments/$$name/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    -r requirements/$$name.txt || exit 1; done
	@touch $@
