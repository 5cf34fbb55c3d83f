"""One connection string, every place the code runs.

hostshift works out where this process stands and what a connection string
means, and gives the address that reaches that same thing from here::

    import hostshift

    url = hostshift.resolve("postgresql://app@localhost:5432/shop")

Nothing is read and nothing is asked before the first call.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift._api import (
        aresolve,
        explain,
        from_env,
        reset,
        resolve,
        resolve_address,
        resolve_environ,
        vantage,
    )
    from hostshift.decision import Decision
    from hostshift.errors import (
        CaptureError,
        EnvironmentFileError,
        HostshiftError,
        IncompatibleError,
        InvalidAddressError,
        MissingExtraError,
        MissingVariableError,
        SettingError,
        StaleError,
        TopologyError,
        UndecidedError,
        UnknownDialectError,
        UnknownMemberError,
        WrongServerError,
    )
    from hostshift.policy import Policy
    from hostshift.resolution import Resolution
    from hostshift.vantages import Vantage

__all__ = [
    "CaptureError",
    "Decision",
    "EnvironmentFileError",
    "HostshiftError",
    "IncompatibleError",
    "InvalidAddressError",
    "MissingExtraError",
    "MissingVariableError",
    "Policy",
    "Resolution",
    "SettingError",
    "StaleError",
    "TopologyError",
    "UndecidedError",
    "UnknownDialectError",
    "UnknownMemberError",
    "Vantage",
    "WrongServerError",
    "aresolve",
    "explain",
    "from_env",
    "reset",
    "resolve",
    "resolve_address",
    "resolve_environ",
    "vantage",
]
__version__ = "0.1.0"

_WHERE = {
    "Decision": "decision",
    "Policy": "policy",
    "Resolution": "resolution",
    "Vantage": "vantages",
}
"""Modules of the public names, where it is neither :mod:`._api` nor :mod:`.errors`."""


def __getattr__(name: str) -> object:
    """Load what a public name needs when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _WHERE.get(name, "errors" if name.endswith("Error") else "_api")
    found = getattr(__import__(f"{__name__}.{module}", fromlist=[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what is public, loaded or not, beside what every module has."""
    return sorted({*__all__, *(name for name in globals() if name[:2] == "__")})
