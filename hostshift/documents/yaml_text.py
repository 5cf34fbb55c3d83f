"""YAML: all documents of a file, by the marks that PyYAML sets. Pure.

Tags, anchors, aliases and merge keys stay. Ruby's ``<%= … %>`` and ``{{ … }}`` are no YAML:
characters that mean nothing take their place while the file is read, so a value with one in it
is known as a template.
"""

from __future__ import annotations

import re

from hostshift.documents import yaml_styles
from hostshift.documents.model import (
    NUMBER,
    Document,
    DocumentError,
    Scalar,
    line_of,
    may_be_port,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from yaml import SafeLoader
    from yaml.nodes import Node

    from hostshift.documents.model import Leaf

MOST_MERGED = 100_000
"""The most values that merge keys may bring into mappings: each step may multiply them."""
MASK = "\ue000"
"""Stands for each character of a template. YAML allows it, and nobody writes it."""
_TEMPLATE = re.compile(r"<%[^\n\r]*?%>|\{\{[^\n\r]*?\}\}")
_STATEMENT = re.compile(
    r"^([ \t]*)((?:<%(?!=)[^\n\r]*%>|\{%[^\n\r]*%\}|\{#[^\n\r]*#\})[ \t]*)$",
    re.MULTILINE,
)
"""A line that only says what happens to others: it becomes a comment."""
_PROPERTIES = re.compile(r"(?:(?:!<[^>]*>|[&!]\S*)(?:\s|(?<=\s)#[^\n\r]*)+)+")
"""The anchor and the tag before a value. PyYAML counts them to it."""
_DEPTH = 64
"""How deep collections may nest."""
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_OCTAL = re.compile(r"[-+]?0[0-9_]+\Z")
_PREFIX = "tag:yaml.org,2002:"
_MERGE = f"{_PREFIX}merge"

encoded = yaml_styles.encoded
units = yaml_styles.units


def read(text: str) -> Document:
    """Return the values of a file.

    Raises:
        DocumentError: it is not YAML.

    """
    import yaml

    loader: type[SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    masked = _masked(text)
    try:
        _check_depth(masked, loader)
        walk = _Walk(masked, text)
        for number, root in enumerate(yaml.compose_all(masked, loader)):
            walk.document(root, number)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(_line(mark), "it is not valid YAML") from None
    except yaml.reader.ReaderError as error:
        line = line_of(text, error.position) if isinstance(error.position, int) else None
        raise DocumentError(line, "it is not valid YAML: a character that YAML forbids") from None
    return Document(
        scalars=tuple(walk.scalars),
        leaves=tuple(walk.leaves),
        views=tuple(walk.views()),
        shared=frozenset(walk.shared),
    )


def _masked(text: str) -> str:
    """Put as many harmless characters in the place of each template."""
    if not any(mark in text for mark in ("<%", "{{", "{%", "{#")):
        return text
    text = _STATEMENT.sub(lambda match: match[1] + "#" * len(match[2]), text)
    return _TEMPLATE.sub(lambda match: MASK * len(match[0]), text)


def _check_depth(text: str, loader: type[SafeLoader]) -> None:
    """Refuse deep nesting: composing it recurses, in libyaml without a limit."""
    import yaml

    depth = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEPTH:
            raise DocumentError(_line(event.start_mark), "it is nested too deeply")


def _line(mark: Any) -> int | None:
    return None if mark is None else mark.line + 1


class _Walk:
    """All documents of a file, node by node."""

    def __init__(self, text: str, original: str) -> None:
        self._text, self._original = text, original
        self.scalars: list[Scalar] = []
        self.leaves: list[Leaf] = []
        self._numbers: dict[int, int] = {}
        """By a scalar node, the number of its scalar."""
        self._seen: dict[int, int] = {}
        """By a node, how many were seen before it: what an alias stands for."""
        self._nodes: list[Node] = []
        """Keeps the nodes, so that no other has the identity of one."""
        self._mappings: list[tuple[tuple[str, ...], Node]] = []
        self._groups = self._part = self._merged = 0
        self.shared: set[int] = set()

    def document(self, root: Node | None, number: int) -> None:
        self._part = number
        self.leaves.append(((), "document", str(number)))
        if root is not None:
            self._groups += 1
            self._node(root, (), self._groups)

    def _node(self, node: Any, path: tuple[str, ...], group: int) -> None:
        if id(node) in self._seen:
            self.leaves.append((path, "alias", str(self._seen[id(node)])))
            if id(node) in self._numbers:
                self.shared.add(self._numbers[id(node)])
            return
        self._seen[id(node)] = len(self._seen)
        self._nodes.append(node)
        if node.id == "scalar":
            self._scalar(node, path, group)
            return
        self.leaves.append((path, f"{node.id} {node.tag}", str(len(node.value))))
        self._groups += 1
        inside = self._groups
        if node.id == "sequence":
            for number, entry in enumerate(node.value):
                self._node(entry, (*path, str(number)), inside)
            return
        self._mappings.append((path, node))
        for key, entry in node.value:
            self._key(key, path, inside)
            self._node(entry, (*path, _word(key)), inside)

    def _key(self, key: Any, path: tuple[str, ...], group: int) -> None:
        """Keep a key as it is: no address in one is changed."""
        before = len(self.scalars)
        self._node(key, (*path, "?"), group)
        del self.scalars[before:]
        while self._numbers and self._numbers[next(reversed(self._numbers))] >= before:
            self._numbers.popitem()

    def _scalar(self, node: Any, path: tuple[str, ...], group: int) -> None:
        kind = node.tag.removeprefix(_PREFIX)
        start, end = node.start_mark.index, node.end_mark.index
        if properties := _PROPERTIES.match(self._text, start, end):
            start = properties.end()
        is_number = kind in ("int", "float")
        if kind == "str" or (
            is_number and (_PORT.match(node.value) or may_be_port(path, node.value))
        ):
            word = _number(node.value) if is_number else node.value
            self._numbers[id(node)] = len(self.scalars)
            self.scalars.append(
                Scalar(
                    path=path,
                    value=self._marked(word, start, end),
                    span=(start, end),
                    style=NUMBER if is_number and not node.style else yaml_styles.NAMES[node.style],
                    group=group,
                    part=self._part,
                    leaf=len(self.leaves),
                )
            )
        self.leaves.append((path, f"{node.tag} {node.style}", node.value))

    def _marked(self, value: str, start: int, end: int) -> str:
        """Return a value; one in which a statement became a comment is known as a template."""
        is_same = MASK in value or self._text[start:end] == self._original[start:end]
        return value if is_same else f"{value}{MASK}"

    def views(self) -> Iterator[dict[tuple[str, ...], int]]:
        """Yield the mappings that have values of others, by merge keys or aliases."""
        for path, node in self._mappings:
            entries = dict(self._entries(node, 0))
            numbers = {
                (*path, word): self._numbers[id(value)]
                for word, value in entries.items()
                if id(value) in self._numbers
            }
            if any(self.scalars[number].path != name for name, number in numbers.items()):
                yield numbers

    def _entries(self, node: Any, depth: int) -> Iterator[tuple[str, Any]]:
        """Yield the entries of a mapping, those that others override first."""
        if node.id == "sequence" and depth <= _DEPTH:
            for entry in reversed(node.value):
                yield from self._entries(entry, depth + 1)
        if node.id != "mapping" or depth > _DEPTH:
            return
        for key, value in node.value:
            self._merged += depth > 0
            if self._merged > MOST_MERGED:
                raise DocumentError(None, "its merge keys lead to too many values")
            if key.tag == _MERGE:
                yield from self._entries(value, depth + 1)
        for key, value in node.value:
            if key.tag != _MERGE:
                yield _word(key), value


def _word(key: Any) -> str:
    return key.value if key.id == "scalar" else "?"


def _number(word: str) -> str:
    """Return a number's text; one that begins with 0 so that nobody takes it for a decimal one.

    For YAML 1.1 ``03306`` is octal (1734), as for PyYAML, Psych and SnakeYAML. For YAML 1.2 it
    is 3306, as for js-yaml 4.
    """
    return f"0o{word}" if _OCTAL.match(word) else word
