"""The public functions: thin calls into the process's resolver."""

from __future__ import annotations

import os

from hostshift.base import redaction
from hostshift.base.forks import in_flight
from hostshift.config.policy import Policy
from hostshift.errors import (
    HostshiftError,
    InvalidAddressError,
    MissingVariableError,
    UnknownDialectError,
)
from hostshift.resolution import resolver, unloaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from hostshift.detect.vantage import Vantage
    from hostshift.forward.thread import Forwarding
    from hostshift.resolution.result import Resolution


def resolve(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> str:
    """Return a connection string whose addresses reach the same servers from here.

    Only hosts and ports change, and only those that mean something else from
    here. A text that hostshift cannot read with certainty comes back as it is.

    Args:
        text: a connection string, or ``host:port``.
        dialect: the grammar of the program that will read it (``libpq``, ``sqlalchemy``,
            ``mongodb``, ``uri``, ``hostport``); by default the scheme decides.
        policy: settings for this call; by default those of the process.

    Raises:
        UndecidedError: only with STRICT, if the text stays for want of certainty.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UnknownDialectError: the dialect does not exist.
        TypeError: the policy is not a :class:`hostshift.Policy`.

    """
    refusal = None if dialect is None and policy is None else _refusal(dialect, policy)
    if refusal is None:
        try:
            return resolver.current().resolve(text, dialect, policy)
        except HostshiftError as error:
            refusal = _without_frames(error)
    del text, dialect, policy
    raise refusal


def _without_frames(error: HostshiftError) -> HostshiftError:
    """Return an error without the frames that it came through, because they hold the text.

    Tools that collect errors show the variables of each frame (Sentry, ``traceback`` with
    ``capture_locals``). The message has all that the user needs. The caller deletes the text
    before it raises the error again.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


async def aresolve(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> str:
    """Do what :func:`resolve` does, without blocking the event loop.

    The work happens in a worker thread. Arguments and errors are the same.
    """
    from asyncio import to_thread

    refusal = _refusal(dialect, policy)  # here, because the thread's frames hold the text, too
    if refusal is None:
        try:
            return await to_thread(resolve, text, dialect=dialect, policy=policy)
        except HostshiftError as error:
            refusal = _without_frames(error)
    del text, dialect, policy
    raise refusal


def explain(text: str, *, dialect: str | None = None, policy: Policy | None = None) -> Resolution:
    """Return the answer of :func:`resolve`, with everything that led to it.

    No text makes it raise. Printing the result shows no secret.

    Raises:
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UnknownDialectError: the dialect does not exist.
        TypeError: the policy is not a :class:`hostshift.Policy`.

    """
    refusal = _refusal(dialect, policy)
    if refusal is None:
        try:
            return resolver.current().explain(text, dialect, policy)
        except HostshiftError as error:
            refusal = _without_frames(error)
    del text, dialect, policy
    raise refusal


def from_env(name: str, default: str | None = None, *, dialect: str | None = None) -> str:
    """Read an environment variable and resolve it.

    It logs each changed address at INFO, once a process and change.

    Args:
        name: the variable.
        default: the text to resolve if the variable is not set.
        dialect: as for :func:`resolve`.

    Raises:
        MissingVariableError: the variable is not set and there is no default.
        UnknownDialectError: the dialect does not exist.

    """
    refusal = _refusal(dialect)
    if refusal is None:
        try:
            return _logged_once(name, _value(name, default), dialect)
        except HostshiftError as error:
            refusal = _without_frames(error)
    del name, default, dialect
    raise refusal


def _value(name: str, default: str | None) -> str:
    """Return the value of a variable.

    Raises:
        MissingVariableError: it is not set and there is no default.

    """
    text = os.environ.get(name, default)
    if text is None:
        raise MissingVariableError(
            f"{redaction.name(name)} is not set: set it to a connection string, or pass a default"
        )
    return text


def _logged_once(name: str, text: str, dialect: str | None) -> str:
    """Resolve the value of a variable, and log each change once."""
    current = resolver.current()
    # The key holds no text, because the log keeps its keys and a text may hold a secret.
    key = ("from_env", name, dialect or "", str(hash(text)))
    if not current.logged.first_time(*key):
        after = current.resolve(text, dialect)
        if not current.logged.first_time(*key, str(hash(after))):
            return after
    try:
        with in_flight():
            from hostshift.resolution import named_values
    except unloaded.FAILURES as error:
        unloaded.reason(error)  # raises again what a signal handler raised
        return current.resolve(text, dialect)
    shown = redaction.name(name)
    after = named_values.answer(shown, text, current, dialect=dialect).after
    current.logged.first_time(*key, str(hash(after)))
    return after


def resolve_environ(
    environ: MutableMapping[str, str] | None = None,
    *,
    apply: bool = False,
    policy: Policy | None = None,
) -> dict[str, str]:
    """Return an environment with the addresses that reach its data services from here.

    It resolves values with a data protocol's scheme (``postgresql://``, ``redis://``, …) and
    known pairs (``PGHOST`` and ``PGPORT``, ``DB_HOST`` and ``DB_PORT``, …). Web addresses and
    what a server binds stay. ``HOSTSHIFT_ENV`` lists other variables to resolve.

    Args:
        environ: names and values; by default the environment of this process.
        apply: also write the new values into ``environ``.
        policy: settings for this call; by default those of the process.

    Raises:
        UndecidedError: only with STRICT, if a value stays for want of certainty.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        TypeError: the policy is not a :class:`hostshift.Policy`.

    """
    refusal = _refusal(policy=policy)
    variables: MutableMapping[str, str] = os.environ if environ is None else environ
    changes: dict[str, str] = {}
    if refusal is None:
        try:
            changes = _changes(variables, policy)
        except HostshiftError as error:
            refusal = _without_frames(error)
    if refusal is not None:
        del environ, variables, policy
        raise refusal
    if apply:
        variables.update(changes)
    return {**variables, **changes}


def _changes(variables: MutableMapping[str, str], policy: Policy | None) -> dict[str, str]:
    """Return the variables that have another value from here."""
    current = resolver.current()
    try:
        with in_flight():
            from hostshift.environment.resolve import resolved

            return resolved(variables, current, policy)
    except unloaded.FAILURES as error:
        return unloaded.no_changes(current.loaded_policy if policy is None else policy, error)


def resolve_address(host: str, port: int) -> tuple[str, int]:
    """Return the host and port that reach the same server from here.

    Use it for configuration that keeps the two apart.

    Args:
        host: a name or an address; an IPv6 address without brackets.
        port: a number from 1 to 65535.

    Raises:
        InvalidAddressError: the host or the port is invalid, wherever this runs; a ValueError.
        UndecidedError: only with STRICT, if the address stays for want of certainty.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.

    """
    refusal = _refused_address(host, port)
    if refusal is None:
        try:
            after = resolver.current().address(host, port).after
        except HostshiftError as error:
            refusal = _without_frames(error)
        else:
            return after.host, after.port if after.port is not None else port
    del host, port
    raise refusal


def _refused_address(host: object, port: object) -> HostshiftError | None:
    """Return the error for what no driver could dial, the same one everywhere, or None.

    An empty host passes: it is the driver's default, or a socket.
    """
    number = isinstance(port, int) and not isinstance(port, bool)
    if isinstance(host, str) and number and 0 < port < 65536:  # type: ignore[operator]
        return None
    from hostshift.config.shown import shown

    # Configuration holds other types than the annotated ones: a port as text, for example.
    if not isinstance(host, str):
        return InvalidAddressError(f"host = {shown(host)}: expected a host name or an address")
    return InvalidAddressError(f"port = {shown(port)}: expected an int from 1 to 65535")


def _refusal(dialect: object = None, policy: object = None) -> Exception | None:
    """Return the error for arguments of other types than the annotated ones, or None.

    It is not raised here, because this frame would hold them: one may be a connection string.
    """
    if dialect is not None and not isinstance(dialect, str):
        from hostshift.config.shown import shown

        wrong = f"dialect = {shown(dialect)}: expected the name of a dialect, such as 'libpq'"
        return UnknownDialectError(wrong)
    return refused_policy(policy)


def refused_policy(policy: object) -> TypeError | None:
    """Return the error for a policy that is neither a Policy nor None, or None."""
    if policy is None or isinstance(policy, Policy):
        return None
    from hostshift.config.shown import shown

    return TypeError(
        f"policy = {shown(policy)}: expected a hostshift.Policy, such as Policy(mode='off')"
    )


def forwarding(*specs: str | int) -> Forwarding:
    """Return a context in which ports of localhost lead to what they mean from here.

    It listens on 127.0.0.1 and ::1 of this network namespace, and carries the bytes of each
    connection to where its target is at that moment. Use it where an address is written in code,
    or announced by a server::

        with hostshift.forwarding(5432, "27017"):
            ...

    ``async with`` does the same. A port that leads there anyway gets no listener.

    Args:
        *specs: ports; ``"5433=db:5432"``, ``"5432=postgresql"``, ``"db:5432"``, the name of a
            variable, or ``"auto"`` (the default): all addresses of the environment on localhost.

    Entering it raises:
        ForwardError: a SPEC is wrong, or a port is not free; then nothing listens.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UndecidedError: only with STRICT, if an address stays for want of certainty.

    """
    with in_flight():
        from hostshift.forward.thread import Forwarding
    return Forwarding(*specs)


def vantage() -> Vantage:
    """Return where this process stands. It reads that once, until :func:`reset`.

    Raises:
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.

    """
    try:
        with in_flight():
            return resolver.current().vantage()
    except HostshiftError as error:
        refusal = _without_frames(error)
    raise refusal


def reset() -> None:
    """Forget all facts, decisions and caches. The next call reads everything again."""
    resolver.reset()
