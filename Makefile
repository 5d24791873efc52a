# MathQuarry. `make` lists the targets; `make demo` and `make test` do all their own set-up.

PYTHON ?= python3
VERSION ?= v1
LAKE ?= ./lake
INPUT ?= sample
SEEDS ?= sample
BENCHMARKS ?= sample
RECIPE ?= tiny
REVIEW ?= rule
ROUND ?= 1
CRAWL ?= local
PORT ?= 8080
SOURCE ?= math
MODEL ?= grpo
FILE ?= review.csv
ARGS ?=

UV_VERSION := 0.13.9
BIN := .venv/bin
RUN := LAKE=$(LAKE) $(BIN)/python -m
COMMON := --version $(VERSION) $(ARGS)
FORM := --input $(INPUT) --crawl $(CRAWL) --seeds $(SEEDS) --benchmarks $(BENCHMARKS) --recipe $(RECIPE) \
  --version $(VERSION) --review $(REVIEW)
UI_TEST_PACKAGES := pytest==9.2.0 pytest-timeout==2.4.0 playwright==1.65.2
FUZZ_PACKAGES := atheris==3.0.0
# Built here from source against what is installed before them, or taken by pip as the machine's own build.
BUILT := torch|fasttext|deepspeed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast check lint ui ui-test fuzz lock clean dry-run \
  sample_crawl crawl pages seeds classifier recall domains candidates approvals judgements math_pages dedup decontaminate \
  tokenizer shards corpus_report changes pretrain sft reward_model grpo evaluate lineage

help:  ## list the targets
	@grep -hE '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo "  variables: LAKE INPUT SEEDS BENCHMARKS RECIPE VERSION ROUND CRAWL SOURCE MODEL FILE REVIEW PORT ARGS"

# --- set-up -----------------------------------------------------------------------------------------------------------

setup: .venv/.ready .venv-airflow/.ready  ## both environments, from the lock files

.venv/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "MathQuarry needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || \
	  { echo "fasttext has no wheels and needs a C++ compiler (Debian: apt-get install g++)"; exit 1; }
	@echo "setting up .venv: Spark, fastText, PyTorch (a few minutes the first time)"
	$(MAKE) -s $(BIN)/uv
	grep -vE '^($(BUILT))==' requirements.lock > .venv/wheels.lock
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --no-deps -r .venv/wheels.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check $$(grep -E '^torch==' requirements.lock)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation \
	  $$(grep -E '^(fasttext|deepspeed)==' requirements.lock)
	@touch $@

$(BIN)/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv-airflow/.ready: infra/airflow/requirements.lock .venv/.ready
	@echo "setting up .venv-airflow: Airflow in an environment of its own"
	$(PYTHON) -m venv .venv-airflow
	$(BIN)/uv pip install -q --compile-bytecode --python .venv-airflow/bin/python --no-deps -r infra/airflow/requirements.lock
	@touch $@

lock: $(BIN)/uv  ## resolve requirements.in again and write both lock files
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header requirements.in \
	  | grep -vE '^(nvidia-|cuda-|triton)' > .venv/resolved.lock
	cat requirements.in .venv/resolved.lock | $(BIN)/python infra/lock_header.py > requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header infra/airflow/requirements.in \
	  > .venv/resolved.lock
	cat infra/airflow/requirements.in .venv/resolved.lock | $(BIN)/python infra/lock_header.py > infra/airflow/requirements.lock

# --- the two commands -------------------------------------------------------------------------------------------------

demo: setup  ## the whole flow, crawl to evaluated model, through the Airflow DAGs
	@LAKE=$(LAKE) .venv-airflow/bin/python infra/airflow/run_dags.py $(FORM) $(ARGS)

test: setup  ## all tests
	$(BIN)/python -m pytest $(ARGS)

test-fast: .venv/.ready  ## the tests that need neither Spark nor Airflow
	$(BIN)/python -m pytest -m "not spark and not flow and not airflow" $(ARGS)

check: setup  ## lint, types, architecture, DAG lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --preview --select AIR dags
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

ui: setup  ## Airflow's UI on localhost, with these DAGs
	@LAKE=$(LAKE) .venv-airflow/bin/python infra/airflow/start_ui.py --port $(PORT) $(FORM)

ui-test: setup  ## drive the UI in a headless Chromium (some ten minutes; skips without one)
	$(PYTHON) -m venv .venv-ui
	.venv-ui/bin/python -m pip install -q --disable-pip-version-check $(UI_TEST_PACKAGES)
	.venv-ui/bin/python -m pytest --noconftest -o timeout=3600 tests/ui

fuzz: .venv/.ready  ## fuzz the crawl reader and page text, two minutes (atheris, in an environment of its own)
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install -q --disable-pip-version-check $(FUZZ_PACKAGES)
	.venv-fuzz/bin/python -m pip install -q --disable-pip-version-check --no-deps $$(grep -iE \
	  '^(fastwarc|resiliparse|brotli|zstandard|numpy|numba|llvmlite|tldextract|requests|requests-file|idna|filelock|urllib3|certifi|charset-normalizer)==' requirements.lock)
	.venv-fuzz/bin/python tests/fuzz/fuzz_warc.py -max_total_time=60 -timeout=10
	.venv-fuzz/bin/python tests/fuzz/fuzz_page.py -max_total_time=60 -timeout=20

clean:  ## remove environments and Airflow's own state; the lake stays
	rm -rf .venv .venv-airflow .venv-ui .venv-fuzz .airflow

# --- one stage at a time: make recall ROUND=2 ARGS="--keep-tokens 1_000_000" ------------------------------------------

sample_crawl: .venv/.ready  ## a labelled sample crawl of our own
	$(RUN) jobs.sample_crawl $(COMMON)
crawl: .venv/.ready  ## list or fetch a crawl's WARC files (INPUT=sample, a folder, or commoncrawl)
	$(RUN) jobs.crawl --crawl $(CRAWL) --input $(INPUT) $(COMMON)
pages: .venv/.ready  ## WARC to text with formulas
	$(RUN) jobs.pages --crawl $(CRAWL) $(COMMON)
seeds: .venv/.ready  ## positive and negative examples of a round
	$(RUN) jobs.seeds --round $(ROUND) --seeds $(SEEDS) $(COMMON)
classifier: .venv/.ready  ## train the round's fastText classifier
	$(RUN) jobs.classifier --round $(ROUND) $(COMMON)
recall: .venv/.ready  ## rank the pages, keep the best
	$(RUN) jobs.recall --round $(ROUND) $(COMMON)
domains: .venv/.ready  ## mathematical domains and their URL prefixes
	$(RUN) jobs.domains --round $(ROUND) $(COMMON)
candidates: .venv/.ready  ## the round's prefixes in a FILE for people to fill in
	$(RUN) jobs.candidates --round $(ROUND) --file $(FILE) $(COMMON)
approvals: .venv/.ready  ## decisions on prefixes, by a person or a stated rule
	$(RUN) jobs.approvals --round $(ROUND) $(COMMON)
judgements: .venv/.ready  ## a round's precision, from pages that a person judged (ARGS="--file ... --reviewer ...")
	$(RUN) jobs.judgements --round $(ROUND) $(COMMON)
math_pages: .venv/.ready  ## what the last round recalled (ARGS="--base v1": go on from v1)
	$(RUN) jobs.math_pages $(COMMON)
dedup: .venv/.ready  ## URL and near-duplicate removal
	$(RUN) jobs.dedup $(COMMON)
decontaminate: .venv/.ready  ## n-gram decontamination, and the corpus
	$(RUN) jobs.decontaminate --benchmarks $(BENCHMARKS) $(COMMON)
tokenizer: .venv/.ready  ## train or take a tokenizer
	$(RUN) jobs.tokenizer $(COMMON)
shards: .venv/.ready  ## token shards of one SOURCE
	$(RUN) jobs.shards --source $(SOURCE) $(COMMON)
corpus_report: .venv/.ready  ## the report on everything at this version
	$(RUN) jobs.corpus_report $(COMMON)
changes: .venv/.ready  ## what changed from the corpus before to this one
	$(RUN) jobs.changes $(COMMON)
pretrain: .venv/.ready  ## pretrain on the shards
	$(RUN) training.pretrain --recipe $(RECIPE) $(COMMON)
sft: .venv/.ready  ## supervised fine-tuning
	$(RUN) training.sft --recipe $(RECIPE) $(COMMON)
reward_model: .venv/.ready  ## outcome reward model
	$(RUN) training.reward_model --recipe $(RECIPE) $(COMMON)
grpo: .venv/.ready  ## reinforcement learning by GRPO
	$(RUN) training.grpo --recipe $(RECIPE) $(COMMON)
evaluate: .venv/.ready  ## accuracy of MODEL=pretrain, sft or grpo
	$(RUN) training.evaluate --recipe $(RECIPE) --model $(MODEL) $(COMMON)
lineage: .venv/.ready  ## where ADDRESS=... came from, down to the WARC files
	$(RUN) jobs.lake.lineage $(ADDRESS)
