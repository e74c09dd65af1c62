# Each target first creates .venv if it is missing or its requirements changed. `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
REAL := .venv/real
# Files are given to two processes in this order: those that take longest come first.
PYTEST := pytest --numprocesses 2 --no-loadscope-reorder
FAST_TESTS := tests/unit tests/study tests/trials benchmarks/tests
CI_TESTS := tests/browser tests/dag tests/slurm tests/slow $(FAST_TESTS)
# LOCK=1 makes a new .venv of every package version that was tested, else of the versions in requirements.txt.
PACKAGES := envs/$(if $(LOCK),lock,requirements).txt
CONFIGURATIONS := $(filter-out config/schema.yaml,$(wildcard config/*.yaml))
BENCHMARKS := $(wildcard benchmarks/*/Snakefile)
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Run Snakemake for a target with a configuration, or for a benchmark with its Snakefile.
# A killed one leaves a lock, and Snakemake does not say what ends it.
define run
@snakemake $(1) --cores all --resources gpu=1 $(2) || { status=$$?; [ -z "$$(ls .snakemake/locks 2>&-)" ] || \
	echo "If no other Snakemake is at work here, type: $(strip $(BIN)/snakemake --unlock $(2))"; exit $$status; }
endef

.DEFAULT_GOAL := help
.PHONY: help example real study findings methods cure leaks report check test test-all dry-runs lint format docs gallery
.PHONY: bench same audit clean lock statistics

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

example: $(READY) ## the lines of the README for its five networks, in a minute: results/example
	python -m frequency_shortcuts.example results/example

real: $(REAL) ## a network with ImageNet weights at 224 pixels: its analysis, then the whole study of it in results/real
	$(call run,results/real/pictures,--configfile config/real.yaml)
	frequency-shortcuts analyse real:network --images results/real/pictures --out results/real/analysis \
		--size 224 --mean .49804,.49804,.49804 --std .50196,.50196,.50196
	$(call run,own,--configfile config/real.yaml)
	@ls results/real/analysis/report.html results/real/report.html

study: $(READY) ## the whole study at laptop scale, ending with results/laptop/report.html
	$(call run,,)
	@echo "The report is results/laptop/report.html"

methods: $(READY) ## methods that find maps, scored against what was planted (a quarter of an hour): results/benchmark
	$(call run,,-s benchmarks/methods/Snakefile)

cure: $(READY) ## what cures what an artefact in one class costs (45 minutes)? results/cure
	$(call run,,-s benchmarks/cure/Snakefile)

findings: $(READY) ## the study with 20 networks of each kind, which decide the claims (about four hours): results/findings
	$(call run,,--configfile config/findings.yaml)
	@echo "The report is results/findings/report.html"

leaks: $(READY) ## does the exchange test warn where an artefact costs, and only there (70 minutes)? results/leaks
	$(call run,,-s benchmarks/leaks/Snakefile)

report: $(READY) ## the report alone, if the study is there
	$(call run,report,)

check: $(REAL) lint ## before each commit: lint, types, and the fast tests
	$(PYTEST) $(FAST_TESTS)

test: $(REAL) ## what CI runs: all tests but the longest; the report in a browser and SLURM where they are installed
	$(PYTEST) $(CI_TESTS) --cov --cov-report=term:skip-covered --cov-fail-under=95

test-all: $(REAL) ## every test, the scripts of docs/gallery among them
	$(PYTEST) tests/long $(CI_TESTS)

dry-runs: $(READY) ## a dry run of every configuration and benchmark, and its number of jobs
	@printf '%s\n' $(CONFIGURATIONS:%=--configfile=%) $(BENCHMARKS:%=--snakefile=%) | xargs -P 2 -I WHICH sh -c \
		'plan=$$(snakemake --dry-run --quiet rules WHICH 2>&1) || { echo "WHICH: $$plan"; exit 255; }; \
		echo "$$plan" | awk "/^total/ {jobs = \$$2} END {print \"WHICH:\", jobs, \"jobs\"}"'

lint: $(READY) ## style, types and the workflow's own lint
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/rules benchmarks
	snakemake --lint
	for benchmark in $(BENCHMARKS); do snakemake --lint -s $$benchmark || exit 1; done

format: $(READY) ## format the code
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/rules benchmarks

docs: $(REAL) ## config/README.md, and the site with the gallery and a page of errors: build/site/index.html
	cd workflow && python -m study.reference
	python tests/trials/trial.py
	$(call run,results/real/pictures,--configfile config/real.yaml)
	pip install --quiet --requirement envs/docs.txt
	sphinx-build --quiet --fail-on-warning --keep-going -d build/doctrees -c docs . build/site

gallery: study ## render the figures and tables of the README from the results of the study
	python -m bench.gallery

same: $(READY) ## are tables, weights and maps of the studies that ran those of docs/data? `python -m bench.three_seeds` trains some
	@python -m bench.same

bench: $(READY) ## measure run times: results/bench and docs/performance.md (half an hour)
	python -m bench

statistics: $(READY) ## print how often intervals are right, for docs/method.md (below a minute)
	python -m bench.statistics

lock: $(READY) ## write the exact packages of .venv into envs/lock.txt; run it after `make clean`
	{ echo "# Every package of the tested environment ($$(python -V)); make lock writes it, make ... LOCK=1 installs it."; \
		pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//'; } > envs/lock.txt

audit: $(READY) ## compare the installed packages with published advisories; needs the internet
	pip install --quiet pip-audit
	pip freeze --exclude-editable | pip-audit --strict --disable-pip --no-deps --requirement /dev/stdin

clean: ## remove .venv (results stay)
	rm -rf .venv

$(READY): $(PACKAGES) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): run make with PYTHON=<a newer one>"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "$(PYTHON) cannot make virtual environments: on Debian, install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement $(PACKAGES) --editable '.[study]'
	@touch $@

$(REAL): $(READY) envs/real.txt
	$(BIN)/pip install --quiet --requirement envs/real.txt
	@touch $@
