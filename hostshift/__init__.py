"""One connection string, every place the code runs.

hostshift works out where this process stands and what a connection string
means, and gives the address that reaches that same thing from here::

    import hostshift

    url = hostshift.resolve("postgresql://app@localhost:5432/shop")

Nothing is read and nothing is asked before the first call.
"""

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
    HostshiftError,
    MissingExtraError,
    MissingVariableError,
    SettingError,
    UndecidedError,
    UnknownDialectError,
)
from hostshift.policy import Policy
from hostshift.resolution import Resolution
from hostshift.vantages import Vantage

__all__ = [
    "Decision",
    "HostshiftError",
    "MissingExtraError",
    "MissingVariableError",
    "Policy",
    "Resolution",
    "SettingError",
    "UndecidedError",
    "UnknownDialectError",
    "Vantage",
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
