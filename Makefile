# Two commands: `make studies` and `make test`. Each sets up .venv by itself, once.

PYTHON ?= python3
BIN := .venv/bin

# What another project put into the shell must not decide what is imported here.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help studies test test-spark lab check clean set-up set-up-dev

help:
	@echo "make studies     set up .venv if need be, run the plan of studies, say where the reports are"
	@echo "make test        set up .venv if need be, run the tests"
	@echo "make test-spark  the same with Spark (435 MB; needs Java 17), and the tests on it"
	@echo "make lab         set up .venv if need be, open the notebooks in JupyterLab"
	@echo "make check       set up .venv if need be, check style, types, imports, locks and notebooks"
	@echo "make clean       remove .venv and caches; reports under runs/ stay"
	@echo "PYTHON=python3.12 after any of them names the Python that makes .venv (3.11 or newer)."

studies: set-up
	$(BIN)/churnlab plan run

test: set-up-dev
	$(BIN)/pytest -n 2

test-spark:
	@$(PYTHON) tools/bootstrap.py --dev --spark
	$(BIN)/pytest tests/spark

lab: set-up-dev
	$(BIN)/jupyter lab notebooks

check: set-up-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/test_setup.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} +

set-up:
	@$(PYTHON) tools/bootstrap.py

set-up-dev:
	@$(PYTHON) tools/bootstrap.py --dev
