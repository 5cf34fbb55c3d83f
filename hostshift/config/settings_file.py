"""Reading one settings file: checked before it is opened, bounded, and without waiting.

Loaded only if a file of that name exists in the project's root.
"""

from __future__ import annotations

import errno
import os

from hostshift.base import redaction
from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.log import debug, warning
from hostshift.base.record import Record
from hostshift.config.presence import exists
from hostshift.config.project import OWN, SHARED
from hostshift.errors import SettingError
from hostshift.trust import gate, owners, shared_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_BYTES = 1 << 20
"""A longer file is an error."""
MOST_PARTS = 30
"""The most parts of a dotted key. ``tomllib`` takes time and memory by the square of their
number: a key of 120 KB took 20 seconds and 2.4 GB."""


class _Unusable(Exception):  # noqa: N818 - a signal inside this module
    """A file exists and cannot be read: says why, and how to fix it."""


class SettingsFile(Record):
    """A settings file that may be believed, with its content."""

    path: str
    table: Mapping[str, object]

    @classmethod
    def _hidden(cls) -> frozenset[str]:
        """Keep the values out of ``repr``: they were not checked yet, and may be strings."""
        return frozenset(("table",))


def find(root: str) -> SettingsFile | None:
    """Return the settings file of a project's root, None without one that may be believed.

    Raises:
        SettingError: a file exists and cannot be read.

    """
    for name in (OWN, SHARED):
        path = os.path.join(root, name)
        if owners.is_strangers(path) or not exists(path):
            continue
        settings = table(path, shared=name == SHARED)
        if settings is not None:
            return SettingsFile(path=path, table=settings)
        if name == OWN:  # it is not believed, and no other file takes its place
            return None
    return None


def report_unused(directories: Iterable[str]) -> None:
    """Warn of the settings files in directories on the way to the project's root.

    Others could have put them there, so they do not count, whatever they hold.
    """
    for path in (os.path.join(place, name) for place in directories for name in (OWN, SHARED)):
        if owners.is_strangers(path) or not exists(path):
            continue
        try:
            ours = os.path.basename(path) == OWN or b"tool.hostshift" in gate.read(path, MOST_BYTES)
        except gate.UntrustedError as error:
            _warn_of(path, error.rule, error.fix)
            continue
        except (OSError, ValueError) as error:
            reraise_interrupt(error)
            continue
        if ours:
            fix = "put the project into a directory of its own"
            _warn_of(path, f"it {shared_directory.RULE}", fix)


def _warn_of(path: str, rule: str, fix: str) -> None:
    warning("%s is not used: %s. Next: %s", redaction.place(path), rule, fix)


def table(path: str, *, shared: bool) -> dict[str, object] | None:
    """Return the settings of a file, None if it has none or may not be believed.

    Args:
        path: the file, which exists.
        shared: True for a ``pyproject.toml``, of which only the table ``[tool.hostshift]``
            counts.

    Raises:
        SettingError: it cannot be read; says what is wrong and how to fix it. For a
            ``pyproject.toml`` only if it has, or may have, settings of ours.

    """
    shown = redaction.place(path)
    try:
        data = _content(path)
        return _shared_table(data) if shared else _parsed(data)
    except gate.UntrustedError as error:
        _warn_of(path, error.rule, error.fix)
        return None
    except _Forbidden as problem:
        if shared:  # most likely it has no settings of ours: most users write none into it
            warning("%s: settings in it, if there are any, do not count", f"{shown} {problem}")
            return None
        wrong = f"{shown} {problem}"
    except _Unusable as problem:
        wrong = f"{shown} {problem}"
    # Raised here, so that its chain of causes holds nothing of the file's text.
    raise SettingError(wrong)


class _Forbidden(_Unusable):
    """This process may not read the file, or it is no file, now and later."""


def _content(path: str) -> bytes:
    """Read a file within bounds; only a regular one."""
    try:
        data = gate.read(path, MOST_BYTES + 1)
    except IsADirectoryError:
        raise _Forbidden("is a directory: put a TOML file in its place, or remove it") from None
    except PermissionError:
        raise _Forbidden("cannot be read: let this user read it (chmod u+r)") from None
    except OSError as error:
        reraise_interrupt(error)
        if error.errno == errno.EINVAL:
            wrong = "is no regular file: put a TOML file in its place, or remove it"
            raise _Forbidden(wrong) from None
        raise _Unusable(f"cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise _Unusable(f"is longer than {MOST_BYTES >> 20} MiB: keep settings in a shorter one")
    return data


def _shared_table(data: bytes) -> dict[str, object] | None:
    """Return our table of a ``pyproject.toml``, None without one.

    A file that does not even name hostshift is not parsed. A broken file is an error if it
    seems to have the table, so that its user notices.
    """
    if b"hostshift" not in data:
        return None
    try:
        tool = _parsed(data).get("tool")
    except _Unusable as problem:
        if b"tool.hostshift" in data:
            raise
        debug("pyproject.toml %s", problem)
        return None
    if not isinstance(tool, dict) or "hostshift" not in tool:
        return None
    settings = tool["hostshift"]
    if not isinstance(settings, dict):
        raise _Unusable("has something else than a table at tool.hostshift: write [tool.hostshift]")
    return settings


def _parsed(data: bytes) -> dict[str, object]:
    """Parse TOML."""
    import tomllib

    try:
        text = data.decode("utf-8")
        if _has_long_key(text):
            raise _Unusable(f"has a key of more than {MOST_PARTS} parts: shorten it")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise _Unusable(f"is not UTF-8 (at byte {error.start}): save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _Unusable(f"is not TOML{_place_in(error)}: correct it there") from None
    except ValueError:  # a number of more digits than Python reads
        raise _Unusable("holds a number or a date that cannot be read: correct it") from None
    except RecursionError:
        raise _Unusable("is nested too deep: settings are names and plain values") from None


def _place_in(error: ValueError) -> str:
    """Return where ``tomllib`` gave up, at the end of its message: the rest can quote the file."""
    import re

    place = re.search(r" \(at (?:line \d+, column \d+|end of document)\)\Z", str(error))
    return place[0] if place else ""


def _has_long_key(text: str) -> bool:
    """Return True if a dotted key has too many parts. In time linear in the text.

    Parts may be in quotes and have blanks around them (TOML 1.0, "Keys"), and no key goes over
    the end of a line. So this reads strings as TOML does: a string may hold any number of dots.
    """
    if all(line.count(".") < MOST_PARTS for line in text.split("\n")):
        return False
    import re

    dots = 0
    for token in re.finditer(_TOKENS, text, re.DOTALL):
        if token.lastgroup == "dot":
            dots += 1
            if dots >= MOST_PARTS:
                return True
        elif token.lastgroup == "end":
            dots = 0
    return False


_TOKENS = r"""(?x)
    (?P<string>
        \"{3} (?: \\.? | [^\\] )*? (?: \"{3,5} | \Z )
      | '{3} .*? (?: '{3,5} | \Z )
      | " (?: \\. | [^"\\\n] )* (?: "? )
      | ' [^'\n]* '?
    )
  | (?P<part> [A-Za-z0-9_-]+ | [ \t]+ )
  | (?P<dot> \. )
  | (?P<end> \#[^\n]* | . )
"""
"""Strings, what else a key is made of, and what ends a key. A string that does not end goes up to
the end of the line or of the text, where ``tomllib`` gives up as well."""
