"""What hostshift raises.

::

    HostshiftError
    ├── SettingError (ValueError)          a HOSTSHIFT_* or [tool.hostshift] value is wrong
    ├── UnknownDialectError (ValueError)   dialect= names a grammar that does not exist
    ├── InvalidAddressError (ValueError)   resolve_address(): no host, or a port that cannot be
    ├── MissingVariableError (KeyError)    from_env(): the variable is not set, no default
    ├── EnvironmentFileError               a .env file that was named cannot be read
    ├── CaptureError                       vantage --capture cannot write there, or --root read
    ├── TopologyError                      topology --save has nothing to write, or nowhere
    │   └── StaleError                     topology --check: the saved file is out of date
    ├── UndecidedError                     only with HOSTSHIFT_STRICT: a string had to stay
    ├── UnknownMemberError (ConnectionError)  a server announced its own loopback: whose is it?
    ├── WrongServerError (ConnectionError)  the address leads to another server than intended
    └── MissingExtraError (ImportError)    an integration was imported without its framework
        └── IncompatibleError              … or with a release of it that it does not work with

Messages name the setting, what was expected and the fix. They never carry a
connection string: not even a masked one when its grammar was unsure.
"""

from __future__ import annotations


class HostshiftError(Exception):
    """Base of everything hostshift raises."""


class SettingError(HostshiftError, ValueError):
    """A setting has a value that it cannot have."""


class UnknownDialectError(HostshiftError, ValueError):
    """The named dialect does not exist."""


class InvalidAddressError(HostshiftError, ValueError):
    """A host or a port is invalid: of another type, empty or out of range."""


class MissingVariableError(HostshiftError, KeyError):
    """An environment variable is not set and there is no default."""

    def __str__(self) -> str:
        """Show the message plainly: KeyError would show its repr."""
        return str(self.args[0])


class EnvironmentFileError(HostshiftError):
    """A file of variables cannot be read."""


class CaptureError(HostshiftError):
    """The surroundings cannot be written where they should go, or read where they should be."""


class TopologyError(HostshiftError):
    """A topology cannot be saved: no source describes the project, or the file is not writable."""


class StaleError(TopologyError):
    """A saved topology is not what compose or the engine say."""


class UndecidedError(HostshiftError):
    """HOSTSHIFT_STRICT is on and a string had to be left as it was."""


class UnknownMemberError(HostshiftError, ConnectionError):
    """A member of a cluster is the loopback of a machine that is not known: it is not dialled."""


class WrongServerError(HostshiftError, ConnectionError):
    """The address leads to another server than the intended one: it is not dialled."""


class MissingExtraError(HostshiftError, ImportError):
    """An integration needs a framework that is not installed."""


class IncompatibleError(MissingExtraError):
    """The installed release of a framework is one that its integration does not work with."""
