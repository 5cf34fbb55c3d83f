"""The TLS context that asyncpg would make, pinned to the configured names."""

from __future__ import annotations

import inspect
import os
from ssl import CERT_NONE, SSLContext
from typing import TYPE_CHECKING, Any

from hostshift._log import warning
from hostshift.tls import pinned

if TYPE_CHECKING:
    from collections.abc import Mapping


def parameters(cparams: Mapping[str, Any], checked: Mapping[str, str]) -> dict[str, Any]:
    """Return ``ssl`` with the names that certificates are checked against, if any are.

    Args:
        cparams: the driver's parameters, as configured.
        checked: the name to check, by the host that is dialled.

    """
    context = cparams.get("ssl")
    if not isinstance(context, SSLContext):
        context = _made(cparams)
    if context is None or context.verify_mode == CERT_NONE:
        return {}  # a context in place of "prefer" would insist on TLS
    return {"ssl": pinned(context, checked)}


def _made(cparams: Mapping[str, Any]) -> SSLContext | None:
    """Make the context of ``ssl="verify-full"`` and the like as asyncpg makes it.

    That takes files, variables and a revocation list that only asyncpg knows all of, and
    there is no public way to it: so it is asked itself, by the function that is there
    from 0.29 to 0.32. What it refuses, it refuses again when it connects.
    """
    if cparams.get("ssl") is None and not os.environ.get("PGSSLMODE"):
        return None  # "prefer": nothing is verified
    try:
        from asyncpg import connect_utils  # type: ignore[import-untyped,unused-ignore]

        parse = connect_utils._parse_connect_dsn_and_args  # noqa: SLF001
        names = inspect.signature(parse).parameters
        _, made = parse(**{name: cparams.get(name) for name in names})
        return made.ssl if isinstance(made.ssl, SSLContext) else None
    except (AttributeError, TypeError):
        warning(
            "this asyncpg makes its TLS context in another way than 0.29 to 0.32: the"
            " certificate is checked against the address that is dialled. Give ssl= an SSLContext"
        )
    except (ValueError, OSError):
        return None
    return None
