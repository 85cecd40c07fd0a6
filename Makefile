# make demo       every stage on a corpus made of installed docstrings
# make test       the unit and Spark tests, and promises under python -O
# make test-all   all tests but those on a cluster: the release gate
# make attack-input   2,000 corpora that a harsh user would give, forged files, bombs and hostile words
# make coverage   the same, and which lines and branches of w2v_core and jobs it reaches
# make attack-numbers   settings at their ends in many combinations, and vocabularies of up to 5 M words
# make mutate     one fault at a time in the numeric code, and whether the tests tell; an hour of them
# make test-cluster   jobs on a cluster whose workers, executors and drivers are killed: in containers where Docker runs,
#                     else as processes; CLUSTER=docker or CLUSTER=processes says which; SHORT=1 runs those of the gate
# make audit      which of the installed packages have a known weakness; needs PyPI's advisories
# make matrix     the test suite with the oldest and with the newest packages that pyproject.toml allows;
#                 ENDS="python3.12:lowest python3.13:highest" names other interpreters; SHORT=1: unit tests and one of Spark
# make up         a Spark cluster in containers (make down stops it, and keeps its volume)
# make cluster-demo   the demo on it: the Spark stages by spark-submit, then the trainer
# make scheduler-demo   text arrives in slices, and a container of nightly runs trains on each
# make airflow    .venv-airflow, in which the tests run the DAG of conf/airflow; they skip it where that is not there
# make image      the image of these containers, also where no registry can be reached
# make archive    dist/environment.tar.gz: Python and packages for clusters that have none, for spark-submit --archives
# make check      ruff, mypy and the order of imports; edits nothing
# make fix        what ruff can mend, and its formatting
# make package    dist/w2v.zip, for spark-submit --py-files
# make transfer                                  few labels: word vectors against bags of words, on docstrings
# make attack-kills   the whole pipeline killed two hundred times at random moments, and run again: about an hour
# make attack-nights  an hour of nightly runs: memory and files do not grow from the start to the end
# make install    .venv with everything the above need; they make it themselves
# make mlflow     an MLflow server in .venv-mlflow, for the tests that start one
# make clean      removes what make made here: environments, packages, caches and the demo's run

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CORE := $(VENV)/.installed-core
comma := ,
PIP := $(BIN)/pip --quiet --disable-pip-version-check
COMPOSE := $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
SUBMIT := $(COMPOSE) run --rm submit
TRAINER := $(COMPOSE) run --rm trainer
ENDS ?= $(PYTHON):lowest $(PYTHON):highest
ATTACKS_ON_INPUT := $(addprefix tests/attacks/,test_corpora.py test_forged_files.py test_sizes.py test_hostile_words.py)
CLUSTER ?= $(shell docker info >/dev/null 2>&1 && echo docker || echo processes)
SOURCES := $(shell find w2v_core -name '*.py' -o -name '*.properties' -o -name '*.css' -o -name '*.js')

.PHONY: transfer test-cluster up down cluster-demo scheduler-demo airflow image archive demo test test-all check fix package install mlflow clean coverage attack-numbers mutate attack-input audit matrix attack-kills attack-nights

demo: $(CORE)
	@$(BIN)/w2v demo

PYTEST := W2V_REQUIRE_JAVA=1 $(BIN)/python -m pytest
# `python -O`, in processes that the tests start too. Pytest's asserts are off; pytest.raises still fails.
WITHOUT_ASSERTS := PYTHONOPTIMIZE=1 $(PYTEST) -W ignore::pytest.PytestConfigWarning
PROMISES := $(addprefix tests/test_,run_dir.py vocab.py shards.py growing_vocab.py phrases.py vectors.py lease.py)

test: $(STAMP) dist/w2v.zip
	$(PYTEST) -n 2 -m unit
	$(WITHOUT_ASSERTS) tests/test_promises.py tests/test_accounting.py
	$(PYTEST) -m "spark and not slow and not attack"

# The release gate: everything but the cluster's tests.
test-all: test
	$(WITHOUT_ASSERTS) -n 2 -m unit $(PROMISES)
	$(PYTEST) -n 2 -m "slow and not spark and not attack"
	$(PYTEST) -m "spark and slow and not attack"
	$(PYTEST) -n 2 -m "attack and not spark"
	$(PYTEST) -m "attack and spark"

# What of w2v_core and jobs the tests reach, by lines and branches.
coverage: $(STAMP) dist/w2v.zip
	rm -rf .coverage
	COVERAGE_FILE=$(abspath .coverage/data) $(BIN)/python -m coverage run -m pytest
	COVERAGE_FILE=$(abspath .coverage/data) $(BIN)/python -m coverage combine --quiet
	COVERAGE_FILE=$(abspath .coverage/data) $(BIN)/python -m coverage report

# Settings together at random, many times, and vocabularies of millions.
attack-numbers: $(STAMP)
	W2V_ATTACKS=2000 W2V_WORDS="1000000 2000000 5000000" $(BIN)/python -m pytest -s \
		tests/attacks/test_extreme_settings.py tests/attacks/test_large_vocabularies.py

mutate: $(STAMP)
	$(BIN)/python tests/mutation/run_mutants.py --minutes 60

test-cluster: $(STAMP) dist/w2v.zip $(if $(filter docker,$(CLUSTER)),image)
	$(BIN)/python -m pytest tests/cluster --cluster $(CLUSTER) $(if $(SHORT),-m gate)

matrix: $(STAMP) dist/w2v.zip
	UV=$(BIN)/uv tests/matrix.sh "$(ENDS)" $(if $(SHORT),-n 2 -m "unit or smoke")

# --strict: where the advisories cannot be had, that is a fault, and not a clean answer.
audit: $(STAMP)
	$(BIN)/uv tool run pip-audit --strict --skip-editable --progress-spinner off --path $(VENV)/lib/python3*/site-packages

attack-input: $(STAMP)
	W2V_ATTACKS=$${W2V_ATTACKS:-2000} $(BIN)/python -m pytest $(ATTACKS_ON_INPUT)

image:
	@conf/docker/make_image.sh

up: image dist/w2v.zip
	$(COMPOSE) up --detach
	@echo "Spark's master: http://localhost:$${W2V_MASTER_PORT:-8080}   finished jobs: http://localhost:$${W2V_HISTORY_PORT:-18080}"

down:
	$(COMPOSE) down

cluster-demo: up
	$(TRAINER) demo --run-dir /data/demo --corpus-only
	$(SUBMIT) jobs/tokenize_corpus.py --run-dir /data/demo --input /data/demo/corpus/docstrings.txt \
		--set tokenize.split_bytes=1000000
	$(SUBMIT) jobs/build_vocab.py --run-dir /data/demo
	$(SUBMIT) jobs/write_shards.py --run-dir /data/demo
	$(TRAINER) demo --run-dir /data/demo
	@conf/docker/show_tasks.sh

scheduler-demo: image dist/w2v.zip
	@conf/docker/scheduler_demo.sh

# Airflow pins half of what we use, so it is not in .venv.
airflow: .venv-airflow/.installed

.venv-airflow/.installed:
	$(PYTHON) -m venv .venv-airflow
	.venv-airflow/bin/pip --quiet --disable-pip-version-check install \
		'apache-airflow>=3.3,<4' 'apache-airflow-providers-apache-spark>=6.3,<7'
	@touch $@

archive: $(STAMP)
	conf/make_archive.sh dist/environment.tar.gz

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

package: dist/w2v.zip

attack-kills: $(STAMP)
	$(BIN)/python tests/attacks/kills.py --work bench-run/attack-kills

attack-nights: $(STAMP)
	$(BIN)/python tests/attacks/endurance.py --work bench-run/attack-nights

transfer: $(STAMP)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/examples/transfer.py

install: $(STAMP)

$(CORE): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: Python 3.11 or later is needed and $(PYTHON) is not; name one with make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "error: $(PYTHON) cannot make a virtual environment; on Debian or Ubuntu: sudo apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	@touch $@

# Everything, and a Java where there is none.
$(STAMP): $(CORE)
	$(PIP) install --editable '.[spark,korean,japanese,chinese,sentencepiece,avro,zstd,mediawiki,mlflow,fast,dev$(if $(JAVA_HOME)$(shell command -v java),,$(comma)java)]'
	@touch $@

# A wheel is a zip that Python imports from, and with __main__.py also one that it runs: python dist/w2v.zip train …
dist/w2v.zip: $(STAMP) pyproject.toml README.md $(SOURCES)
	@rm -f dist/w2v*
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@mv dist/w2v-*.whl $@
	@$(BIN)/python -c "import zipfile; zipfile.ZipFile('$@', 'a').write('w2v_core/cli/__main__.py', '__main__.py')"

# MLflow's server holds PyArrow back, so it stands apart; its client is in .venv.
mlflow:
	$(PYTHON) -m venv .venv-mlflow
	.venv-mlflow/bin/pip --quiet --disable-pip-version-check install 'mlflow>=3.4,<4'

clean:
	rm -rf $(VENV) .venv-airflow .venv-mlflow .venv-matrix dist wheels .coverage demo-run .pytest_cache .mypy_cache .ruff_cache .hypothesis
