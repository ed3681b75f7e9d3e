# What a person types and what CI runs. Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
BIN := .venv/bin
# The live page is tested in the distribution's own browser.
CHROMIUM := command -v chromium >/dev/null || command -v chromium-browser >/dev/null
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test torture check serve format clean

demo: .venv/installed ## the whole service on a real dataset, in about a minute and a half
	@$(BIN)/automl demo

serve: .venv/installed ## the service, embedded, on http://127.0.0.1:8000
	@$(BIN)/automl serve

# One thread a process: networks this small are slower on two. Each process starts its own servers.
test: .venv/tested ## the whole suite; it starts the servers it needs
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

torture: .venv/tested ## hundreds of strikes at a real service, and a report in torture.md; less than an hour
	$(BIN)/python -m tests.torture

check: .venv/tested ## format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/tested
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# torch first and pinned: an unpinned one may bring gigabytes of libraries for GPUs that are not here.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test,check]'
	$(CHROMIUM) || test "$$(id -u)" != 0 || test ! -x "$$(command -v apt-get)" || { apt-get update -qq \
	    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null; }
	@$(CHROMIUM) || echo "No chromium: the tests of the live page will fail. Install it, then run make test again." >&2
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
