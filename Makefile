# Everything a checkout can do. `make demo` and `make test` set up what they need by themselves.

BIN := .venv/bin
POSTS ?= 2000
SEED ?= 1
MINUTES ?= 120
DROPS ?= 1000
LESSONS ?= 400
INPUTS := pyproject.toml constraints.txt tools/setup/venv.sh tools/setup/system.sh

# The tests start a thousand processes: each would compile anew what none may keep.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-browser screens check format lint types floors fix language lock bench gallery chaos instant surrogate surrogate-eval soak servers-next docs system-deps clean

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

demo: .venv/base.stamp ## set up, then show the whole way of a picture, without any account
	$(BIN)/postguard demo

test: .venv/test.stamp ## set up, then run the tests (ARGS="tests/unit -k slot" runs some)
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not browser" $(ARGS)

test-browser: .venv/test.stamp ## open the dashboard in Chromium; screenshots go to build/screenshots
	POSTGUARD_TEST_SCREENSHOTS=build/screenshots $(BIN)/pytest --numprocesses auto --maxprocesses 2 --dist loadfile tests/browser $(ARGS)

screens: .venv/test.stamp ## take the docs' pictures of the dashboard anew
	POSTGUARD_TEST_SCREENSHOTS=build/screenshots $(BIN)/pytest tests/browser/test_screens.py -k wide
	mkdir -p docs/screens && cp build/screenshots/docs/*.webp docs/screens/

check: format lint types floors test ## everything that CI holds us to

format: .venv/dev.stamp ## see that the code is formatted
	$(BIN)/ruff format --check .

lint: .venv/dev.stamp ## look for faults in the code
	$(BIN)/ruff check .

types: .venv/dev.stamp ## check the types
	$(BIN)/mypy

floors: .venv/dev.stamp ## check that imports go downward only
	$(BIN)/lint-imports

fix: .venv/dev.stamp ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

language: .venv/dev.stamp ## take new sentences into the catalogues and compile the translations
	$(BIN)/python -m tools.language

lock: .venv/dev.stamp ## pin today's releases of all dependencies in constraints.txt
	tools/setup/lock.sh

bench: .venv/dev.stamp ## measure the figures of docs/benchmarks.md
	$(BIN)/python -m bench $(ARGS)

gallery: .venv/dev.stamp ## draw every look of every step on real art, to look at (ARGS=--cloak)
	$(BIN)/python -m bench.gallery $(ARGS)

chaos: .venv/test.stamp ## send many posts while everything fails that can (POSTS=2000 SEED=1)
	$(BIN)/python -m tests.faults.campaign --posts $(POSTS) --seed $(SEED)

instant: .venv/dev.stamp ## train the instant cloak's network from nothing (resumes)
	$(BIN)/python -m tools.train.instant build/instant --write $(ARGS)

surrogate: .venv/dev.stamp ## train the surrogate encoder from nothing (LESSONS=400; resumes)
	$(BIN)/python -m tools.train.lessons build/surrogate/lessons --count $(LESSONS)
	$(BIN)/python -m tools.train.surrogate build/surrogate/lessons build/surrogate --ship $(ARGS)

surrogate-eval: .venv/dev.stamp ## measure the surrogate on real art, beside its teachers
	$(BIN)/python -m tools.train.evaluate $(ARGS)

soak: .venv/test.stamp ## the daemon for hours under faults and clock jumps (MINUTES=120 DROPS=1000)
	$(BIN)/python -m bench.soak --minutes $(MINUTES) --drops $(DROPS)

servers-next: .venv/test.stamp ## test against the newer Bluesky PDS, on a Node 22 of its own
	PATH="$$($(BIN)/python -m tests.servers.pds_next):$$PATH" POSTGUARD_TEST_PDS=pds_next \
	  $(BIN)/pytest tests/servers/test_pds.py tests/contract tests/system/test_kills.py $(ARGS)

docs: .venv/dev.stamp ## build the docs as a site, into build/site
	$(BIN)/mkdocs build --quiet

system-deps: ## install the system packages (Debian, Ubuntu; asks sudo)
	tools/setup/system-deps.sh

clean: ## remove what was made here
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# What is set up for one thing also serves the smaller ones.
.venv/base.stamp: $(INPUTS)
	@tools/setup/venv.sh '' $@

.venv/test.stamp: $(INPUTS)
	@tools/setup/venv.sh cloak,sd,keyring,c2pa,cluster,notify,push,docs,test $@ .venv/base.stamp

.venv/dev.stamp: $(INPUTS)
	@tools/setup/venv.sh cloak,sd,keyring,c2pa,cluster,notify,push,docs,test,dev $@ .venv/test.stamp .venv/base.stamp
