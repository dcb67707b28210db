# Every target sets up what it needs first; nothing needs root.
PYTHON ?= python3

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help overnight test check lint audit mutation sample bench clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

overnight: $(READY) ## run a whole night; without a model server, a rehearsal of one
	$(PY) run_overnight.py --agent auto

test: lint ## lint, then all quick tests
	$(PY) -m pytest tests -n 2 -m "not slow"

check: $(READY) ## the longer proofs
	$(PY) -m pytest tests -n 2 -m slow

lint: $(READY) ## format, rules and types, without changing anything
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy --strict pytest_overnight

audit: $(READY) ## prove the suite's hidden tests, 20 times, on a busy machine
	$(VENV)/bin/pytest-overnight audit --repetitions 20 --jobs 2 --busy 4

mutation: $(READY) ## plant small faults in the reference answers (some minutes for each)
	$(PY) -m pip install --quiet --disable-pip-version-check \
	    -c constraints.txt -e ".[mutation]"
	$(PY) tools/mutation.py

sample: $(READY) ## play two rehearsal nights, and keep the report in reports/sample
	$(PY) tools/sample_night.py

bench: $(READY) ## measure what the harness itself costs
	@set -e; for file in benchmarks/*.py; do \
	    if [ -e "$$file" ]; then echo "$$file"; $(PY) "$$file"; fi; \
	done

clean: ## remove the environment, caches and build products; results stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp makes a second call quick; a change of either file installs anew.
$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	    echo "$(PYTHON) is not there. Name a Python 3.11 or newer: make PYTHON=python3.12"; \
	    exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$$("$(PYTHON)" -V) is too old: 3.11 or newer is needed." \
	        "Name another: make PYTHON=python3.12"; \
	    exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments." \
	        "On Debian and Ubuntu: apt-get install python3-venv"; \
	    exit 1; }
	@echo "Setting up $(VENV); the first time this takes a few minutes."
	@$(PY) -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check \
	    -c constraints.txt -e ".[dev]" || { \
	    echo "The installation failed, see above. pip needs a package index:" \
	        "PyPI, or your own by PIP_INDEX_URL."; \
	    exit 1; }
	@touch $@
