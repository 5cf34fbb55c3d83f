"""Celery's variables. Celery reads them itself, so hostshift resolves them in the environment."""

from __future__ import annotations

import json
import os

from hostshift.environment.find import ORIGINALS
from hostshift.environment.resolve import resolved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.resolution.resolver import Resolver


CELERY = (
    *("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"),
    "CELERY_RESULT_BACKEND",
)
"""Variables that Celery itself reads whenever it needs them. They override all configuration of
its application (``celery.app.utils.Settings``)."""


def resolve_variables(resolver: Resolver) -> None:
    """Resolve the variables that Celery reads, in this process's environment.

    Where this function wrote an answer before, it resolves the original value again. It keeps
    the originals in the environment, beside the answers: so both outlive a reset, and a child
    process inherits both.

    Raises:
        UndecidedError: only with STRICT; names the variable.

    """
    present = {name: os.environ[name] for name in CELERY if name in os.environ}
    originals = {name: original(name, value) for name, value in present.items()}
    answers = {**originals, **resolved(originals, resolver)}
    # The record comes first: an interrupt must leave no answer, new or old, without its original.
    _keep({name: (originals[name], present[name], answers[name]) for name in answers})
    os.environ.update(answers)
    _keep({name: (originals[name], answers[name]) for name in answers})


def _keep(texts: Mapping[str, tuple[str, ...]]) -> None:
    """Record the original value of each variable, and the answers for it."""
    kept = {name: list(dict.fromkeys(values)) for name, values in texts.items()}
    kept = {name: values for name, values in kept.items() if len(values) > 1}
    if kept:
        os.environ[ORIGINALS] = json.dumps(kept)
    else:
        os.environ.pop(ORIGINALS, None)


def original(name: str, value: str) -> str:
    """Return the value that one of Celery's variables had before hostshift wrote an answer.

    Args:
        name: the variable.
        value: its value now, or that of a setting made of it. A value that hostshift did
            not write comes back as it is.

    """
    if name not in CELERY or ORIGINALS not in os.environ:
        return value
    try:
        first, *answers = json.loads(os.environ[ORIGINALS])[name]
    except (LookupError, TypeError, ValueError):
        return value
    return first if value in answers and isinstance(first, str) else value
