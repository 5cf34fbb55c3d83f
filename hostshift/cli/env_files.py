"""Read the ``.env`` files that a command is given: each once, and within bounds.

Settings of hostshift decide where credentials go, so they count only in a file that no other
user could write. The other variables are for the command, as those of ``docker run --env-file``
are.
"""

from __future__ import annotations

import os

from hostshift.base import redaction
from hostshift.base.log import warning
from hostshift.config.variables import is_ours
from hostshift.errors import EnvironmentFileError
from hostshift.trust import gate, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_BYTES = 1 << 20
"""The most bytes of a file of variables."""
MOST_LINES = 50_000
"""The most lines of a file. python-dotenv reads so many in a second."""
MOST_CHARACTERS = 4 << 20
"""The most characters of all values together, after the variables in them are replaced."""
MOST_STEPS = 20_000_000
"""The most characters of all files that python-dotenv looks at again and again: see
:class:`_Steps`. It looks at so many in half a second."""
_BLANKS_A_STEP = 8
"""How many blanks it looks at while it looks at one other character."""
_MOST_SHOWN = 5
_UNCHECKED = "hostshift cannot check who may write it. Next: name the file itself"


def read(files: list[str]) -> dict[str, str]:
    """Read .env files as python-dotenv does. A later file overrides an earlier one.

    A setting of hostshift counts only if no other user could write its file. If one could, the
    setting of an earlier file stays.

    Raises:
        EnvironmentFileError: a file cannot be read, is no regular file, or is longer than the
            limits.

    """
    steps = _Steps()
    return {name: value for file in files for name, value in _file(file, steps).items()}


def _file(path: str, steps: _Steps) -> dict[str, str]:
    """Return the variables of a file, of our own settings only those that count."""
    data, doubt = _content(path)
    withheld = _Withheld()
    outer = withheld if doubt else {**os.environ}
    variables = _variables(path, _text(path, data), outer, steps)
    if withheld.names:
        shown = ", ".join(sorted(map(redaction.name, withheld.names))[:_MOST_SHOWN])
        message = "%s of the environment count as not set in %s: %s"
        warning(message, shown, redaction.path(path), doubt)
    settings = list(filter(is_ours, variables))
    if not doubt or not settings:
        return variables
    names = ", ".join(sorted(map(redaction.name, settings))[:_MOST_SHOWN])
    warning("%s in %s do not count: %s", names, redaction.path(path), doubt)
    return {name: value for name, value in variables.items() if name not in settings}


# --- reading ------------------------------------------------------------------------------------


def _content(path: str) -> tuple[bytes, str]:
    """Return what a file holds, and why its settings do not count, or "".

    Only what the gate itself has read counts. A second read could see another file.
    """
    try:
        return gate.read(path, MOST_BYTES + 1), ""
    except gate.UntrustedError as error:
        doubt = f"{error.rule}. Next: {error.fix}"
    except (OSError, ValueError):  # the other way to read it says what is wrong, if anything is
        doubt = _UNCHECKED
    return _unchecked(path), doubt


def _unchecked(path: str) -> bytes:
    """Read anybody's file up to the limit. Refuse one that is not regular: it could block."""

    def limit(status: os.stat_result) -> int:
        if not regular_file.is_regular(status):
            wrong = f"{redaction.path(path)} is no regular file: name a .env file"
            raise EnvironmentFileError(wrong)
        return MOST_BYTES + 1

    try:
        return regular_file.read(path, limit)
    except FileNotFoundError:
        missing = f"{redaction.path(path)} does not exist: name a .env file"
        raise EnvironmentFileError(missing) from None
    except ValueError:
        raise _unreadable(path, "its name holds a NUL") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None


def _text(path: str, data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise _unreadable(path, f"it is longer than {MOST_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"it is not UTF-8 (at byte {error.start}): save it as UTF-8"
    raise _unreadable(path, why)


def _unreadable(path: str, why: str) -> EnvironmentFileError:
    return EnvironmentFileError(f"{redaction.path(path)} cannot be read: {why}")


# --- parsing ------------------------------------------------------------------------------------


class _Steps:
    """Counts the characters that python-dotenv looks at again and again, in all files.

    Each value alone may be short enough, and all of them together take minutes.
    """

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def take_blanks(self, path: str, text: str) -> None:
        r"""Refuse long runs of blanks: it looks for ``\s+#`` at each blank of a run.

        It finds one at once where a comment follows, as in a table.
        """
        import re

        runs = re.findall(r"([^\S\r\n]+)(#?)", text)
        steps = sum(len(blanks) ** 2 for blanks, comment in runs if not comment)
        self._take(path, steps // _BLANKS_A_STEP, "it has too many blanks in a row: remove them")

    def take_braces(self, path: str, value: str) -> None:
        """Refuse many ``${`` before one ``}``: it looks for the end of each on its own."""
        steps = sum(part.count("${") * len(part) for part in value.split("}"))
        self._take(path, steps, "it has too many ${ without a }: close them")

    def _take(self, path: str, steps: int, why: str) -> None:
        self._left -= steps
        if self._left < 0:
            raise _unreadable(path, why)


class _Withheld(dict[str, str]):
    """Stands for the environment in a file that others could write, and holds nothing.

    Such a file could put a password of this user into the name of a host, which is looked up.
    ``docker run --env-file`` replaces nothing, either.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        """Variables of the environment that the file asks for."""
        self._environ = frozenset(os.environ)

    def __contains__(self, name: object) -> bool:
        if name in self._environ:
            self.names.add(str(name))
        return False


def _variables(path: str, text: str, outer: dict[str, str], steps: _Steps) -> dict[str, str]:
    """Read variables, and replace those in values, as python-dotenv does.

    It does so without a limit: 24 lines of which each has the one before twice take gigabytes.

    Args:
        path: the file, for messages.
        text: what it holds.
        outer: the variables that a value may have besides those of the file before it.
        steps: counts what python-dotenv looks at.

    """
    from collections import ChainMap

    variables: dict[str, str | None] = {}
    given: dict[str, str | None] = outer  # type: ignore[assignment]  # only read
    known: Mapping[str, str | None] = ChainMap(variables, given)  # the file goes before
    left = MOST_CHARACTERS
    for name, raw in _bindings(path, text, steps):
        if raw is not None:
            steps.take_braces(path, raw)
        value = variables[name] = None if raw is None else _interpolated(raw, known, left)
        left -= len(value or "")
        if left < 0:
            raise _unreadable(path, f"its values are longer than {MOST_CHARACTERS >> 20} MiB")
    return {name: value for name, value in variables.items() if value is not None}


def _bindings(path: str, text: str, steps: _Steps) -> Iterable[tuple[str, str | None]]:
    """Return names and values as they stand in the file."""
    from io import StringIO

    from dotenv.parser import parse_stream

    _check_lines(path, text)
    steps.take_blanks(path, text)
    try:
        found = list(parse_stream(StringIO(text)))
    except RecursionError:
        raise _unreadable(path, "it is nested too deeply") from None
    wrong = [binding.original.line for binding in found if binding.error]
    if wrong:
        lines = ", ".join(map(str, wrong[:_MOST_SHOWN])) + (", …" * (len(wrong) > _MOST_SHOWN))
        warning("%s: left out what is no NAME=value: line %s", redaction.path(path), lines)
    return [(binding.key, binding.value) for binding in found if binding.key is not None]


def _interpolated(raw: str, known: Mapping[str, str | None], most: int) -> str:
    """Replace the variables in a value; stop where it has more characters than it may."""
    from dotenv.variables import parse_variables

    value: list[str] = []
    for atom in parse_variables(raw):
        value.append(atom.resolve(known))
        most -= len(value[-1])
        if most < 0:
            break
    return "".join(value)


def _check_lines(path: str, text: str) -> None:
    if text.count("\n") + text.count("\r") - text.count("\r\n") > MOST_LINES:
        raise _unreadable(path, f"it has more than {MOST_LINES:,} lines: remove some")
