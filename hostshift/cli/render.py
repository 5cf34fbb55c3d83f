"""``hostshift render``: print a configuration file with the addresses that hold from here.

``hostshift exec --render`` does the same before it becomes the command.
"""

from __future__ import annotations

import os
import sys

from hostshift.base import redaction
from hostshift.base.deadline import START_LIMIT
from hostshift.base.log import info, warning
from hostshift.documents import encoding
from hostshift.documents import format as formats
from hostshift.documents.model import DocumentError
from hostshift.environment import documents
from hostshift.environment.model import Call, Report
from hostshift.environment.resolve import answered
from hostshift.errors import RenderError
from hostshift.resolution import named_values, resolver
from hostshift.trust import gate, new_file, owners, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

MOST_BYTES = 4 << 20
"""The most bytes of a file."""
STANDARD_INPUT = "-"
PRIVATE = 0o600
"""The mode of a new file where standard input has none."""
_MOST_SHOWN = 5
_ANOTHERS = "another user's file is there. Name another file, or remove that one"


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
    new, status = _new(path, form)
    if output is None:
        return new
    _check(output, status)
    _write(output, new, status, _mode(path, status))
    return b""


def render_all(files: dict[str, str]) -> None:
    """Render files, by the files to write. Nothing is written unless all of them can be."""
    made = [(output, path, *_new(path)) for output, path in files.items()]
    for output, _, _, status in made:
        _check(output, status)
    for output, path, new, status in made:
        _write(output, new, status, _mode(path, status))


def _new(path: str, form: str | None = None) -> tuple[bytes, os.stat_result | None]:
    """Return a file with the addresses that hold from here, and the status of the file as it is."""
    kind = form or formats.of_name(path)
    shown = "standard input" if path == STANDARD_INPUT else redaction.path(path)
    if not kind:
        known = ", ".join(formats.FORMATS)
        raise RenderError(f"{shown}: its name tells no format: pass --format ({known})")
    data, status = _content(path, shown)
    try:
        return rendered(data, kind, shown), status
    except DocumentError as error:
        at = shown if error.line is None else f"{shown}:{error.line}"
        wrong = f"{at}: cannot be rendered as {kind}: {error.why}"
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


def _mode(path: str, source: os.stat_result | None) -> int:
    """Return the mode for the result: nobody may read it who may not read its source."""
    if source is None:
        return PRIVATE
    return new_file.without_list(path, source.st_mode & 0o777)


def _check(path: str, source: os.stat_result | None) -> None:
    """Refuse a file that must not or cannot be written.

    Raises:
        RenderError: it cannot be written, or something else is there.

    """
    try:
        # A volume that Kubernetes makes for a pod (emptyDir) has the mode 0777.
        in_container = owners.is_in_an_engines_container()
        gate.check_directory(os.path.dirname(path) or ".", may_be_shared=in_container)
        wrong = _why_not(path, source)
    except gate.UntrustedError as error:
        wrong = f"{error.rule}. {error.fix}"
    except (OSError, ValueError) as error:
        wrong = _reason(error)
    if wrong:
        raise RenderError(f"{redaction.path(path)} cannot be written: {wrong}")


def _write(path: str, data: bytes, source: os.stat_result | None, mode: int) -> None:
    """Put a file in place, whole, with the rights that its source has.

    Raises:
        RenderError: it cannot be written.

    """
    try:
        new_file.replace(path, data, mode, None if source is None else source.st_gid)
    except (OSError, ValueError) as error:
        wrong = _reason(error)
    else:
        return
    raise RenderError(f"{redaction.path(path)} cannot be written: {wrong}")


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _why_not(path: str, source: os.stat_result | None) -> str:
    """Return why a file must not be put at a path, or "".

    What is in the place of a file can be a device or a link to one (``/dev/stdout``), which
    others use. The source says which servers are meant; its copy does so only from here.
    """
    # First: what is mounted there may be a program of theirs that never answers.
    if owners.is_strangers(path):
        return _ANOTHERS
    try:
        present = os.stat(path)
    except FileNotFoundError:
        present = None
    if present is not None and not regular_file.is_regular(present):
        return "it is no regular file. Name another file, or leave -o out"
    if owners.is_anothers(path, itself=True):
        return _ANOTHERS
    if present is not None and source is not None and os.path.samestat(present, source):
        return "it is the file to read. Name another file"
    return ""


# --- values --------------------------------------------------------------------------------------


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
    document = formats.module(form).read(text)
    if document.skipped:
        lines = ", ".join(map(str, document.skipped[:_MOST_SHOWN]))
        more = ", …" if len(document.skipped) > _MOST_SHOWN else ""
        warning("%s: left as it is what is no NAME=value: line %s%s", shown, lines, more)
    current, report = resolver.current(), Report()
    call = Call(current, None, report)
    new = documents.resolved(text, document, form, lambda values: answered(values, call), call)
    named_values.tell_unmatched(current.policy, report.decisions, current)
    if report.late:
        wrong = f"{report.late} of its addresses were not read within {START_LIMIT:.0f} seconds"
        raise DocumentError(None, f"{wrong}. Nothing is written, as a part of them would be")
    if new == text:
        info("%s: no address in it changes", shown)
        return data
    return written.encode(new)
