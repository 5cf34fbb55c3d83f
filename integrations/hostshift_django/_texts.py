"""Texts in settings that hostshift does not know: those with a data service's scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import dsn
from hostshift.base.addresses import is_loopback
from hostshift.drivers.containers import with_items
from hostshift.dsn import json_lists, schemes
from hostshift.environment.find import SERVED, of_variable
from hostshift.environment.model import Variable
from hostshift.environment.values import DATA_PROTOCOLS, is_data
from hostshift.resolution.named_values import ESCAPED

if TYPE_CHECKING:
    from hostshift.drivers.visitors import Visitor

DEEPEST = 8
"""How deep containers are read; one may hold itself."""

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
    """Return a value with the addresses of the visitor; itself if they all stay.

    Args:
        visitor: visits each text of a data service, and what stays.
        place: the setting.
        name: the same, as a name.
        value: what it holds. Only dictionaries, lists, tuples and sets are read.

    """
    if is_secret(name):
        _leave(visitor, place, value, NAME_OF_ONE)
        return value
    if not SERVED.isdisjoint(name.upper().split("_")):
        _leave(visitor, place, value, NAME_OF_A_SERVER)
        return value
    return _visit(visitor, place, value, DEEPEST)


def _visit(visitor: Visitor, place: str, value: Any, deepest: int) -> Any:
    if isinstance(value, str):
        return _text(visitor, place, value)
    if not deepest:
        return value

    def change(key: Any, item: Any) -> Any:
        if is_secret(key):
            return item
        return _visit(visitor, f"{place}[{key!r}]", item, deepest - 1)

    named = isinstance(value, tuple) and hasattr(value, "_make")
    plain = isinstance(value, dict) and type(value).__module__ in ("builtins", "collections")
    if named or plain or type(value) in (list, tuple, set, frozenset):
        return with_items(value, change)
    return value


def _list(visitor: Visitor, place: str, text: str) -> str:
    """Return a text that is a JSON list, with the addresses of its strings."""
    listing = json_lists.texts(text)
    if listing is None:
        return text
    spans, escaped = listing
    for start, end in reversed(spans):
        if is_data(text[start:end]):
            text = text[:start] + visitor.text(place, text[start:end], None, "") + text[end:]
    if any(map(is_data, escaped)):
        visitor.left(place, f"stays as it is: {ESCAPED}")
    return text


def _text(visitor: Visitor, place: str, text: str) -> str:
    if text.lstrip()[:1] == "[":
        return _list(visitor, place, text)
    if is_data(text):
        after = visitor.text(place, text, None, "")
        return text if after == text else after
    named = None if place.startswith(SITES) else of_variable(_variable(place), text, {})
    if isinstance(named, Variable) and not named.spans and not named.is_json:
        after = visitor.text(place, text, None, named.protocol)
        return text if after == text else after
    if "://" not in text:
        return text
    reading, scheme = dsn.read(text), schemes.find(text.partition("://")[0])
    if reading.trouble:
        if scheme is not None and scheme.protocol in DATA_PROTOCOLS:
            visitor.left(place, f"stays as it is: {reading.trouble}")
    elif not place.startswith(SITES) and any(is_loopback(end.host) for end in reading.endpoints):
        visitor.web(place, text)
    return text


def _variable(place: str) -> str:
    """Return the name that a variable of the environment for a place would have."""
    return "".join(letter if letter.isalnum() else "_" for letter in place)


def _leave(visitor: Visitor, place: str, value: Any, why: str) -> None:
    if isinstance(value, str) and is_data(value):
        visitor.left(place, why)
