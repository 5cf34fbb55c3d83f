"""Find the engine that the user chose, by ``DOCKER_HOST`` or a context of the docker command."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING

from hostshift.base import redaction
from hostshift.base.record import Record
from hostshift.discovery.engine import json_fields
from hostshift.discovery.engine.problems import Problem
from hostshift.trust import gate, owners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.base.json_tree import Tree

DEFAULT_CONTEXT = "default"
_LIMIT = 1 << 20
"""Bytes of one of the docker command's files, at most."""
_READABLE = "make it readable for this user, or set DOCKER_HOST"
_REPAIR = "choose another one with docker context use, or set DOCKER_HOST"


class Choice(Record):
    """The engine that the user chose: hostshift asks no other, as the docker command does."""

    where: str
    """What chose it, in words for people."""
    url: str
    tls: bool = False
    """True if clients talk to it over TLS."""

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Keep the address out of ``repr``: it may hold a password, or be another string."""
        return frozenset(("url",))


def chosen(environ: Mapping[str, str]) -> Choice | None:
    """Return the engine that the user chose; None if the user chose none.

    The order is that of the docker command (docker/cli cli/command/cli.go,
    resolveContextName).

    Raises:
        Problem: we cannot read the choice.

    """
    url = environ.get("DOCKER_HOST")
    if url:
        # docker/cli cli/flags/options.go: any value but "" counts.
        tls = bool(environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_TLS"))
        return Choice(where="DOCKER_HOST", url=url, tls=tls)
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
    endpoint = json_fields.text(meta, "Endpoints", "docker", "Host")
    # docker/cli cli/context/store/tlsstore.go: this directory has a file for each part of TLS.
    tls = os.path.isdir(os.path.join(directory, "contexts", "tls", digest, "docker"))
    return Choice(where="the docker context", url=endpoint, tls=tls) if endpoint else None


def _current_context(directory: str) -> str:
    """Return the context in use; "" for none.

    If this is another user's home, we ignore the file, as the docker command does. We also
    ignore what a stranger puts into a home such as ``/tmp``.
    """
    if owners.is_strangers(directory):
        return ""
    try:
        config = _json(os.path.join(directory, "config.json"))
    except PermissionError:
        return ""
    return json_fields.text(config, "currentContext")


def _digest(context: str) -> str:
    """Return the name of a context's directory (docker/cli cli/context/store, contextdirOf)."""
    return sha256(context.encode("utf-8", "surrogateescape")).hexdigest()


def _json(path: str) -> Tree:
    """Read one of the docker command's files; return None if it does not exist.

    Raises:
        Problem: the file is unreadable or not JSON.
        PermissionError: this user may not read it.

    """
    try:
        parsed: Tree = json.loads(gate.read(path, _LIMIT))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise
    except gate.UntrustedError as error:
        raise Problem(
            f"is not believed: of {redaction.place(path)}, {error.rule}", fix=error.fix
        ) from None
    except OSError as error:
        raise Problem(
            f"cannot be read: {redaction.place(path)}: {error.strerror}", fix=_READABLE
        ) from None
    except (ValueError, RecursionError):
        raise Problem(f"cannot be read: {redaction.place(path)} is not JSON", fix=_REPAIR) from None
    return parsed
