"""Texts in settings that nobody has told hostshift of: those with a data service's scheme."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from hostshift import _json_lists, environ, strings
from hostshift._named import ESCAPED
from hostshift.addresses import is_loopback
from hostshift.strings import schemes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift_django._visitors import Visitor

DEEPEST = 8
"""Containers within each other that are looked into; one may hold itself."""

SECRET = frozenset(
    (
        *("KEY", "KEYS", "SECRET", "SECRETS", "TOKEN", "TOKENS", "PASSWORD", "PASSWORDS"),
        *("FALLBACKS", "SIGNATURE", "SALT"),
    )
)
"""Last words of names whose values are no addresses, whatever they look like."""

SITES = ("ALLOWED_", "CORS_", "CSRF_", "SECURE_", "SESSION_", "STATIC_", "MEDIA_", "LOGIN_")
"""Names of what browsers see begin with these."""

NAME_OF_ONE = "stays as it is: by its name it holds a secret"
NAME_OF_A_SERVER = "stays as it is: by its name it is what a server binds or advertises"


def is_secret(name: object) -> bool:
    """Return True if a name, by its last word, is that of a secret."""
    return isinstance(name, str) and name.upper().rpartition("_")[2] in SECRET


def visit(visitor: Visitor, place: str, name: str, value: Any) -> Any:
    """Return a value with the addresses that the visitor wants; itself if they stay.

    Args:
        visitor: is shown each text of a data service, and what is left.
        place: the setting.
        name: the same, as a name.
        value: what it holds. Only dictionaries, lists, tuples and sets are looked into.

    """
    if is_secret(name):
        _leave(visitor, place, value, NAME_OF_ONE)
        return value
    if not environ.SERVED.isdisjoint(name.upper().split("_")):
        _leave(visitor, place, value, NAME_OF_A_SERVER)
        return value
    return _visit(visitor, place, value, DEEPEST)


def _visit(visitor: Visitor, place: str, value: Any, deepest: int) -> Any:
    if isinstance(value, str):
        return _text(visitor, place, value)
    if not deepest:
        return value
    if type(value) in (list, tuple, set, frozenset):
        new = [_visit(visitor, f"{place}[{at}]", one, deepest - 1) for at, one in enumerate(value)]
        return value if _same(new, value) else type(value)(new)
    make: Any = getattr(type(value), "_make", None)
    if isinstance(value, tuple) and make is not None:  # a named one
        new = [_visit(visitor, f"{place}[{at}]", one, deepest - 1) for at, one in enumerate(value)]
        return value if _same(new, value) else make(new)
    if isinstance(value, dict) and type(value).__module__ in ("builtins", "collections"):
        return _dict(visitor, place, value, deepest)
    return value


def _dict(visitor: Visitor, place: str, value: dict[Any, Any], deepest: int) -> Any:
    new = {
        key: one if is_secret(key) else _visit(visitor, f"{place}[{key!r}]", one, deepest - 1)
        for key, one in value.items()
    }
    if _same(new.values(), value.values()):
        return value
    changed = copy(value)
    changed.update(new)
    return changed


def _same(new: Iterable[Any], value: Iterable[Any]) -> bool:
    return all(a is b for a, b in zip(new, value, strict=True))


def _list(visitor: Visitor, place: str, text: str) -> str:
    """Return a text that is a JSON list, with the addresses of its strings."""
    listing = _json_lists.texts(text)
    if listing is None:
        return text
    spans, escaped = listing
    for start, end in reversed(spans):
        if environ.is_data(text[start:end]):
            text = text[:start] + visitor.text(place, text[start:end], None, "") + text[end:]
    if any(map(environ.is_data, escaped)):
        visitor.left(place, f"stays as it is: {ESCAPED}")
    return text


def _text(visitor: Visitor, place: str, text: str) -> str:
    if text.lstrip()[:1] == "[":
        return _list(visitor, place, text)
    if environ.is_data(text):
        after = visitor.text(place, text, None, "")
        return text if after == text else after
    if "://" not in text:
        return text
    reading, scheme = strings.read(text), schemes.find(text.partition("://")[0])
    if reading.trouble:
        if scheme is not None and scheme.protocol in environ.DATA_PROTOCOLS:
            visitor.left(place, f"stays as it is: {reading.trouble}")
    elif not place.startswith(SITES) and any(is_loopback(end.host) for end in reading.endpoints):
        visitor.web(place, text)
    return text


def _leave(visitor: Visitor, place: str, value: Any, why: str) -> None:
    if isinstance(value, str) and environ.is_data(value):
        visitor.left(place, why)
