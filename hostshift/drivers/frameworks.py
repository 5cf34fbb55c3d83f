"""The frameworks that integrations need. Refuse a missing one, and a release that does not fit."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.errors import IncompatibleError, MissingExtraError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Framework(Record):
    """One framework that an integration needs."""

    name: str
    """The name that its users know."""
    module: str
    """The module to import."""
    distribution: str
    """The distribution to install."""
    oldest: str
    """The oldest release that the integration works with."""
    extra: str
    """The requirement that installs it together with hostshift."""


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
"""The frameworks of each integration, as in ``pyproject.toml``."""


def failed(integration: str, error: ImportError | AttributeError) -> MissingExtraError:
    """Return the error for a failed import of a framework.

    Python raises AttributeError for a class whose base does not exist any more.

    Args:
        integration: the integration, as a key of :data:`FRAMEWORKS`.
        error: the error that Python raised.

    """
    for framework in FRAMEWORKS[integration]:
        # A None among sys.modules ends an import with the same class.
        if isinstance(error, ModuleNotFoundError) and error.name == framework.module:
            return MissingExtraError(
                f"{integration} needs {framework.name}: pip install '{framework.extra}'"
            )
    return incompatible(integration, f"an import fails: {error}")


def check(integration: str) -> None:
    """Refuse a framework that is too old. One of unknown version passes.

    Raises:
        IncompatibleError: a framework is too old; names the version.

    """
    for framework in FRAMEWORKS[integration]:
        version = _installed(framework)
        if version and _numbers(version) < _numbers(framework.oldest):
            raise incompatible(integration, f"{version} is older")


def incompatible(integration: str, why: str) -> IncompatibleError:
    """Return the error for an installed framework that the integration does not work with.

    Args:
        integration: the integration, as a key of :data:`FRAMEWORKS`.
        why: what is wrong, as the end of a sentence.

    """
    frameworks = FRAMEWORKS[integration]
    needs = " and ".join(f"{each.name} {each.oldest} and newer" for each in frameworks)
    installed = " and ".join(f"{each.name} {_installed(each) or '?'}" for each in frameworks)
    return IncompatibleError(
        f"{integration} works with {needs}. {installed} is installed, and cannot be used: {why}. "
        f"Install another release, or hostshift's newest"
    )


def lacks(integration: str, missing: Sequence[str]) -> IncompatibleError:
    """Return the error for a framework without some names that an integration wraps."""
    return incompatible(integration, f"it has no {' and no '.join(missing)}")


def _installed(framework: Framework) -> str:
    """Return the version of the imported module, else of the distribution; empty if unknown."""
    import sys

    # Flask computes __version__ in a function that warns: so read it from the dict only.
    imported = getattr(sys.modules.get(framework.module), "__dict__", {}).get("__version__")
    if isinstance(imported, str):
        return imported
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(framework.distribution) or ""
    except PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version: ``2.0.0b1`` is 2, 0, 0."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
