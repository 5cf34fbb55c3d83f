# The two commands: make demo, make test. Everything else serves them.
#   PYTHON=python3.12 make test     another interpreter
#   ONLY="tests/unit -k uri" make test     a part of the tests, in one process
#   PROCESSES=1 make test                  all of them, one after the other

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find hostshift integrations -name '*.py' -o -name py.typed) pyproject.toml README.md
# What types are checked for: the oldest and the newest.
VERSIONS := 3.11 3.14
ONLY ?= tests
# How many processes share a whole run, and none for a part: see tests/turns.py.
PROCESSES ?= 2
PART := $(subst tests,,$(strip $(ONLY)))
SIDE_BY_SIDE := $(if $(PART)$(filter 1,$(PROCESSES)),,--numprocesses=$(PROCESSES))

.PHONY: demo test check installed mypy pyright properties lab-up lab-ready lab-down clean

demo: $(VENV)/.wheel
	$(BIN)/python -P -m demo

# The installed wheel is what gets tested and shown: -P keeps the checkout from being
# found first, and the checkout comes last on sys.path (for the packages tests and demo).
test: $(VENV)/.wheel
	$(BIN)/python -P -m pytest $(SIDE_BY_SIDE) $(ONLY)

# One pip at a time: what comes after may run side by side.
installed:
	$(MAKE) --jobs=1 $(VENV)/.checks $(VENV)/.wheel

check: installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(MAKE) --jobs=2 --output-sync=target mypy pyright

# Each for both Python versions, and for a user's project that has the wheel installed.
mypy:
	for version in $(VERSIONS); do $(BIN)/mypy --python-version $$version hostshift integrations/* tests demo tools || exit 1; done
	cd tests/typing && $(CURDIR)/$(BIN)/mypy settings.py
	cd tests/typing && $(CURDIR)/$(BIN)/mypy --config-file with_plugin.ini settings.py

pyright:
	for version in $(VERSIONS); do $(BIN)/pyright --pythonversion $$version || exit 1; done
	cd tests/typing && $(CURDIR)/$(BIN)/pyright --pythonpath $(CURDIR)/$(BIN)/python

# The dialects against the drivers' own parsers: 200,000 strings, two minutes. The readers
# of system files: 100,000 texts.
properties: $(VENV)/.wheel
	$(BIN)/python -P tools/differential.py
	HYPOTHESIS_EXAMPLES=13000 $(BIN)/python -P -m pytest tests/unit/test_formats_fuzz.py tests/unit/test_capture.py

lab-up: $(VENV)/.wheel
	$(BIN)/python -P -m tests.lab up

# Where there can be no lab, its tests skip and say why.
lab-ready: installed
	$(BIN)/python -P -m tests.lab up || true

lab-down: $(VENV)/.wheel
	$(BIN)/python -P -m tests.lab down

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	echo '$(CURDIR)' > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
	touch $@

$(VENV)/.tests: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet build hatchling --group test 'hostshift[all] @ file://$(CURDIR)'
	touch $@

$(VENV)/.checks: $(VENV)/.tests
	$(BIN)/python -m pip install --quiet --group check
	touch $@

$(VENV)/.wheel: $(VENV)/.tests $(SOURCES)
	rm -rf dist
	$(BIN)/python -m build --quiet --wheel --no-isolation
	$(BIN)/python -m pip install --quiet --no-deps --no-index --force-reinstall dist/*.whl
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
