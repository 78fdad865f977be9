# Everything a developer or CI runs. `make demo` and `make test` work on a fresh clone with Python 3.10-3.12.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.10 python3; do \
	command -v $$python >/dev/null 2>&1 \
	&& $$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
PACKAGES := flame text2motion driving renderer mvvideo mvportrait
DEMO_TEXT := She slowly turns her head to the left, then smiles.

.PHONY: help setup demo test check format bench clean

help:
	@echo "make setup    create $(VENV) and install everything into it"
	@echo "make demo     animate the bundled portrait into out/demo (setup included)"
	@echo "make test     run the tests (setup included)"
	@echo "make check    lint and type-check"
	@echo "make format   format the code"
	@echo "make bench    print the benchmarks"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { \
		echo "error: Python 3.10, 3.11 or 3.12 is needed: none was found; install one or run make PYTHON=/path/to/python" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "error: a virtual environment is needed: $(PYTHON) -m venv failed; install the venv module (Debian: apt install python3-venv)" >&2; exit 2; }
	@echo "installing into $(VENV) (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)
	$(BIN)/mvportrait animate --reference demo --text "$(DEMO_TEXT)" --views 3 --seconds 3 --out out/demo

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks.renderer
	$(BIN)/python -m benchmarks.portraits

clean:
	rm -rf $(VENV) build dist *.egg-info out
