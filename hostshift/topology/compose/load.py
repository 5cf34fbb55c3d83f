"""YAML to mappings, lists and texts, straight from the parser's events.

No resolver sees a scalar (see :mod:`.scalars`), nothing is constructed twice,
and nothing recurses. What aliases stand for is counted, so that a small file
cannot stand for a huge one.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

from hostshift.topology.compose.problems import Missing, Problem
from hostshift.topology.compose.scalars import FIRST, is_text, plain
from hostshift.topology.compose.values import Unset

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.topology.budget import Budget

DEPTH = 64
"""Collections within each other, at most."""
EXPANDED = 1_000_000
"""What all aliases of a file may stand for, in nodes."""
MERGE = "<<"
_EVERY = 512
"""The parser's events from one look at the time to the next."""
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
_USUAL_TAGS = frozenset(("!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))))


class Slot:
    """A value with a ``$`` in it, and where it stands."""

    __slots__ = ("container", "key", "line")

    def __init__(self, container: Any, key: Any, line: int) -> None:
        self.container, self.key, self.line = container, key, line


class Document:
    """One YAML document of a file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.tree: Any = None
        self.slots: list[Slot] = []
        self.beyond = ""
        """A feature that is left to compose itself, "" where there is none."""
        self.missing: Missing | None = None
        """The first variable that has to be set and is not, None where there is none."""

    def interpolate(self, replace: Callable[[str], str]) -> None:
        """Replace the variables in all values, in place.

        A value that needs a variable that is not set becomes an :class:`.Unset`: it only
        matters if something reads it.

        Raises:
            Problem: a value breaks the grammar; tells the line.

        """
        for slot in self.slots:
            raw = slot.container[slot.key]
            try:
                slot.container[slot.key] = replace(raw)
            except Missing as missing:
                located = Missing(missing.name, self.path, slot.line)
                slot.container[slot.key] = Unset(raw, located)
                self.missing = self.missing or located
            except Problem as problem:
                problem.where, problem.line = self.path, slot.line
                raise


def documents(data: bytes, path: str, budget: Budget) -> list[Document]:
    """Read all documents of a file.

    Raises:
        Problem: it is not YAML, or not such that compose would take it; tells the line.

    """
    import yaml

    try:
        return _documents(data, path, budget)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # A quoted part of the message could come out of the file.
        why = (error.problem or "").partition("'")[0].strip().rstrip(",:")
        raise Problem(
            f"not valid YAML{f': {why}' if why else ''}", path, mark.line + 1 if mark else None
        ) from None
    except (yaml.YAMLError, UnicodeError):
        raise Problem("not valid YAML: not text in UTF-8 or UTF-16", path) from None


def _documents(data: bytes, path: str, budget: Budget) -> list[Document]:
    import yaml

    parser = _parser(data)
    found: list[Document] = []
    handlers: dict[type, Callable[[Any], None]] = {}
    next_event = parser.get_event
    try:
        while True:
            budget.check()
            for _ in repeat(None, _EVERY):
                event = next_event()
                if event is None:
                    return found
                handle = handlers.get(type(event))
                if handle is not None:
                    handle(event)
                elif type(event) is yaml.DocumentStartEvent:
                    found.append(Document(path))
                    handlers = _Builder(found[-1]).handlers()
    finally:
        parser.dispose()


def _parser(data: bytes) -> Any:
    """Return libyaml's parser, or PyYAML's own where its binding is missing."""
    import yaml

    if not yaml.__with_libyaml__:
        return _python_parser(data)
    from yaml._yaml import CParser

    return CParser(data)


def _python_parser(data: bytes) -> Any:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser):
        """What yaml.Loader is made of, without its composer and constructor."""

        def __init__(self) -> None:
            Reader.__init__(self, data)
            Scanner.__init__(self)
            Parser.__init__(self)

    return PythonParser()


class _Frame:
    """A collection that is being read."""

    __slots__ = ("anchor", "before", "container", "is_mapping", "key", "merges", "merging")

    def __init__(self, container: Any, anchor: str | None, before: int) -> None:
        self.container, self.anchor, self.before = container, anchor, before
        self.is_mapping = type(container) is dict
        self.key: str | None = None
        self.merging = False
        self.merges: list[Any] | None = None


class _Builder:
    """Puts one document together."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._outer: list[_Frame] = []
        # The outermost collection stands in a list of its own, so that there always is one.
        self._frame = _Frame([], None, 0)
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._count = self._expanded = 0

    def handlers(self) -> dict[type, Callable[[Any], None]]:
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

    def _finish(self, _: Any) -> None:
        self._document.tree = self._frame.container[0]

    def _scalar(self, event: Any) -> None:
        """Take a scalar. Most events of a file come here, so the usual ones leave early."""
        text, frame = event.value, self._frame
        self._count += 1
        is_plain = not event.style
        if event.tag is not None:
            is_plain = self._is_plain_by_tag(event.tag)
        if frame.key is None and frame.is_mapping:
            self._anchor(event, text)
            if text[:1] in FIRST or text == MERGE or text in frame.container:
                self._check_key(text, event, is_plain=is_plain)
            frame.key = text
            return
        value = plain(text) if is_plain and text[:1] in FIRST else text
        self._anchor(event, value)
        self._put(value, event)

    def _is_plain_by_tag(self, tag: str) -> bool:
        """Return True if a tag says that a scalar is what it looks like."""
        if tag in _PLAIN_TAGS:
            return True
        if tag not in _USUAL_TAGS:
            self._tagged(tag)
        return False

    def _anchor(self, event: Any, value: str | None) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)

    def _check_key(self, text: str, event: Any, *, is_plain: bool) -> None:
        """Raise Problem where compose takes no such key; remember ``<<``."""
        frame = self._frame
        if is_plain and not is_text(text):
            raise self._problem("a key that is a number, a truth value or nothing", event)
        if is_plain and text == MERGE:
            if frame.merges is not None:
                raise self._problem("more than one << in a mapping", event)
            frame.merging = True
        elif text in frame.container:
            raise self._problem("a key that is there twice", event)

    def _put(self, value: Any, event: Any) -> None:
        """Put a value where it belongs."""
        frame = self._frame
        container, key = frame.container, frame.key
        if not frame.is_mapping:
            if type(value) is str and "$" in value:
                line = event.start_mark.line + 1
                self._document.slots.append(Slot(container, len(container), line))
            container.append(value)
        elif key is None:
            raise self._problem("a key that is a mapping or a list", event)
        else:
            frame.key = None
            if frame.merging:
                frame.merging, frame.merges = False, self._merges(value, event)
                return
            container[key] = value
            if type(value) is str and "$" in value:
                self._document.slots.append(Slot(container, key, event.start_mark.line + 1))

    def _merges(self, value: Any, event: Any) -> list[Any]:
        """Return the mappings that ``<<`` names, the first ones first."""
        sources = value if type(value) is list else [value]
        if not all(type(source) is dict for source in sources):
            raise self._problem("<< takes a mapping, or a list of them", event)
        return sources

    def _mapping(self, event: Any) -> None:
        self._open({}, event)

    def _sequence(self, event: Any) -> None:
        self._open([], event)

    def _open(self, container: Any, event: Any) -> None:
        """Start a collection."""
        if len(self._outer) >= DEPTH:
            raise self._problem(f"more than {DEPTH} collections within each other", event)
        if event.tag is not None and event.tag not in _USUAL_TAGS:
            self._tagged(event.tag)
        if self._frame.key is None and self._frame.is_mapping:
            raise self._problem("a key that is a mapping or a list", event)
        if event.anchor:
            self._anchors[event.anchor] = None  # not to be used within itself
        self._outer.append(self._frame)
        self._frame = _Frame(container, event.anchor, self._count)
        self._count += 1

    def _end(self, event: Any) -> None:
        """Finish a collection: own keys go before merged ones, the first merged before others."""
        frame, self._frame = self._frame, self._outer.pop()
        for source in frame.merges or ():
            self._expand(len(source), event)
            self._merge(frame.container, source, event)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.container, self._count - frame.before)
        self._put(frame.container, event)

    def _merge(self, container: dict[str, Any], source: dict[str, Any], event: Any) -> None:
        """Take over the keys of a mapping that are not there yet."""
        for key, value in source.items():
            if key not in container:
                container[key] = value
                if type(value) is str and "$" in value:
                    line = event.start_mark.line + 1
                    self._document.slots.append(Slot(container, key, line))

    def _alias(self, event: Any) -> None:
        """Put what an anchor named, itself and not a copy."""
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self._problem("an alias for nothing, or for what it is part of", event)
        value, size = known
        self._expand(size, event)
        if self._frame.key is not None or not self._frame.is_mapping:
            self._put(value, event)
        elif type(value) is str:
            self._check_key(value, event, is_plain=False)
            self._frame.key = value
        else:
            raise self._problem("a key that is not a text", event)

    def _expand(self, size: int, event: Any) -> None:
        """Count what an alias or a merge stands for."""
        self._count += size
        self._expanded += size
        if self._expanded > EXPANDED:
            raise self._problem(f"aliases that stand for more than {EXPANDED:,} nodes", event)

    def _tagged(self, tag: str) -> None:
        """Remember a tag that changes what a value means."""
        known = tag in ("!reset", "!override")
        self._document.beyond = self._document.beyond or (
            f"the tag {tag}" if known else "a tag of its own"
        )

    def _problem(self, what: str, event: Any) -> Problem:
        return Problem(what, self._document.path, event.start_mark.line + 1)
