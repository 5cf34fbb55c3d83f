"""The errors that hostshift raises.

::

    HostshiftError
    ├── SettingError (ValueError)          a HOSTSHIFT_* or [tool.hostshift] value is wrong
    ├── UnknownDialectError (ValueError)   dialect= names a grammar that does not exist
    ├── InvalidAddressError (ValueError)   resolve_address(): the host or the port is invalid
    ├── MissingVariableError (KeyError)    from_env(): the variable is not set, no default
    ├── EnvironmentFileError               --env-file or --file: the .env file cannot be read
    ├── RenderError                        render: the file cannot be read, or not be written
    ├── ForwardError                       forward: a SPEC is wrong, or a port is not free
    ├── CaptureError                       vantage: cannot write to --capture, or read --root
    ├── TopologyError                      topology --save has nothing to write, or nowhere
    │   └── StaleError                     topology --check: the saved file is out of date
    ├── UndecidedError                     only with HOSTSHIFT_STRICT: a string has to stay
    ├── UnknownMemberError (ConnectionError)  a server announced the loopback of an unknown machine
    ├── WrongServerError (ConnectionError)  the address leads to another server than intended
    └── MissingExtraError (ImportError)    an integration was imported without its framework
        └── IncompatibleError              … or with a release that it does not work with

A message names the setting, the expected values and the fix. It never holds a
connection string, not even a masked one if its grammar is unsure.
"""

from __future__ import annotations


class HostshiftError(Exception):
    """Base of all errors that hostshift raises."""


class SettingError(HostshiftError, ValueError):
    """A setting has a value that is not allowed."""


class UnknownDialectError(HostshiftError, ValueError):
    """The dialect does not exist."""


class InvalidAddressError(HostshiftError, ValueError):
    """A host or a port is invalid: of another type, empty or out of range."""


class MissingVariableError(HostshiftError, KeyError):
    """An environment variable is not set and there is no default."""

    def __str__(self) -> str:
        """Return the message itself: KeyError would return its repr."""
        return str(self.args[0])


class EnvironmentFileError(HostshiftError):
    """A file of variables cannot be read."""


class RenderError(HostshiftError):
    """A configuration file cannot be read, or its result cannot be written."""


class ForwardError(HostshiftError):
    """A port cannot be forwarded: the SPEC is wrong, or this process may not listen there."""


class CaptureError(HostshiftError):
    """Writing the facts of a machine to a directory failed, or reading them from one."""


class TopologyError(HostshiftError):
    """A topology cannot be saved: no source describes the project, or the file is not writable."""


class StaleError(TopologyError):
    """A saved topology differs from what compose or the engine report."""


class UndecidedError(HostshiftError):
    """HOSTSHIFT_STRICT is on and a string has to stay for want of certainty."""


class UnknownMemberError(HostshiftError, ConnectionError):
    """A cluster's member is the loopback of an unknown machine; an integration does not dial it."""


class WrongServerError(HostshiftError, ConnectionError):
    """The address leads to another server than the intended one; an integration refuses it."""


class MissingExtraError(HostshiftError, ImportError):
    """An integration needs a framework that is not installed."""


class IncompatibleError(MissingExtraError):
    """An integration does not work with the installed release of its framework."""
