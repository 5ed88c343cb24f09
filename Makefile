# One entry point for people and CI. `make demo` deploys Langfuse on the local AWS; `make test` is what CI runs.
# PYTHON picks another interpreter and gives it a virtual environment of its own.
PYTHON ?= python3
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifeq ($(origin PYTHON),file)
VENV := .venv
else
VENV := .venv-$(PYTHON_VERSION)
endif
BIN := $(CURDIR)/$(VENV)/bin
# Everything but the default endpoint port can follow from LOCAL_AWS_PORT in the local inventory.
LOCAL_AWS_PORT ?= 24566
LOCAL_AWS_STATE ?= .cache/local_aws
LOCAL_AWS := PYTHONPATH=tests $(BIN)/python -m local_aws
export LOCAL_AWS_PORT
export PATH := $(BIN):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
LINK := .cache/collections/ansible_collections/llmops/langfuse

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop demo-status check lint unit integration sanity converges molecule site test differential permissions build bench clean

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(LINK):
	mkdir -p $(dir $@)
	ln -sfn ../../../.. $@

setup: $(VENV)/.installed $(LINK) ## The virtual environment and the collection's place in it

demo: setup ## Langfuse on the local AWS, proved with a trace; leaves it running
	@$(LOCAL_AWS) start --state-dir $(LOCAL_AWS_STATE) --port $(LOCAL_AWS_PORT)
	$(BIN)/ansible-playbook -i inventories/local playbooks/site.yml
	@echo "It goes on running: 'make demo-status' shows how it is, 'make demo' runs again (changed=0), 'make demo-stop' ends it."

demo-status: setup ## What the demo's environment owns and how it is
	$(BIN)/ansible-playbook -i inventories/local playbooks/status.yml

demo-stop: setup ## Ends every process that the demo started
	@$(LOCAL_AWS) stop --state-dir $(LOCAL_AWS_STATE)

check: lint unit ## The quick part of the tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy plugins/module_utils plugins/modules plugins/plugin_utils plugins/connection tests/local_aws
	$(BIN)/yamllint .
	$(BIN)/ansible-lint --offline --profile production

unit: setup
	$(BIN)/python -m pytest -q -n 2 tests/unit

integration: setup
	$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/local_aws_tests tests/integration

sanity: setup
	tests/sanity/run.sh $(BIN)

# Both wait more than they work, and the long ones go first.
converges: setup ## Each role's molecule scenario, and whole environments, side by side
	$(BIN)/python -m pytest -q -n 3 --dist loadgroup tests/site tests/molecule

molecule: setup
	$(BIN)/python -m pytest -q -n 3 --dist loadgroup tests/molecule

site: setup
	$(BIN)/python -m pytest -q -n 3 --dist loadgroup tests/site

test: lint sanity unit integration converges ## Everything CI runs

bench: setup ## The tables of docs/performance.md; wants a quiet machine
	$(BIN)/python tests/bench/calls.py
	$(BIN)/python tests/bench/converge.py

differential: setup ## Whole life cycles through local and warm_local, compared field by field
	$(BIN)/python -m pytest -q -rP tests/differential

permissions: setup ## Adds to the roles' IAM policies what the tests see them call
	rm -f .cache/calls.jsonl
	LANGFUSE_RECORD_CALLS=$(CURDIR)/.cache/calls.jsonl $(MAKE) converges
	$(BIN)/python tests/permissions.py .cache/calls.jsonl

build: setup ## The collection's artifact
	$(BIN)/ansible-galaxy collection build --force

clean: ## Everything the build made
	rm -rf .cache .venv .venv-* llmops-langfuse-*.tar.gz
