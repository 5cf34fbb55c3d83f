"""What asyncpg looks up by a host, for the configured one: TLS context and password."""

from __future__ import annotations

import inspect
import os
from ssl import CERT_NONE, SSLContext
from typing import TYPE_CHECKING

from hostshift.resolution import decision_log, resolver
from hostshift.tls import pinned

if TYPE_CHECKING:
    from collections.abc import Mapping


def parameters(cparams: Mapping[str, object], checked: Mapping[str, str]) -> dict[str, object]:
    """Return what asyncpg would look up by the configured host.

    That is ``ssl`` with the names that certificates are checked against, if any are, and
    the ``password``, if it is in a file.

    Args:
        cparams: the driver's parameters, as configured.
        checked: the name to check, by the host that is dialled.

    """
    return {**_pinned_context(cparams, checked), **_password(cparams)}


def _pinned_context(cparams: Mapping[str, object], checked: Mapping[str, str]) -> dict[str, object]:
    context = cparams.get("ssl")
    if not isinstance(context, SSLContext):
        context = _context_of_mode(cparams)
    if context is None or context.verify_mode == CERT_NONE:
        return {}  # a context in place of "prefer" would insist on TLS
    return {"ssl": pinned(context, checked)}


def _context_of_mode(cparams: Mapping[str, object]) -> SSLContext | None:
    """Return the context that asyncpg makes for ``ssl="verify-full"`` and the like."""
    if cparams.get("ssl") is None and not os.environ.get("PGSSLMODE"):
        return None  # "prefer": nothing is verified
    parsed = _parsed(
        cparams,
        "makes its TLS context",
        "the certificate is checked against the address that is dialled. Give ssl= an SSLContext",
    )
    context = getattr(parsed, "ssl", None)
    return context if isinstance(context, SSLContext) else None


def _password(cparams: Mapping[str, object]) -> dict[str, object]:
    """Find the password of the configured address in asyncpg's ``passfile``."""
    if cparams.get("password") is not None or os.environ.get("PGPASSWORD"):
        return {}
    parsed = _parsed(
        {**cparams, "ssl": False, "direct_tls": False},
        "reads its password file",
        "it looks the password up by the address that is dialled. Give password=",
    )
    password = getattr(parsed, "password", None)
    return {"password": password} if password else {}


def _parsed(cparams: Mapping[str, object], what: str, consequence: str) -> object:
    """Read parameters, files and variables as asyncpg does; return None where it refuses them.

    Only asyncpg knows all of those, and it has no public way to what it makes of them. So
    this calls its own function, which 0.29 to 0.32 have; where that is gone, it warns once a
    process. What asyncpg refuses, it refuses again when it connects.
    """
    try:
        from asyncpg import connect_utils  # type: ignore[import-untyped,unused-ignore]

        parse = connect_utils._parse_connect_dsn_and_args  # noqa: SLF001
        names = inspect.signature(parse).parameters
        parsed: tuple[object, object] = parse(**{name: cparams.get(name) for name in names})
        return parsed[1]
    except (AttributeError, TypeError):
        message = "this asyncpg %s in another way than 0.29 to 0.32: %s"
        decision_log.warn_once(resolver.current().logged, message, what, consequence)
    except (ValueError, OSError):
        return None
    return None
