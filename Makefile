# make site: environment, then checkpoints -> _site/ (PREVIEW=1: without Quarto)        make test: environment, then the test suite
# Needs make and Python 3.11, 3.12 or 3.13; another interpreter: make site PYTHON=/path/to/python3.12

PYTHON ?= $(shell for v in 3.12 3.11 3.13; do p=$$(command -v python$$v) && "$$p" -c 'import venv, ensurepip' 2>/dev/null && echo "$$p" && break; done || echo python3)
PY := .venv/bin/python
STAMP := .venv/.installed
# Compiled programs are kept: pages and tests compile the same ones many times over.
export JAX_COMPILATION_CACHE_DIR := $(CURDIR)/.cache/jax
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS := 0.2
# A venv knows no user's packages.
export PIP_USER := 0
# Two workers, each with a core: the tests of a file go to the same one, which makes what they share (the rendered site) once.
PYTEST := $(PY) -m pytest -q -rs -n 2 --dist loadfile

.PHONY: site test test-slow fast check claims seed peers speed measure env clean

site: env
	$(PY) -m src.render $(if $(PREVIEW),--preview)

test: check
	$(PYTEST) tests

# Ten times the kills and the altered files of `make test`.
test-slow: env
	MIIII_TRIALS=10 $(PYTEST) tests/network

fast: env
	$(PYTEST) -m "not slow" tests

check: env
	.venv/bin/ruff check src tests benchmarks examples
	.venv/bin/ruff format --check src tests benchmarks examples
	.venv/bin/lint-imports --no-cache
	.venv/bin/basedpyright --level error

claims: env
	for group in addition residues algorithm circuits integers scale; do $(PY) -m src.claims $$group || exit 1; done

# A network of one's own: make seed SEED=7 trains it, goes on where it was stopped, and prints what it claims beside the committed seeds.
SEED ?= 7
PRESET ?= laptop
OWN = runs/$(PRESET)/seed-$(SEED)

seed: env
	test -f $(OWN)/MANIFEST.json || $(PY) -m src.train --preset $(PRESET) --seed $(SEED) $(if $(wildcard runs/$(PRESET)/state-$(SEED).*),--resume)
	$(PY) -m src.claims residues --run $(OWN)

# Ours beside TransformerLens and auto-circuit, which get an environment of their own.
PEERS := build/peers/.installed

peers: env $(PEERS)
	$(PY) -m benchmarks.peers build/peers/bin/python

speed: env $(PEERS)
	$(PY) -m benchmarks.training build/peers/bin/python

$(PEERS): benchmarks/requirements-peers.txt
	$(PY) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-peers.txt
	touch $(PEERS)

measure: env
	$(PY) -m src.measure --record

env: $(STAMP)

$(STAMP): requirements.lock
	@"$(PYTHON)" -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "MIIII needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try: make site PYTHON=python3.12" % v)'
	@echo "Installing the environment into .venv (once, about a minute) with $(PYTHON)"
	"$(PYTHON)" -m venv --clear .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(STAMP)

clean:
	rm -rf _site _preview _freeze .quarto .cache build *.egg-info
