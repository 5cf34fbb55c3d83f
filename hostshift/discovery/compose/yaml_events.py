"""YAML to mappings, lists and texts, straight from the parser's events.

No resolver sees a scalar (see :mod:`.scalars`), we construct nothing twice,
and nothing recurses. We count the nodes that aliases stand for, so that a small file
cannot stand for a huge one.
"""

from __future__ import annotations

from itertools import repeat

from hostshift.discovery.compose.document import Document, Entry, Item
from hostshift.discovery.compose.problems import Problem
from hostshift.discovery.compose.scalars import FIRST, is_text, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeAlias

    from yaml.events import AliasEvent, CollectionStartEvent, Event, NodeEvent, ScalarEvent

    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.values import Value

    Handlers: TypeAlias = dict[type[Event], Callable[[Any], None]]
    """What takes each kind of event. Each takes its own kind only, which no type can say."""

    class Parser(Protocol):
        """What libyaml's parser and PyYAML's own have in common."""

        def get_event(self) -> Event | None:
            """Return the next event; None at the end."""
            ...

        def dispose(self) -> None:
            """Let go of the data."""
            ...


DEPTH = 64
"""How deep collections may nest."""
EXPANDED = 1_000_000
"""Nodes that all aliases of a file may stand for, at most."""
DIRECTIVES = 1000
"""``%TAG`` directives of a file, at most. libyaml compares each with all before it, within one
event, and holds the interpreter's lock meanwhile (src/parser.c, yaml_parser_append_tag_directive):
a file of 4 MB took minutes."""
MERGE = "<<"
_EVERY = 512
"""How many of the parser's events we take before we check the time."""
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
_USUAL_TAGS = frozenset(("!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))))


def documents(data: bytes, path: str, budget: Budget) -> list[Document]:
    """Read all documents of a file.

    Raises:
        Problem: it is not YAML, or compose would refuse it; it has the line.

    """
    import yaml

    # The second is in UTF-16, whichever byte is first.
    if data.count(b"%TAG") + data.count(b"%\0T\0A\0G") > DIRECTIVES:
        raise Problem(f"more than {DIRECTIVES:,} %TAG directives", path)
    try:
        return _documents(data, path, budget)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # A quoted part of the message could be a value of the file.
        why = (error.problem or "").partition("'")[0].strip().rstrip(",:")
        raise Problem(
            f"not valid YAML{f': {why}' if why else ''}", path, mark.line + 1 if mark else None
        ) from None
    except (yaml.YAMLError, UnicodeError):
        raise Problem("not valid YAML: not text in UTF-8 or UTF-16", path) from None


def _documents(data: bytes, path: str, budget: Budget) -> list[Document]:
    import yaml

    parser = _parser(data)
    result: list[Document] = []
    handlers: Handlers = {}
    next_event = parser.get_event
    try:
        while True:
            budget.check()
            for _ in repeat(None, _EVERY):
                event = next_event()
                if event is None:
                    return result
                handle = handlers.get(type(event))
                if handle is not None:
                    handle(event)
                elif type(event) is yaml.DocumentStartEvent:
                    result.append(Document(path))
                    handlers = _Builder(result[-1]).handlers()
    finally:
        parser.dispose()


def _parser(data: bytes) -> Parser:
    """Return libyaml's parser, or PyYAML's own where its binding is missing."""
    import yaml

    if not yaml.__with_libyaml__:
        return _python_parser(data)
    from yaml._yaml import CParser

    return CParser(data)


def _python_parser(data: bytes) -> Parser:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser):
        """The parts of yaml.Loader, without its composer and constructor."""

        def __init__(self) -> None:
            Reader.__init__(self, data)
            Scanner.__init__(self)
            Parser.__init__(self)

    return PythonParser()


class _Frame:
    """A collection that the parser has not finished."""

    __slots__ = ("anchor", "before", "items", "key", "mapping", "merges", "merging")

    def __init__(self, mapping: dict[str, Value] | None, anchor: str | None, before: int) -> None:
        self.anchor, self.before = anchor, before
        self.mapping = mapping
        """None if the collection is a list: then ``items``."""
        self.items: list[Value] = []
        self.key: str | None = None
        self.merging = False
        self.merges: list[dict[str, Value]] | None = None


class _Builder:
    """Puts one document together."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._outer: list[_Frame] = []
        # The outermost collection is in a list of its own, so that a frame always exists.
        self._frame = _Frame(None, None, 0)
        self._anchors: dict[str, tuple[Value, int] | None] = {}
        self._count = self._expanded = 0

    def handlers(self) -> Handlers:
        """Return what to do with each kind of event."""
        import yaml

        return {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentEndEvent: self._finish,
        }

    def _finish(self, _: Event) -> None:
        self._document.tree = self._frame.items[0]

    def _scalar(self, event: ScalarEvent) -> None:
        """Take a scalar. Most events of a file come here, so the usual ones return early."""
        text, frame = event.value, self._frame
        self._count += 1
        is_plain = not event.style
        if event.tag is not None:
            is_plain = self._is_plain_by_tag(event.tag)
        mapping = frame.mapping
        if mapping is not None and frame.key is None:
            self._anchor(event, text)
            if text[:1] in FIRST or text == MERGE or text in mapping:
                self._check_key(text, mapping, event, is_plain=is_plain)
            frame.key = text
            return
        value = plain(text) if is_plain and text[:1] in FIRST else text
        self._anchor(event, value)
        self._put(value, event)

    def _is_plain_by_tag(self, tag: str) -> bool:
        """Return True if a tag leaves a scalar as plain as it looks."""
        if tag in _PLAIN_TAGS:
            return True
        if tag not in _USUAL_TAGS:
            self._tagged(tag)
        return False

    def _anchor(self, event: NodeEvent, value: str | None) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)

    def _check_key(
        self, text: str, mapping: dict[str, Value], event: Event, *, is_plain: bool
    ) -> None:
        """Raise Problem where compose takes no such key; remember ``<<``."""
        frame = self._frame
        if is_plain and not is_text(text):
            raise self._problem("a key that is a number, a truth value or nothing", event)
        if is_plain and text == MERGE:
            if frame.merges is not None:
                raise self._problem("more than one << in a mapping", event)
            frame.merging = True
        elif text in mapping:
            raise self._problem("a key that is there twice", event)

    def _put(self, value: Value, event: Event) -> None:
        """Put a value where it belongs."""
        frame = self._frame
        mapping, key = frame.mapping, frame.key
        if mapping is None:
            if type(value) is str and "$" in value:
                self._document.slots.append(Item(frame.items, len(frame.items), _line(event)))
            frame.items.append(value)
        elif key is None:
            raise self._problem("a key that is a mapping or a list", event)
        else:
            frame.key = None
            if frame.merging:
                frame.merging, frame.merges = False, self._merges(value, event)
                return
            mapping[key] = value
            if type(value) is str and "$" in value:
                self._document.slots.append(Entry(mapping, key, _line(event)))

    def _merges(self, value: Value, event: Event) -> list[dict[str, Value]]:
        """Return the mappings that ``<<`` names, in their order."""
        sources = value if type(value) is list else [value]
        mappings = [source for source in sources if type(source) is dict]
        if len(mappings) < len(sources):
            raise self._problem("<< takes a mapping, or a list of them", event)
        return mappings

    def _mapping(self, event: CollectionStartEvent) -> None:
        self._open({}, event)

    def _sequence(self, event: CollectionStartEvent) -> None:
        self._open(None, event)

    def _open(self, mapping: dict[str, Value] | None, event: CollectionStartEvent) -> None:
        """Start a collection."""
        if len(self._outer) >= DEPTH:
            raise self._problem(f"more than {DEPTH} collections within each other", event)
        if event.tag is not None and event.tag not in _USUAL_TAGS:
            self._tagged(event.tag)
        if self._frame.key is None and self._frame.mapping is not None:
            raise self._problem("a key that is a mapping or a list", event)
        if event.anchor:
            self._anchors[event.anchor] = None  # it must not contain itself
        self._outer.append(self._frame)
        self._frame = _Frame(mapping, event.anchor, self._count)
        self._count += 1

    def _end(self, event: Event) -> None:
        """Finish a collection: its own keys win over merged ones, the first merged over others."""
        frame, self._frame = self._frame, self._outer.pop()
        mapping = frame.mapping
        value = frame.items if mapping is None else mapping
        if mapping is not None and frame.merges:
            self._merge(mapping, frame.merges, event)
        if frame.anchor:
            self._anchors[frame.anchor] = (value, self._count - frame.before)
        self._put(value, event)

    def _merge(
        self, mapping: dict[str, Value], sources: list[dict[str, Value]], event: Event
    ) -> None:
        """Take over the keys of other mappings that a mapping does not have."""
        for source in sources:
            self._expand(len(source), event)
            for key, value in source.items():
                if key not in mapping:
                    mapping[key] = value
                    if type(value) is str and "$" in value:
                        self._document.slots.append(Entry(mapping, key, _line(event)))

    def _alias(self, event: AliasEvent) -> None:
        """Put the very value of an anchor, not a copy."""
        anchored = self._anchors.get(event.anchor) if event.anchor is not None else None
        if anchored is None:
            raise self._problem("an alias for nothing, or for what it is part of", event)
        value, size = anchored
        self._expand(size, event)
        mapping = self._frame.mapping
        if mapping is None or self._frame.key is not None:
            self._put(value, event)
        elif type(value) is str:
            self._check_key(value, mapping, event, is_plain=False)
            self._frame.key = value
        else:
            raise self._problem("a key that is not a text", event)

    def _expand(self, size: int, event: Event) -> None:
        """Count the nodes that an alias or a merge stands for."""
        self._count += size
        self._expanded += size
        if self._expanded > EXPANDED:
            raise self._problem(f"aliases that stand for more than {EXPANDED:,} nodes", event)

    def _tagged(self, tag: str) -> None:
        """Remember a tag that changes the meaning of a value."""
        feature = f"the tag {tag}" if tag in ("!reset", "!override") else "a tag of its own"
        self._document.beyond = self._document.beyond or feature

    def _problem(self, what: str, event: Event) -> Problem:
        return Problem(what, self._document.path, _line(event))


def _line(event: Event) -> int | None:
    mark = event.start_mark
    return None if mark is None else mark.line + 1
