"""Celery's variables: it reads them by itself, so they are resolved where it finds them."""

from __future__ import annotations

import json
import os

from hostshift.environ import CELERY, GIVEN, resolved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.resolver import Resolver


def resolve_variables(resolver: Resolver) -> None:
    """Resolve what Celery reads from this process's environment, in its place.

    What this has written before is resolved from what stood there first. That is kept
    beside it, in the environment too: so it outlives a reset, which what was written does as
    well, and a child that inherits the one has the other.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    found = {name: os.environ[name] for name in CELERY if name in os.environ}
    first = {name: original(name, value) for name, value in found.items()}
    answers = {**first, **resolved(first, resolver)}
    # First the record: an interrupt must leave no answer, new or old, without its original.
    _keep({name: (first[name], found[name], answers[name]) for name in answers})
    os.environ.update(answers)
    _keep({name: (first[name], answers[name]) for name in answers})


def _keep(texts: Mapping[str, tuple[str, ...]]) -> None:
    """Record what stood first in each of Celery's variables, and the answers for it."""
    kept = {name: list(dict.fromkeys(several)) for name, several in texts.items()}
    kept = {name: several for name, several in kept.items() if len(several) > 1}
    if kept:
        os.environ[GIVEN] = json.dumps(kept)
    else:
        os.environ.pop(GIVEN, None)


def original(name: str, value: str) -> str:
    """Return what stood in one of Celery's variables before what this has written there.

    Args:
        name: the variable.
        value: what is there, or in a setting that was made of it. Somebody else's value
            is returned as it is.

    """
    if name not in CELERY or GIVEN not in os.environ:
        return value
    try:
        first, *written = json.loads(os.environ[GIVEN])[name]
    except (LookupError, TypeError, ValueError):
        return value
    return first if value in written and isinstance(first, str) else value
