# Each target sets up .venv first if it is not there or its requirements changed. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help study report test lint format gallery bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

study: $(READY) ## the whole study at laptop scale, ending with results/laptop/report.html
	snakemake --cores all --resources gpu=1

report: $(READY) ## the report alone, if the study is there
	snakemake report --cores all

test: $(READY) ## every check: unit, property, the DAG on config/test.yaml, the report in a browser, SLURM where it is installed
	pytest --numprocesses 2 --no-loadscope-reorder

lint: $(READY) ## style, types and the workflow's own lint
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/rules
	snakemake --lint

format: $(READY) ## put code into the one style
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/rules

gallery: study ## render the figures and tables of the README from the results of the study
	python -m bench.gallery

bench: $(READY) ## measure how fast it is: results/bench and three pages of docs (most of an hour)
	python -m bench

clean: ## remove .venv (results stay)
	rm -rf .venv

$(READY): envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): run make with PYTHON=<a newer one>"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "$(PYTHON) cannot make virtual environments: on Debian, install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement envs/requirements.txt --editable .
	@touch $@
