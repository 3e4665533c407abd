# `make demo` and `make test` do everything on a fresh machine, environment included.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test test-slow lint bench reproduce gallery clean help

help:
	@echo "make demo       install, search a loss on MovieLens-100K for a short while, test and plot it"
	@echo "make test       install, lint, type-check, test"
	@echo "make test-slow  the checks that take minutes"
	@echo "make reproduce  the paper's tables (hours; it can be stopped, and goes on where it was)"
	@echo "make gallery    draw the pictures of docs/gallery.md again"
	@echo "make bench      what is fast, against what, measured side by side"

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("symloss needs Python 3.11 or newer: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt torch
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	touch $(READY)

demo: $(READY)
	$(BIN)/python examples/demo.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

bench: $(READY)
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

reproduce: $(READY)
	$(BIN)/python examples/autolossgen

gallery: $(READY)
	$(BIN)/python docs/make_gallery.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
