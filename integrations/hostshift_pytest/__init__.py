"""hostshift for pytest: loaded by itself once hostshift is installed.

::

    def test_on_the_bridge(pretend):
        pretend("bridge", answers=["172.17.0.1:5432"])
        assert hostshift.resolve("localhost:5432") == "172.17.0.1:5432"

The fixture ``pretend`` takes what :func:`hostshift.testing.pretend` takes, and lasts until
the test ends. With ``hostshift_environ = true`` in pytest's configuration, or
``--hostshift-environ``, the addresses in the environment are those from here before any
``conftest.py`` reads them.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from hostshift import Vantage

__all__ = ["Pretend", "pretend"]

OPTION = "hostshift_environ"
RESOLVED = pytest.StashKey[dict[str, str | None]]()
"""Variables that were resolved, with what they were before."""


class Pretend(Protocol):
    """The type of the fixture."""

    def __call__(self, place: str | Vantage = "host", **options: Any) -> Vantage:
        """Stand somewhere else until the test ends."""
        ...


@pytest.fixture(name="pretend")
def pretend() -> Iterator[Pretend]:
    """Stand somewhere else until the test ends; takes what hostshift.testing.pretend takes."""
    from hostshift import testing

    with ExitStack() as until_the_end:

        def stand(place: str | Vantage = "host", **options: Any) -> Vantage:
            return until_the_end.enter_context(testing.pretend(place, **options))

        yield stand


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option, for the command and for the configuration."""
    text = "resolve the addresses of data services in the environment before anything is collected"
    parser.addini(OPTION, text, type="bool", default=False)
    group = parser.getgroup("hostshift")
    group.addoption("--hostshift-environ", action="store_true", dest=OPTION, help=text)


# The old kind of wrapper: pytest 7 has no other.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Resolve before other plugins read the environment (pytest-django loads settings here)."""
    if early_config.getini(OPTION) or early_config.known_args_namespace.hostshift_environ:
        early_config.stash[RESOLVED] = {}
        early_config.add_cleanup(lambda: _restore(early_config.stash[RESOLVED]))
        _resolve(early_config)
    yield


# pytest takes no hook whose name begins otherwise.
@pytest.hookimpl(specname="pytest_load_initial_conftests")
def pytest_load_initial_conftests_again(early_config: pytest.Config) -> None:
    """Resolve what other plugins have set since (pytest-env), before a ``conftest.py`` reads it."""
    if RESOLVED in early_config.stash:
        _resolve(early_config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the variables that have another value; none is shown."""
    if RESOLVED not in config.stash:
        return []
    resolved = config.stash[RESOLVED]
    return [f"hostshift: {', '.join(resolved) or 'no variable'} resolved for here"]


def _resolve(config: pytest.Config) -> None:
    """Put the addresses that hold from here into the environment.

    Raises:
        pytest.UsageError: a setting is wrong, or STRICT refuses a value.

    """
    import hostshift

    before = dict(os.environ)
    try:
        after = hostshift.resolve_environ()
    except hostshift.HostshiftError as error:
        raise pytest.UsageError(f"hostshift: {error}") from None
    changes = {name: value for name, value in after.items() if value != before.get(name)}
    for name in changes:  # First what is put back: an interrupt must lose none of it.
        config.stash[RESOLVED].setdefault(name, before.get(name))
    os.environ.update(changes)


def _restore(before: dict[str, str | None]) -> None:
    """Leave the environment as it was: whoever called pytest.main() goes on with it."""
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
