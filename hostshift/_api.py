"""The public functions: thin calls into the process's resolver."""

from __future__ import annotations

import os

from hostshift import resolver, unloaded
from hostshift.errors import HostshiftError, InvalidAddressError, MissingVariableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from hostshift.policy import Policy
    from hostshift.resolution import Resolution
    from hostshift.vantages import Vantage


def resolve(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> str:
    """Return a connection string whose addresses reach the same things from here.

    Only hosts and ports change, and only those that mean something else from
    here. A text that cannot be read with certainty comes back as it is.

    Args:
        text: a connection string, or ``host:port``.
        dialect: the grammar of whoever will read it (``libpq``, ``sqlalchemy``,
            ``mongodb``, ``uri``, ``hostport``); by default the scheme tells.
        policy: settings for this call; by default those of the process.

    Raises:
        UndecidedError: only with STRICT, where a text had to be left as it was.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UnknownDialectError: there is no dialect of that name.

    """
    try:
        return resolver.current().resolve(text, dialect, policy)
    except HostshiftError as error:
        refusal = _without_frames(error)
    del text
    raise refusal


def _without_frames(error: HostshiftError) -> HostshiftError:
    """Return an error without the frames that it came through, whose variables hold the text.

    What collects errors shows them (Sentry, ``traceback`` with ``capture_locals``). Its message
    has all that the user needs; whoever raises it again deletes the text before.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


async def aresolve(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> str:
    """Do what :func:`resolve` does without blocking the event loop.

    Looking around happens in a worker thread; arguments and errors are the same.
    """
    from asyncio import to_thread

    try:
        return await to_thread(resolve, text, dialect=dialect, policy=policy)
    except HostshiftError as error:
        refusal = _without_frames(error)
    del text
    raise refusal


def explain(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> Resolution:
    """Return the answer of :func:`resolve` with everything that led to it.

    Never raises for what the text is. Printing the result shows no secret.

    Raises:
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UnknownDialectError: there is no dialect of that name.

    """
    try:
        return resolver.current().explain(text, dialect, policy)
    except HostshiftError as error:
        refusal = _without_frames(error)
    del text
    raise refusal


def from_env(name: str, default: str | None = None, *, dialect: str | None = None) -> str:
    """Read an environment variable and resolve it.

    Args:
        name: the variable.
        default: taken, and resolved as well, where the variable is not set.
        dialect: as for :func:`resolve`.

    Each changed address is logged at INFO, once a process and change.

    Raises:
        MissingVariableError: it is not set and there is no default.

    """
    text = os.environ.get(name, default)
    if text is None:
        raise MissingVariableError(
            f"{name} is not set: set it to a connection string, or give a default"
        )
    try:
        return _logged_once(name, text, dialect)
    except HostshiftError as error:
        refusal = _without_frames(error)
    del text, default
    raise refusal


def _logged_once(name: str, text: str, dialect: str | None) -> str:
    """Resolve the value of a variable, and log each change once."""
    current = resolver.current()
    # Not the text itself: it may hold a secret, and this is kept.
    key = ("from_env", name, dialect or "", str(hash(text)))
    if not current.logged.first_time(*key):
        after = current.resolve(text, dialect)
        if not current.logged.first_time(*key, str(hash(after))):
            return after
    try:
        from hostshift import _named
    except unloaded.FAILURES as error:
        unloaded.reason(error)  # what a signal handler raised goes on
        return current.resolve(text, dialect)
    after = _named.answer(name, text, current, dialect=dialect).after
    current.logged.first_time(*key, str(hash(after)))
    return after


def resolve_environ(
    environ: MutableMapping[str, str] | None = None,
    *,
    apply: bool = False,
    policy: Policy | None = None,
) -> dict[str, str]:
    """Return an environment in which addresses of data services are those from here.

    Touched are values with a data protocol's scheme (``postgresql://``, ``redis://``, …) and
    known pairs (``PGHOST`` and ``PGPORT``, ``DB_HOST`` and ``DB_PORT``, …), not web addresses
    and not what a server binds; ``HOSTSHIFT_ENV`` lists others.

    Args:
        environ: names and values; this process's by default.
        apply: also write the new values into it.
        policy: settings for this call; by default those of the process.

    Raises:
        UndecidedError: only with STRICT, where a value had to be left as it was.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.

    """
    given: MutableMapping[str, str] = os.environ if environ is None else environ
    try:
        changes: dict[str, str] | HostshiftError = _changes(given, policy)
    except HostshiftError as error:
        changes = _without_frames(error)
    if isinstance(changes, HostshiftError):
        del environ, given
        raise changes
    if apply:
        given.update(changes)
    return {**given, **changes}


def _changes(given: MutableMapping[str, str], policy: Policy | None) -> dict[str, str]:
    """Return the variables that have another value from here."""
    current = resolver.current()
    try:
        from hostshift import environ as environment

        return environment.resolved(given, current, policy)
    except unloaded.FAILURES as error:
        return unloaded.no_changes(current.loaded_policy if policy is None else policy, error)


def resolve_address(host: str, port: int) -> tuple[str, int]:
    """Return the host and port that reach the same thing from here.

    For configuration that keeps the two apart.

    Args:
        host: a name or an address; an IPv6 address without brackets.
        port: a number from 1 to 65535.

    Raises:
        InvalidAddressError: the host or the port is none, wherever this runs; a ValueError.
        UndecidedError: only with STRICT, where the address had to be left as it was.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.

    """
    _check_address(host, port)
    after = resolver.current().address(host, port).after
    return after.host, after.port if after.port is not None else port


def _check_address(host: object, port: object) -> None:
    """Raise for what no driver could dial, so that it is the same error everywhere.

    An empty host stays: it is the driver's default, or a socket.
    """
    number = isinstance(port, int) and not isinstance(port, bool)
    if isinstance(host, str) and number and 0 < port < 65536:  # type: ignore[operator]
        return
    from hostshift._setting_errors import shown

    # Configuration gives other types than are annotated: a port as text, say.
    if not isinstance(host, str):
        raise InvalidAddressError(f"host = {shown(host)}: expected a host name or an address")
    raise InvalidAddressError(f"port = {shown(port)}: expected an int from 1 to 65535")


def vantage() -> Vantage:
    """Return where this process stands; looked up once, until :func:`reset`."""
    return resolver.current().vantage()


def reset() -> None:
    """Forget everything that was read, decided and cached; the next call looks afresh."""
    resolver.reset()
