"""``hostshift render``: print a configuration file with the addresses that hold from here.

``hostshift exec --render`` does the same before it becomes the command.
"""

from __future__ import annotations

import os
import re
import sys

from hostshift.base import redaction
from hostshift.base.log import info, warning
from hostshift.documents import encoding, names, splice
from hostshift.documents import format as formats
from hostshift.documents.model import DocumentError
from hostshift.errors import RenderError
from hostshift.resolution import environment, named_values, resolver
from hostshift.resolution.variable import Pair
from hostshift.trust import gate, new_file, owners, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from hostshift.documents.model import Document
    from hostshift.documents.names import Environment
    from hostshift.resolution.resolver import Resolver
    from hostshift.resolution.variable import Variable
    from hostshift.routing.model import Decision

MOST_BYTES = 4 << 20
"""The most bytes of a file."""
STANDARD_INPUT = "-"
PRIVATE = 0o600
"""The mode of a new file where standard input has told no other."""
_TEMPLATE = re.compile(
    "[\ue000]|\\$\\{|\\$\\(|\\$__[a-z]+\\{|#\\{|\\{\\{|\\{%|<%|\\{env:|%\\([A-Za-z_][^)]*\\)s"
)
"""``${X}``, ``$(X)``, ``$__env{X}`` (Grafana), ``#{X}``, ``{{ x }}``, ``<%= x %>``, ``{env:X}``,
``%(x)s``; and what :mod:`~hostshift.documents.yaml_text` puts in the place of two of them."""
_MOST_SHOWN = 5


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    command.set_defaults(run=run, warns=True)
    command.add_argument("file", metavar="FILE", help="a configuration file; - is standard input")
    command.add_argument(
        "-o", "--output", metavar="OUT", help="write to OUT, with FILE's mode, instead"
    )
    command.add_argument(
        "--format", choices=formats.FORMATS, help="the format (default: by the name of FILE)"
    )


def run(options: argparse.Namespace) -> bytes:
    """Return what to print: nothing if there is a file to write to.

    Raises:
        RenderError: the file cannot be read, or the result cannot be written.
        UndecidedError: only with STRICT; names the value.

    """
    return render(options.file, options.output, options.format)


def render(path: str, output: str | None, form: str | None = None) -> bytes:
    """Resolve the addresses in a file; write the result, or return it if no file is named."""
    kind = form or formats.of_name(path)
    shown = "standard input" if path == STANDARD_INPUT else redaction.path(path)
    if not kind:
        known = ", ".join(formats.FORMATS)
        raise RenderError(f"{shown}: its name tells no format: pass --format ({known})")
    data, status = _content(path, shown)
    try:
        new = rendered(data, kind, shown)
    except DocumentError as error:
        at = shown if error.line is None else f"{shown}:{error.line}"
        wrong = f"{at}: cannot be rendered as {kind}: {error.why}"
    else:
        if output is None:
            return new
        _write(output, new, status)
        return b""
    raise RenderError(wrong)


# --- files --------------------------------------------------------------------------------------


def _content(path: str, shown: str) -> tuple[bytes, os.stat_result | None]:
    """Return what a file holds, and its status: none for standard input.

    Raises:
        RenderError: it cannot be read.

    """
    try:
        if path == STANDARD_INPUT:
            return _standard_input(), None
        return regular_file.read_unchanged(path, MOST_BYTES)
    except ValueError:
        why = "its name holds a NUL"
    except OSError as error:
        why = error.strerror or type(error).__name__
    raise RenderError(f"{shown} cannot be read: {why}")


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(0, "it is closed")
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(0, f"it is longer than {MOST_BYTES:,} bytes")
    return data


def _write(path: str, data: bytes, source: os.stat_result | None) -> None:
    """Put a file in place, whole, with the rights that its source has.

    Raises:
        RenderError: it cannot be written, or something else is there.

    """
    shown = redaction.path(path)
    try:
        gate.check_directory(os.path.dirname(path) or ".")
        wrong = _why_not(path, source)
        if not wrong:
            mode = PRIVATE if source is None else source.st_mode & 0o777
            new_file.replace(path, data, mode)
            return
    except gate.UntrustedError as error:
        wrong = f"{error.rule}. {error.fix}"
    except (OSError, ValueError) as error:
        wrong = getattr(error, "strerror", None) or type(error).__name__
    raise RenderError(f"{shown} cannot be written: {wrong}")


def _why_not(path: str, source: os.stat_result | None) -> str:
    """Return why a file must not be put at a path, or "".

    What is in the place of a file can be a device or a link to one (``/dev/stdout``), which
    others use. The source says which servers are meant; its copy does so only from here.
    """
    try:
        present = os.stat(path)
    except FileNotFoundError:
        present = None
    if present is not None and not regular_file.is_regular(present):
        return "it is no regular file. Name another file, or leave -o out"
    if owners.is_anothers(path, itself=True):
        return "another user's file is there. Name another file, or remove that one"
    if present is not None and source is not None and os.path.samestat(present, source):
        return "it is the file to read. Name another file"
    return ""


# --- values -------------------------------------------------------------------------------------


def rendered(data: bytes, form: str, shown: str) -> bytes:
    """Return a file with the addresses that hold from here; no other byte differs.

    Args:
        data: the file.
        form: its format.
        shown: its name for the log.

    Raises:
        DocumentError: it is not of this format, or a new value cannot be written in it.
        UndecidedError: only with STRICT; names the value.

    """
    text, written = encoding.decode(data, form)
    module = formats.module(form)
    document = module.read(text)
    if document.skipped:
        lines = ", ".join(map(str, document.skipped[:_MOST_SHOWN]))
        more = ", …" if len(document.skipped) > _MOST_SHOWN else ""
        warning("%s: left as it is what is no NAME=value: line %s%s", shown, lines, more)
    current = resolver.current()
    changes = _changes(document, form, current)
    if not changes:
        info("%s: no address of a data service in it changes", shown)
        return data
    return written.encode(splice.rewritten(text, module, document, changes))


def _changes(document: Document, form: str, current: Resolver) -> dict[int, str]:
    """Return the new values, by the numbers of scalars."""
    decisions: list[Decision] = []
    answers: list[tuple[str, dict[int, str]]] = []
    views = names.environments(document, form)
    _tell_templates(views)
    for view in views:
        answers += _answers(view, current, decisions)
    named_values.tell_unmatched(current.policy, decisions, current)
    kept = _agreeing(answers, document)
    return {
        number: _in_the_blanks_of(document.scalars[number].value, value)
        for answer in kept
        for number, value in answer.items()
        if value != document.scalars[number].value.strip()
    }


def _answers(
    view: Environment, current: Resolver, decisions: list[Decision]
) -> Iterator[tuple[str, dict[int, str]]]:
    """Yield for each address its name, and the values of its scalars: one, or host and port."""
    values = dict(view.values)
    for name in _templates(view):
        if not name.upper().endswith("PORT"):  # a port that nobody knows keeps its host as well
            del values[name]
    places = list(environment.touched(values, current.policy.env))
    changes = environment.resolved(values, current, decisions=decisions)
    for place in places:
        found = [name for name in _names(place) if name in view.numbers]
        new = values if _needs_a_port(place, changes, view) else values | changes
        yield found[0], {view.numbers[name]: new[name] for name in found}
    for name in view.fixed.difference(*map(_names, places)):
        yield name, {view.numbers[name]: view.values[name]}


def _needs_a_port(place: Variable | Pair, changes: dict[str, str], view: Environment) -> bool:
    """Return True if a port changes that is not in the file, as libpq's in an environment can."""
    if not isinstance(place, Pair) or place.port in view.numbers or place.port not in changes:
        return False
    name, port = redaction.name(place.host), redaction.name(place.port)
    warning("%s stays as it is: the port changes as well; set %s", name, port)
    return True


def _tell_templates(views: Iterable[Environment]) -> None:
    """Log each template once, under the first name that it has."""
    first: dict[int, str] = {}
    for view in views:
        for name in _templates(view):
            first.setdefault(view.numbers[name], name)
    for name in first.values():
        info("%s stays as it is: it is a template", redaction.name(name))


def _templates(view: Environment) -> list[str]:
    return [name for name, value in view.values.items() if _TEMPLATE.search(value)]


def _names(place: Variable | Pair) -> tuple[str, ...]:
    return (place.host, place.port) if isinstance(place, Pair) else (place.name,)


def _agreeing(
    answers: Iterable[tuple[str, dict[int, str]]], document: Document
) -> list[dict[int, str]]:
    """Return the answers of which no scalar has another value in some other one.

    A host can be used with several ports, by YAML's merge keys, the defaults of an INI file or a
    name that stands twice. It has one text in the file. So it stays if it had to become two.
    """
    left = list(answers)
    values: dict[int, set[str]] = {}
    for _, answer in left:
        for number, value in answer.items():
            values.setdefault(number, set()).add(value)
    out = True
    while out:
        good, out = [], False
        for name, answer in left:
            if all(len(values[number]) == 1 for number in answer):
                good.append((name, answer))
                continue
            out = True
            info("%s stays as it is: it would need two values", redaction.name(name))
            for number in answer:  # what goes with it stays as well
                values[number].add(document.scalars[number].value.strip())
        left = good
    return [answer for _, answer in left]


def _in_the_blanks_of(old: str, value: str) -> str:
    """Return a value with the blanks that are around the old one."""
    bare = old.strip()
    before, _, after = old.partition(bare)
    return f"{before}{value}{after}"
