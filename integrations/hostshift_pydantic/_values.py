"""Values as pydantic gets them, with the addresses from here."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AnyUrl, PostgresDsn, SecretStr

from hostshift.drivers import announce
from hostshift.drivers.containers import with_items
from hostshift.environment.values import is_data
from hostshift.resolution import resolver


def kinds(annotation: Any) -> list[Any]:
    """List the types in an annotation: of unions, lists and what Annotated describes."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kinds(get_args(annotation)[0])
    if origin in (Union, UnionType) or origin is not None:
        return [kind for argument in get_args(annotation) for kind in kinds(argument)]
    return [annotation]


URLS: tuple[type, ...] = tuple(kinds(kind)[0].__mro__[-2] for kind in (AnyUrl, PostgresDsn))
"""The base classes of pydantic's URL types, with one host and with several: those of
pydantic_core before 2.10, pydantic's own since."""

SEVERAL = (list, tuple, set, frozenset)
"""Containers whose items are resolved. A subclass may be anything, and stays as it is."""


def resolved(value: Any, client: str) -> Any:
    """Return a value with the addresses from here; one that holds no text is returned itself.

    Args:
        value: a text, a URL or a secret text, or a container of such.
        client: who reads it, for the log.

    Raises:
        UndecidedError: only with STRICT.

    """
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        after = shifted(text, client)
        return value if after == text else type(value)(after)
    if isinstance(value, (str, *URLS)):
        text = str(value)
        after = shifted(text, client)
        return value if after == text else after
    if type(value) in SEVERAL:
        return with_items(value, lambda _, item: resolved(item, client))
    if type(value) is dict:
        return with_items(value, lambda _, item: _named(item, client))
    return value


def shifted(text: str, client: str) -> str:
    """Resolve a text, and log what was changed. One that is empty holds no address.

    Raises:
        UndecidedError: only with STRICT.

    """
    if not text.strip():
        return text
    after = resolver.current().resolve(text)
    announce.text_changed(text, after, client)
    return after


def _named(value: Any, client: str) -> Any:
    """Resolve a value of a dictionary: beside addresses there may be words of any meaning."""
    if isinstance(value, str) and "://" not in value and not is_data(value):
        return value
    return resolved(value, client)
