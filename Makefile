# `make quickstart` and `make test` are all the set-up there is.
PYTHON ?= python3
BIN := .venv/bin
QUICKSTART := runs/quickstart

.PHONY: quickstart test check docs install chromium clean

quickstart: install
	$(BIN)/lessup train voxel-unet --recipe quickstart --data furniture --out $(QUICKSTART) --overwrite
	$(BIN)/lessup evaluate $(QUICKSTART) --protocol shape-repair
	$(BIN)/lessup evaluate $(QUICKSTART) --protocol shape-retrieval
	$(BIN)/lessup evaluate $(QUICKSTART) --protocol shape-blending
	$(BIN)/lessup report $(QUICKSTART) --out $(QUICKSTART)/report.html
	@echo "report: $(CURDIR)/$(QUICKSTART)/report.html"

test: .venv/dev chromium check docs
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

install: .venv/core

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "lessup needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "could not make .venv: install the venv module (Debian: python3-venv)"; exit 1; }
	@touch $@

.venv/core: .venv/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev: .venv/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/core

# The browser test opens the report in Chromium; where it cannot be had, that test is skipped and says so.
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || { \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
	  { $$as_root apt-get update -qq && $$as_root apt-get install -qq -y chromium; } >/dev/null 2>&1 \
	  || echo "no Chromium, and none could be installed through apt: the browser test will be skipped"; }

clean:
	rm -rf .venv site .mypy_cache .ruff_cache .pytest_cache
