# Every target makes what it needs; nothing but Python 3.11+ with venv is assumed.
PYTHON ?= python3
VENV ?= .venv
SECONDS ?= 60
SEEDS ?= 2000
# So many tests run at once.
CORES := $(shell getconf _NPROCESSORS_ONLN)
WORKERS ?= $(shell expr $(CORES) '&' $(CORES) '<' 8 '|' 8)
AT_ONCE := --dist worksteal -n
# Thousands of short commands are started; each would compile all of us again.
unexport PYTHONDONTWRITEBYTECODE
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help install demo test lint fuzz sim lab interop bench bench-quick docs clean

help:
	@echo "make install   the command groupwire in $(BIN)"
	@echo "make demo      one message, three answers, one missing, on this machine"
	@echo "make test      the tests that need nothing but Python"
	@echo "make lint      ruff, mypy, pyright, import-linter, codespell"
	@echo "make fuzz      strange messages for SECONDS (60), none may hurt"
	@echo "make sim       simulated groups on terrible networks, SEEDS (2000) of them"
	@echo "make lab       tests on real hosts, switches and routers (namespaces; Linux)"
	@echo "make interop   tests against foreign programs"
	@echo "make bench     speed beside the peers"
	@echo "make docs      the documentation in docs/_build/html"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "groupwire needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

$(VENV)/.base: $(BIN)/python pyproject.toml
	$(PIP) install --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) install --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) install --group lint
	@touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) install --group docs
	@touch $@

$(VENV)/.bench: $(VENV)/.base
	$(PIP) install --group bench
	@touch $@

install: $(VENV)/.base
	@echo "ready: $(BIN)/groupwire --help"

demo: $(VENV)/.base
	@$(BIN)/groupwire demo

test: $(VENV)/.test
	$(BIN)/python -m pytest $(AT_ONCE) $(WORKERS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell

fuzz: $(VENV)/.test
	$(BIN)/python -m fuzz --seconds $(SECONDS) --seed $$$$

sim: $(VENV)/.test
	$(BIN)/python -m pytest tests/sim $(AT_ONCE) $(WORKERS)
	$(BIN)/python -m groupwire.testing.swarm --seeds $(SEEDS)
	$(BIN)/python -m groupwire.testing.swarm --messages --seeds $(SEEDS)

lab: $(VENV)/.test
	$(BIN)/python -m pytest tests/lab $(AT_ONCE) $(WORKERS)

interop: $(VENV)/.test
	$(BIN)/python -m pytest tests/interop $(AT_ONCE) $(WORKERS)

bench: $(VENV)/.bench
	$(BIN)/python -m bench

bench-quick: $(VENV)/.bench
	$(BIN)/python -m bench --quick

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

clean:
	rm -rf $(VENV) docs/_build dist
