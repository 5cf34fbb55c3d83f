"""The texts in an application's configuration by flat names, ``KEY.key``, and back again.

So the rules for variables apply to them: a name says what a text is, and a host finds its
port in the name beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.drivers.containers import with_items
from hostshift.environment.celery import original

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEEPEST = 4
"""How deep dictionaries and lists are read."""
CONTAINERS = (dict, list, tuple)
"""What is read; a subclass of these may be anything, and stays."""


class Answers:
    """The texts of one configuration by name, as configured and as resolved."""

    def __init__(self) -> None:
        """Have no answer yet."""
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}
        self.replaced: dict[str, str] = {}
        """The answers before those, while the configuration may still hold some of them."""

    def configured(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the texts with the configured ones in the place of answers.

        A text may come from a variable of Celery's that was resolved for another
        application: then it is what that variable was.
        """
        return {
            name: self.before.get(name, text)
            if text in (self.after.get(name), self.replaced.get(name))
            else original(name.replace(".", "_").upper(), text)
            for name, text in texts.items()
        }


def texts(name: str, value: Any, deepest: int = DEEPEST) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value by their flat names.

    Args:
        name: the name of the value.
        value: a text, a number that is a port by its name, a host with its port, or a
            container of such.
        deepest: how deep containers are read.

    """
    if _is_address(value):
        host, port = value
        yield name, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    elif type(value) is str or (type(value) is int and name.endswith("_PORT")):
        yield name, str(value)
    elif deepest and type(value) in CONTAINERS:
        for key, item in _items(value):
            yield from texts(f"{name}.{key}", item, deepest - 1)


def with_texts(name: str, value: Any, new: Mapping[str, str], deepest: int = DEEPEST) -> Any:
    """Return a value with other texts: a copy of the same type, or itself where it has none.

    Args:
        name: the name of the value.
        value: what :func:`texts` reads.
        new: the other texts, by their flat names.
        deepest: how deep containers are read.

    """
    if name in new and _is_address(value):
        host, _, port = new[name].rpartition(":")
        return type(value)((host.strip("[]"), int(port)))
    if name in new:
        return type(value)(new[name])
    if not deepest or type(value) not in CONTAINERS:
        return value
    return with_items(value, lambda key, item: with_texts(f"{name}.{key}", item, new, deepest - 1))


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _is_address(value: object) -> bool:
    """Return True for a host and its port, as Flask-Caching wants a sentinel."""
    if not isinstance(value, (list, tuple)) or type(value) not in (list, tuple):
        return False
    return [type(item) for item in value] == [str, int]
