"""Names that a project's files give a meaning to, though no service is called so. Pure.

What another project's service is called can then still be meant by one of these: a
``hostname`` answers like a service's name while its container runs (libnetwork adds it to the
container's names), ``extra_hosts`` is written into a hosts file, ``external_links`` gives a
container of somebody else a name of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def of(trees: Iterable[Any]) -> frozenset[str]:
    """Return all such names of a project, in small letters."""
    found = (
        name
        for tree in trees
        for service in _values(_entry(tree, "services"))
        for name in _of_service(service)
    )
    return frozenset(name.lower() for name in found if name)


def _of_service(service: Any) -> Iterator[str]:
    yield _text(_entry(service, "hostname"))
    extra = _entry(service, "extra_hosts")
    if isinstance(extra, dict):
        yield from map(_text, extra)
    for line in _items(extra):
        yield line.replace("=", ":").partition(":")[0].strip()
    for line in _items(_entry(service, "external_links")):
        yield line.rpartition(":")[2]


def _entry(tree: Any, key: str) -> Any:
    return tree.get(key) if isinstance(tree, dict) else None


def _values(tree: Any) -> Iterable[Any]:
    return tree.values() if isinstance(tree, dict) else ()


def _items(given: Any) -> list[str]:
    return [_text(one) for one in given] if isinstance(given, list) else []


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""
