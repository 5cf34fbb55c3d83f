"""Names that a project's files give a meaning to, though no service has them. Pure.

Another project's service may have such a name, and this project still means its own by it: a
``hostname`` answers like a service's name while its container runs (libnetwork adds it to the
container's names), the engine writes ``extra_hosts`` into a hosts file, ``external_links``
gives another project's container a name of its own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.discovery.compose.values import Value


def of(trees: Iterable[Value]) -> frozenset[str]:
    """Return all such names of a project, in small letters."""
    names = (
        name
        for tree in trees
        for service in _values(_entry(tree, "services"))
        for name in _of_service(service)
    )
    return frozenset(name.lower() for name in names if name)


def _of_service(service: Value) -> Iterator[str]:
    yield _text(_entry(service, "hostname"))
    extra = _entry(service, "extra_hosts")
    if isinstance(extra, dict):
        yield from map(_text, extra)
    for line in _items(extra):
        yield line.replace("=", ":").partition(":")[0].strip()
    for line in _items(_entry(service, "external_links")):
        yield line.rpartition(":")[2]


def _entry(tree: Value, key: str) -> Value:
    return tree.get(key) if isinstance(tree, dict) else None


def _values(tree: Value) -> Iterable[Value]:
    return tree.values() if isinstance(tree, dict) else ()


def _items(value: Value) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else []


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
