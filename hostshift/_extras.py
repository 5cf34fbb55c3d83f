"""Frameworks that integrations need: missing, or installed in a release that cannot be used."""

from __future__ import annotations

from hostshift._record import Record
from hostshift.errors import IncompatibleError, MissingExtraError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Framework(Record):
    """What one integration needs."""

    name: str
    """As its users call it."""
    module: str
    """What is imported."""
    distribution: str
    """What is installed."""
    oldest: str
    """The oldest release that the integration works with."""
    extra: str
    """What installs it together with hostshift."""


def _framework(
    name: str, module: str, distribution: str, oldest: str, extra: str | None = None
) -> Framework:
    extra = f"hostshift[{distribution}]" if extra is None else extra
    return Framework(
        name=name, module=module, distribution=distribution, oldest=oldest, extra=extra
    )


FRAMEWORKS = {
    "hostshift_sqlalchemy": (_framework("SQLAlchemy", "sqlalchemy", "sqlalchemy", "2.0"),),
    "hostshift_pymongo": (_framework("pymongo", "pymongo", "pymongo", "4.12"),),
    "hostshift_redis": (_framework("redis-py", "redis", "redis", "5.0"),),
    "hostshift_httpx": (_framework("httpx", "httpx", "httpx", "0.25"),),
    "hostshift_django": (_framework("Django", "django", "django", "4.2"),),
    "hostshift_flask": (_framework("Flask", "flask", "flask", "2.3"),),
    "hostshift_pydantic": (
        _framework("pydantic", "pydantic", "pydantic", "2.7", "hostshift"),
        _framework(
            "pydantic-settings", "pydantic_settings", "pydantic-settings", "2.3", "hostshift"
        ),
    ),
}
"""What each integration needs, as ``pyproject.toml`` has it."""


def failed(integration: str, error: ImportError | AttributeError) -> MissingExtraError:
    """Return the error for an import of a framework that failed.

    An AttributeError is what a class ends with whose base is not there any more.

    Args:
        integration: the integration, as a key of :data:`FRAMEWORKS`.
        error: what Python raised.

    """
    for one in FRAMEWORKS[integration]:
        # A None among sys.modules ends an import with the same class.
        if isinstance(error, ModuleNotFoundError) and error.name == one.module:
            return MissingExtraError(f"{integration} needs {one.name}: pip install '{one.extra}'")
    return incompatible(integration, f"an import fails: {error}")


def check(integration: str) -> None:
    """Refuse a framework that is too old. One whose version is not known passes.

    Raises:
        IncompatibleError: it is; names the version.

    """
    for one in FRAMEWORKS[integration]:
        found = _installed(one)
        if found and _numbers(found) < _numbers(one.oldest):
            raise incompatible(integration, f"{found} is older")


def incompatible(integration: str, why: str) -> IncompatibleError:
    """Return the error for a framework that is installed, and cannot be used.

    Args:
        integration: the integration, as a key of :data:`FRAMEWORKS`.
        why: what is wrong, as the end of a sentence.

    """
    needs = " and ".join(f"{one.name} {one.oldest} and newer" for one in FRAMEWORKS[integration])
    there = " and ".join(f"{one.name} {_installed(one) or '?'}" for one in FRAMEWORKS[integration])
    return IncompatibleError(
        f"{integration} works with {needs}. {there} is installed, and cannot be used: {why}. "
        f"Install another release, or hostshift's newest"
    )


def lacks(integration: str, missing: Sequence[str]) -> IncompatibleError:
    """Return the error for a framework that lacks what an integration wraps or overrides."""
    return incompatible(integration, f"it has no {' and no '.join(missing)}")


def _installed(one: Framework) -> str:
    """Return the version of what is imported, else of what is installed; empty: not known."""
    import sys

    # Flask's __version__ is a function's by now, and warns: so it is not called.
    found = getattr(sys.modules.get(one.module), "__dict__", {}).get("__version__")
    if isinstance(found, str):
        return found
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(one.distribution) or ""
    except PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """Read the numbers at the beginning of a version: ``2.0.0b1`` is 2, 0, 0."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
