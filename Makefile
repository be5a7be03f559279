# The course's commands; `make` alone lists them. Each one makes .venv first if it has to.

# One that fits is looked for (3.11 to 3.13); or name it: make lab PYTHON=python3.12
PYTHON ?=
# Passed on to JupyterLab: make lab LAB_ARGS="--port 9000 --no-browser"
LAB_ARGS ?=
# Passed on to sphinx-build: make site SITE_ARGS=-E
SITE_ARGS ?=
# Passed on to uv: make lock LOCK_ARGS=--upgrade
LOCK_ARGS ?=

# What `make test` runs is listed in pyproject.toml: unit tests, docstring examples and
# every cell of every lesson. loadscope keeps one notebook's cells in one worker.
PYTEST = .venv/bin/python -m pytest -n 2 --dist loadscope

# No browser opens over ssh: its address is printed. Containers often know only root.
LAB = .venv/bin/jupyter lab --log-level=WARN \
	--LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb \
	$(if $(SSH_CONNECTION),--no-browser) \
	$(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

.PHONY: help lab test test-full test-jax test-gpu lessons site exercises bench lock clean .venv

help:
	@echo "make lab        open the course in JupyterLab, at its first page"
	@echo "make test       unit tests, docstring examples, every lesson cell by cell"
	@echo "make test-full  the same and the slow tests"
	@echo "make test-jax   the same as make test on the JAX backend"
	@echo "make test-gpu   the same on a GPU, one kernel at a time (ALLOW_CPU=1 without)"
	@echo "make lessons    execute the lessons anew and store what they show"
	@echo "make site       build the web site from the stored outputs, and README's tables"
	@echo "make exercises  students' copies into release/, worked solutions into worked/"
	@echo "make bench      run every benchmark, about an hour on a quiet machine"
	@echo "make lock       compute requirements.lock from pyproject.toml"
	@echo "make clean      remove .venv and what was made here, but release/ (answers)"

# bootstrap.py itself finds the right Python: any that runs it will do.
.venv:
	@for python in python3 python3.13 python3.12 python3.11 "$(PYTHON)"; do \
	  if command -v "$$python" >/dev/null 2>&1; then \
	    exec "$$python" bootstrap.py $(if $(PYTHON),"$(PYTHON)"); \
	  fi; \
	done; \
	echo "The course needs Python 3.11, 3.12 or 3.13; there is no python3 here." >&2; \
	echo "Debian, Ubuntu: sudo apt install python3 python3-venv" >&2; exit 1

lab: .venv
	@exec $(LAB)

test: .venv
	$(PYTEST)

test-full: .venv
	$(PYTEST) -m ""

test-jax: .venv
	KERAS_BACKEND=jax $(PYTEST)

test-gpu: .venv
	.venv/bin/python -m cnnkit.course.device_tests $(if $(ALLOW_CPU),--allow-cpu)

lessons: .venv
	.venv/bin/python -m cnnkit.course.lessons

site: .venv
	.venv/bin/python -m cnnkit.course.site readme
	.venv/bin/python -m cnnkit.course.site $(SITE_ARGS)

exercises: .venv
	.venv/bin/cnnkit exercises

bench: .venv
	@failed=; for script in benchmarks/*.py; do \
	  echo; echo "## $$script"; \
	  .venv/bin/python "$$script" || failed="$$failed $$script"; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

lock: .venv
	.venv/bin/uv pip compile --quiet pyproject.toml --output-file requirements.lock \
	  --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links \
	  --extra jax --extra grade --extra dask --extra site --extra dev $(LOCK_ARGS)
	@! grep -nE "^-|[a-z]:/" requirements.lock # exact pins, no place

clean:
	rm -rf .venv .venv-install.log build dist *.egg-info
	rm -rf .pytest_cache .ruff_cache .hypothesis worked
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +
