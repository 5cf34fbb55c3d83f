"""One connection string, every place the code runs.

hostshift detects where this process stands and what a connection string
means, and returns the address that reaches the same server from here::

    import hostshift

    url = hostshift.resolve("postgresql://app@localhost:5432/shop")

It reads nothing and queries nothing before the first call. Public are :mod:`hostshift`,
:mod:`hostshift.errors`, :mod:`hostshift.testing` and :mod:`hostshift.tls`; all other modules
are private.
"""

from hostshift.base.forks import in_flight as _in_flight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift._api import (
        aresolve,
        explain,
        forwarding,
        from_env,
        reset,
        resolve,
        resolve_address,
        resolve_environ,
        vantage,
    )
    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.errors import (
        CaptureError,
        EnvironmentFileError,
        ForwardError,
        HostshiftError,
        IncompatibleError,
        InvalidAddressError,
        MissingExtraError,
        MissingVariableError,
        RenderError,
        SettingError,
        StaleError,
        TopologyError,
        UndecidedError,
        UnknownDialectError,
        UnknownMemberError,
        WrongServerError,
    )
    from hostshift.resolution.result import Resolution
    from hostshift.routing.model import Decision

__all__ = [
    "CaptureError",
    "Decision",
    "EnvironmentFileError",
    "ForwardError",
    "HostshiftError",
    "IncompatibleError",
    "InvalidAddressError",
    "MissingExtraError",
    "MissingVariableError",
    "Policy",
    "RenderError",
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
    "forwarding",
    "from_env",
    "reset",
    "resolve",
    "resolve_address",
    "resolve_environ",
    "vantage",
]
__version__ = "0.1.0"

_WHERE = {
    "Decision": "routing.model",
    "Policy": "config.policy",
    "Resolution": "resolution.result",
    "Vantage": "detect.vantage",
}
"""The modules of public names that are neither in :mod:`._api` nor in :mod:`.errors`."""


def __getattr__(name: str) -> object:
    """Load the module of a public name at its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _WHERE.get(name, "errors" if name.endswith("Error") else "_api")
    with _in_flight():  # a child of a fork in another thread could not end these imports
        value = getattr(__import__(f"{__name__}.{module}", fromlist=[name]), name)
        if name == "Policy":  # its constructor must not fail later, because no descriptor is free
            __import__(f"{__name__}.config.table")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not, and those that every module has."""
    return sorted({*__all__, *(name for name in globals() if name[:2] == "__")})
