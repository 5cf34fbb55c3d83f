"""The pytest plugin: the environment of a test run, resolved before anything reads it."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import hostshift_pytest
from tests.interrupts import moments

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

pytest_plugins = ["pytester"]

HOST = "172.17.0.1"
GIVEN = "postgresql://u:s3cret@localhost:5432/shop"
RESOLVED = f"postgresql://u:s3cret@{HOST}:5432/shop"
INI = "[pytest]\nhostshift_environ = true\n"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the rules to other tests: here it counts when a variable is resolved."""
    monkeypatch.setenv("HOSTSHIFT_MAP", f"localhost={HOST}")
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "compose")
    monkeypatch.setenv("DATABASE_URL", GIVEN)
    monkeypatch.setenv("PGHOST", "localhost")
    monkeypatch.setenv("PUBLIC_URL", "http://localhost:5432/")
    monkeypatch.delenv("PGPORT", raising=False)


def _reads(pytester: pytest.Pytester, expected: str) -> None:
    """Make a conftest and a module that read the environment when they are imported."""
    read = "import os\nURL, WEB = os.environ['DATABASE_URL'], os.environ['PUBLIC_URL']\n"
    pytester.makeconftest(read)
    pytester.makepyfile(
        test_it=f"{read}import conftest\n"
        f"def test_it():\n    assert URL == conftest.URL == {expected!r}\n"
        "    assert WEB == 'http://localhost:5432/'\n"
    )


@pytest.mark.parametrize("by", ["option", "ini"])
def test_before_any_conftest(by: str, pytester: pytest.Pytester) -> None:
    _reads(pytester, RESOLVED)
    if by == "ini":
        pytester.makeini(INI)
    ran = pytester.runpytest_subprocess(*(["--hostshift-environ"] if by == "option" else []))
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["hostshift: *DATABASE_URL* resolved for here"])
    assert "PGHOST" in ran.stdout.str()
    assert "s3cret" not in ran.stdout.str() + ran.stderr.str()


def test_not_unless_it_is_asked_for(pytester: pytest.Pytester) -> None:
    _reads(pytester, GIVEN)
    ran = pytester.runpytest_subprocess()
    ran.assert_outcomes(passed=1)
    assert "resolved for here" not in ran.stdout.str()


@pytest.mark.parametrize("order", ["tryfirst", "trylast"])
def test_before_and_after_other_plugins(order: str, pytester: pytest.Pytester) -> None:
    """As pytest-env, which sets variables, and pytest-django, which reads them."""
    pytester.makeini(INI)
    _reads(pytester, RESOLVED)
    pytester.makepyfile(
        other="import os, pytest\n"
        f"@pytest.hookimpl({'tryfirst' if order == 'tryfirst' else 'hookwrapper'}=True)\n"
        "def pytest_load_initial_conftests():\n"
        f"    assert os.environ['DATABASE_URL'] == {RESOLVED!r}\n"
        "    os.environ['REDIS_URL'] = 'redis://localhost:6379'\n"
        + ("" if order == "tryfirst" else "    yield\n")
        + f"def pytest_configure():\n    assert os.environ['REDIS_URL'] == 'redis://{HOST}:6379'\n"
    )
    ran = pytester.runpytest_subprocess("-p", "other", f"--rootdir={pytester.path}")
    ran.assert_outcomes(passed=1)


def test_the_environment_is_put_back(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    _reads(pytester, RESOLVED)
    pytester.inline_run().assertoutcome(passed=1)
    assert (os.environ["DATABASE_URL"], os.environ["PGHOST"]) == (GIVEN, "localhost")
    assert "PGPORT" not in os.environ


def test_an_interrupt_loses_nothing_that_is_put_back() -> None:
    before = dict(os.environ)
    config: Any = SimpleNamespace(stash=pytest.Stash())

    def begin() -> None:
        hostshift_pytest._restore(config.stash.get(hostshift_pytest.RESOLVED, {}))
        config.stash[hostshift_pytest.RESOLVED] = {}

    begin()
    resolve = partial(hostshift_pytest._resolve, config)
    for moment in moments(resolve, "hostshift_pytest", "frozen os"):
        begin()
        assert os.environ == before, moment
    assert os.environ["DATABASE_URL"] == RESOLVED
    begin()


@pytest.mark.parametrize(
    ("setting", "value"), [("HOSTSHIFT_MODE", "s3cret"), ("HOSTSHIFT_STRICT", "true")]
)
def test_what_is_wrong_ends_the_run(
    setting: str, value: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting, value)
    monkeypatch.setenv("HOSTSHIFT_MAP", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:s3cret@localhost:1/shop")
    for question, answer in {"ISOLATION": "docker", "NETWORK": "own", "NAMING": "plain"}.items():
        monkeypatch.setenv(f"HOSTSHIFT_{question}", answer)
    monkeypatch.setenv("HOSTSHIFT_PROBE", "never")
    pytester.makeini(INI)
    pytester.makepyfile("def test_never():\n    raise AssertionError\n")
    ran = pytester.runpytest_subprocess()
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: hostshift: *"])
    assert "Traceback" not in ran.stderr.str()
    assert "u:s3cret" not in ran.stdout.str() + ran.stderr.str()


def test_the_fixture_beside_it(pytester: pytest.Pytester, pretend: Pretend) -> None:
    pretend("host")
    pytester.makepyfile(
        "import hostshift\n"
        "def test_it(pretend):\n"
        f"    pretend('bridge', answers=['{HOST}:5432'])\n"
        f"    assert hostshift.resolve('localhost:5432') == '{HOST}:5432'\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
