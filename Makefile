# `make` sets up, runs the pipeline and shows the leaderboard; `make help` lists the rest. Nothing here says in which order stages run: dvc.yaml does.
.DEFAULT_GOAL := all
.PHONY: all setup data pipeline record leaderboard tokenizers bench-text bench-flow bench-train bench-record bench-serve test fuzz check lock ui serve clean help

BIN := .venv/bin
PORT ?= 5000
MODEL ?= classify-bills

export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
# nothing phones home
export DO_NOT_TRACK := true
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false
# no job runners beside a local MLflow server; no informational lines from TensorFlow
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
export TF_CPP_MIN_LOG_LEVEL := 2
export MLFLOW_TRACKING_URI ?= sqlite:///mlflow.db

all: leaderboard  ## set up, bring data and results up to date, record them in MLflow, show the leaderboard (the default)

setup:  ## make .venv and install what requirements.lock pins (again only when it changes)
	@python=; for one in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	  if $$one -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then python=$$one; break; fi; \
	done; \
	python=$${python:-$(or $(PYTHON),python3)}; \
	command -v $$python >/dev/null || { echo "error: there is no $$python here; Python 3.11 to 3.13 is needed" >&2; exit 1; }; \
	$$python flows/install.py

data: setup  ## materialise the bundled corpora in data/, and check them against data.dvc
	@python -m tasks fetch --bundled

pipeline: data  ## run the stages that are out of date (the same as `dvc repro`, with progress)
	@python -m flows.local

record: pipeline  ## let who was promoted stand, on boards where somebody stands already; fill MLflow from out/
	@said=$$(python -m tasks accept --again) && { [ -z "$$said" ] || { echo "$$said"; python -m flows.local promote; }; }
	@python -m tasks record

leaderboard: record  ## print out/compare
	@python -m tasks leaderboard

tokenizers: data  ## grade the tokenizers of table `grades` in every corpus that is switched on, and print the tables
	@python -m flows.local grade rates
	@python -m tasks tokenizers

bench-text: setup  ## speed of tokenizers, cache and features against plain KoNLPy, scikit-learn and Keras, as ratios (ARGS="--help")
	@python tests/benchmarks/text.py $(ARGS)

bench-flow: setup  ## speed of runs side by side against dvc repro, as ratios (ARGS="--help")
	@python tests/benchmarks/flow.py $(ARGS)

bench-train: setup  ## speed of training against stock Keras and, where there is one, PyTorch, as ratios (ARGS="--help")
	@python tests/benchmarks/train.py $(ARGS)

bench-record: setup  ## what telling MLflow costs a training, and what it loses to kills and crowds (ARGS="--help")
	@python tests/benchmarks/record.py $(ARGS)

bench-serve: setup  ## latency and throughput of a served GRU on Okt's morphemes, in the process and over HTTP (ARGS="--help")
	@python tests/benchmarks/serve.py $(ARGS)

test: setup  ## all tests, on all cores (ARGS="-n 0" in one process, ARGS="-k fetch -x" some)
	@python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: INPUTS = 10000
fuzz: setup  ## every reader, and the tables of predict, on 10,000 broken files each (INPUTS=100000; ARGS="-k parquet")
	@MALMOI_FUZZ=$(INPUTS) python -X faulthandler -m pytest -q -n auto --dist load tests/fuzz $(ARGS)

check: setup  ## linter, format, types, house rules
	ruff check .
	ruff format --check --quiet . || { ruff format --diff --quiet .; exit 1; }
	mypy
	python -m pytest -q tests/test_house_rules.py

lock:  ## for maintainers, needs uv: resolve pyproject.toml anew into requirements.lock, and requirements-run.lock from it
	uv pip compile pyproject.toml --extra dev --output-file requirements.lock --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS)
	@$(MAKE) --no-print-directory setup
	@python -m flows.runtime_lock

ui: setup  ## MLflow at http://127.0.0.1:5000 (PORT=... for another)
	@exec mlflow server --backend-store-uri "$(MLFLOW_TRACKING_URI)" --host 127.0.0.1 --port $(PORT)

serve: PORT = 5001
serve: setup  ## answer at http://127.0.0.1:5001/invocations with a champion (MODEL=classify-bills) whose files are what git says
	@exec python -m tasks serve "$(MODEL)" --port $(PORT) $(if $(TRUST),--trust "$(TRUST)")

clean:  ## remove what stages made (DVC's cache brings it back) and what tools left; keeps .venv, data/, MLflow's store and sweeps
	rm -rf out .malmoi/logs .malmoi/timings.json .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## */  make \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name words; do printf '%-18s %s\n' "$$name" "$$words"; done
