"""YAML to mappings, lists and texts, straight from the parser's events.

No resolver sees a scalar (see :mod:`.scalars`), nothing is constructed twice,
and nothing recurses. What aliases stand for is counted, so that a small file
cannot stand for a huge one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.topology.compose.problems import Problem
from hostshift.topology.compose.scalars import is_text, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.topology.compose.problems import Clock

DEPTH = 64
"""Collections within each other, at most."""
EXPANDED = 1_000_000
"""What all aliases of a file may stand for, in nodes."""
MERGE = "<<"
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

    def interpolate(self, replace: Callable[[str], str]) -> None:
        """Replace the variables in all values, in place.

        Raises:
            Problem: a value breaks the grammar, or a variable is missing; tells the line.

        """
        for slot in self.slots:
            try:
                slot.container[slot.key] = replace(slot.container[slot.key])
            except Problem as problem:
                raise Problem(problem.what, self.path, slot.line) from None


def documents(data: bytes, path: str, clock: Clock) -> list[Document]:
    """Read all documents of a file.

    Raises:
        Problem: it is not YAML, or not such that compose would take it; tells the line.

    """
    import yaml

    try:
        return list(_documents(data, path, clock))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # A quoted part of the message could come out of the file.
        why = (error.problem or "").partition("'")[0].strip().rstrip(",:")
        raise Problem(
            f"not valid YAML{f': {why}' if why else ''}", path, mark.line + 1 if mark else None
        ) from None
    except (yaml.YAMLError, UnicodeError):
        raise Problem("not valid YAML: not text in UTF-8 or UTF-16", path) from None


def _documents(data: bytes, path: str, clock: Clock) -> Iterator[Document]:
    import yaml

    parser: Any = (getattr(yaml, "CParser", None) or _python_parser())(data)
    handlers: dict[type, Callable[[Any], None]] = {}
    try:
        while (event := parser.get_event()) is not None:
            kind = type(event)
            if kind is yaml.DocumentStartEvent:
                document = Document(path)
                handlers = _Builder(document, clock).handlers()
            elif kind is yaml.DocumentEndEvent:
                yield document
            elif kind in handlers:
                handlers[kind](event)
    finally:
        parser.dispose()


def _python_parser() -> Any:
    """Return PyYAML's own parser, where its binding to libyaml is missing."""
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser):
        def __init__(self, data: bytes) -> None:
            Reader.__init__(self, data)
            Scanner.__init__(self)
            Parser.__init__(self)

    return PythonParser


class _Frame:
    """A collection that is being read."""

    __slots__ = ("anchor", "before", "container", "key", "merges", "merging")

    def __init__(self, container: Any, anchor: str | None, before: int) -> None:
        self.container, self.anchor, self.before = container, anchor, before
        self.key: str | None = None
        self.merging = False
        self.merges: list[Any] | None = None


class _Builder:
    """Puts one document together."""

    def __init__(self, document: Document, clock: Clock) -> None:
        self._document, self._clock = document, clock
        self._frames: list[_Frame] = []
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
        }

    def _scalar(self, event: Any) -> None:
        text, tag, is_plain = event.value, event.tag, not event.style
        if tag is not None:
            is_plain = tag in _PLAIN_TAGS
            if not is_plain and tag not in _USUAL_TAGS:
                self._tagged(tag)
        self._count += 1
        if self._awaits_key():
            if event.anchor:
                self._anchors[event.anchor] = (text, 1)
            self._key(text, event, is_plain=is_plain)
            return
        value = plain(text) if is_plain else text
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, event)

    def _awaits_key(self) -> bool:
        if not self._frames:
            return False
        frame = self._frames[-1]
        return frame.key is None and type(frame.container) is dict

    def _key(self, text: str, event: Any, *, is_plain: bool) -> None:
        """Take a scalar for the key of the mapping that is being read."""
        frame = self._frames[-1]
        if is_plain and not is_text(text):
            raise self._problem("a key that is a number, a truth value or nothing", event)
        if text == MERGE and is_plain:
            if frame.merges is not None:
                raise self._problem("more than one << in a mapping", event)
            frame.merging = True
        elif text in frame.container:
            raise self._problem("a key that is there twice", event)
        frame.key = text

    def _put(self, value: Any, event: Any) -> None:
        """Put a value where it belongs."""
        if not self._frames:
            self._document.tree = value
            return
        frame = self._frames[-1]
        container, key = frame.container, frame.key
        if type(container) is list:
            key = len(container)
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
        self._clock.check()
        if len(self._frames) >= DEPTH:
            raise self._problem(f"more than {DEPTH} collections within each other", event)
        if event.tag is not None and event.tag not in _USUAL_TAGS:
            self._tagged(event.tag)
        if self._awaits_key():
            raise self._problem("a key that is a mapping or a list", event)
        if event.anchor:
            self._anchors[event.anchor] = None  # not to be used within itself
        self._frames.append(_Frame(container, event.anchor, self._count))
        self._count += 1

    def _end(self, event: Any) -> None:
        """Finish a collection: own keys go before merged ones, the first merged before others."""
        frame = self._frames.pop()
        container = frame.container
        for source in frame.merges or ():
            self._expand(len(source), event)
            for key, value in source.items():
                if key not in container:
                    container[key] = value
                    if type(value) is str and "$" in value:
                        line = event.start_mark.line + 1
                        self._document.slots.append(Slot(container, key, line))
        if frame.anchor:
            self._anchors[frame.anchor] = (container, self._count - frame.before)
        self._put(container, event)

    def _alias(self, event: Any) -> None:
        """Put what an anchor named, itself and not a copy."""
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self._problem("an alias for nothing, or for what it is part of", event)
        value, size = known
        self._expand(size, event)
        if not self._awaits_key():
            self._put(value, event)
        elif type(value) is str:
            self._key(value, event, is_plain=False)
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
