# make run     set up what is missing, then start the assistant (window, or terminal without a display)
# make test    set up what is missing, check the code, run every test
# make check   formatting, lint, types, and who may import whom
# make bench   measure the turn on this machine
# make clean   remove what set-up and tests made here; fetched models stay in the user's data folder
#
# PYTHON=/path/to/python3.12 chooses the Python for the virtual environment.

PYTHON ?=
export PYTHON
BIN := .venv/bin

.PHONY: run test check bench constraints clean

run:
	@packaging/set-up run
	@exec $(BIN)/assistant

test:
	@packaging/set-up test
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest

check:
	@packaging/set-up test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@packaging/set-up run
	@exec $(BIN)/assistant bench

# After trying newer versions in .venv: write down what it has.
constraints:
	@packaging/write-constraints $(BIN)/python

clean:
	rm -rf .venv .setup .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
