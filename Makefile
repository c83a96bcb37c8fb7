# make run [ARGS="--demo"] | test | lint | format | bench | clean: each needs only make and Python 3.11 or newer; .venv is made on first use
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# processes for pytest-xdist: two a core (tests/conftest.py)
JOBS ?= logical
# the benchmarks to run, one after the other
BENCH ?= $(sort $(wildcard tests/bench/bench_*.py))

.PHONY: run test lint format bench clean venv
.DEFAULT_GOAL := test

run: $(STAMP)
	@$(BIN)/python -m tui $(ARGS)

test: $(STAMP)
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# every check runs, so that one look shows all that is wrong
lint: $(STAMP)
	@failed=; for check in "ruff check ." "ruff format --check ." "pyright" "lint-imports"; do \
	    echo "$$check"; $(BIN)/$$check || failed="$$failed $${check%% *}"; \
	done; if [ -n "$$failed" ]; then echo "make lint: failed:$$failed" >&2; exit 1; fi

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	@failed=; for file in $(BENCH); do \
	    echo "== $$file"; $(BIN)/python $$file $(ARGS) || failed="$$failed $$file"; \
	done; if [ -n "$$failed" ]; then echo "make bench: failed:$$failed" >&2; exit 1; fi

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv: $(STAMP)

# A Python counts only if it runs, is new enough and can make a venv (Debian ships ensurepip apart).
$(STAMP): pyproject.toml
	@found=; old=; for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    command -v $$python >/dev/null 2>&1 || continue; \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        if $$python -c 'import venv, ensurepip' >/dev/null 2>&1; then found=$$python; break; fi; \
	        old="$$old $$python (no venv module: on Debian and Ubuntu, apt install python3-venv);"; \
	    else old="$$old $$python (older than 3.11, or does not run);"; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "make: hythe needs Python 3.11 or newer with venv; looked at:$${old:- none found}" >&2; \
	    echo "make: name one with: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	$$found -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
