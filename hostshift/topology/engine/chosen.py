"""Which engine the user has chosen, by ``DOCKER_HOST`` or by a context of the docker command."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING

from hostshift import owners, trust
from hostshift._record import Record
from hostshift.topology.engine import shapes
from hostshift.topology.engine.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONTEXT = "default"
_LIMIT = 1 << 20
"""Bytes of one of the docker command's own files, at most."""
_READABLE = "make it readable for this user, or set DOCKER_HOST"
_REPAIR = "choose another one with docker context use, or set DOCKER_HOST"


class Choice(Record):
    """The engine that the user means: that one and no other, as for the docker command."""

    where: str
    """What chose it, for people."""
    url: str
    tls: bool = False
    """Whether it is spoken to by TLS."""


def chosen(environ: Mapping[str, str]) -> Choice | None:
    """Return what the user has chosen, None where nothing is chosen.

    The order is that of the docker command (docker/cli cli/command/cli.go,
    resolveContextName).

    Raises:
        Problem: the choice cannot be read.

    """
    given = environ.get("DOCKER_HOST")
    if given:
        # docker/cli cli/flags/options.go: any value but "" counts.
        tls = bool(environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_TLS"))
        return Choice(where="DOCKER_HOST", url=given, tls=tls)
    directory = environ.get("DOCKER_CONFIG") or os.path.join(owners.home(environ), ".docker")
    context = environ.get("DOCKER_CONTEXT") or _current_context(directory)
    return None if context in ("", DEFAULT_CONTEXT) else _of_context(directory, context)


def _of_context(directory: str, context: str) -> Choice | None:
    digest = _digest(context)
    try:
        meta = _json(os.path.join(directory, "contexts", "meta", digest, "meta.json"))
    except PermissionError:
        raise Problem("is chosen, but this user cannot read it", fix=_READABLE) from None
    if meta is None:
        raise Problem("is chosen, but does not exist", fix=_REPAIR)
    endpoint = shapes.text(meta, "Endpoints", "docker", "Host")
    # docker/cli cli/context/store/tlsstore.go: what TLS needs is here, a file for each part.
    tls = os.path.isdir(os.path.join(directory, "contexts", "tls", digest, "docker"))
    return Choice(where="the docker context", url=endpoint, tls=tls) if endpoint else None


def _current_context(directory: str) -> str:
    """Return the context that is in use, "" for none.

    A file of another user, whose home this is, is none of ours: the docker command
    goes on without it, too. So is what a stranger puts into a home such as ``/tmp``.
    """
    if owners.is_strangers(directory):
        return ""
    try:
        found = _json(os.path.join(directory, "config.json"))
    except PermissionError:
        return ""
    return shapes.text(found, "currentContext")


def _digest(context: str) -> str:
    """Name the directory of a context (docker/cli cli/context/store, contextdirOf)."""
    return sha256(context.encode("utf-8", "surrogateescape")).hexdigest()


def _json(path: str) -> object:
    """Read one of the docker command's files; None where it is not there.

    Raises:
        Problem: it cannot be read, or is no JSON.
        PermissionError: this user may not read it.

    """
    try:
        found: object = json.loads(trust.read(path, _LIMIT))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise
    except trust.UntrustedError as error:
        raise Problem(f"is not believed: of {path}, {error.rule}", fix=error.fix) from None
    except OSError as error:
        raise Problem(f"cannot be read: {path}: {error.strerror}", fix=_READABLE) from None
    except (ValueError, RecursionError):
        raise Problem(f"cannot be read: {path} is not JSON", fix=_REPAIR) from None
    return found
