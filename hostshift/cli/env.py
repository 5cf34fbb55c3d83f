"""``hostshift env``: print the environment's addresses as they are from here."""

from __future__ import annotations

import json
import os
import shlex

from hostshift.base import redaction
from hostshift.base.log import warning
from hostshift.cli.output import tell
from hostshift.config.variables import is_ours
from hostshift.errors import EnvironmentFileError
from hostshift.resolution import environment, named_values, resolver
from hostshift.trust import gate, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hostshift.routing.model import Decision

FORMATS = ("shell", "dotenv", "json")
MOST_BYTES = 1 << 20
"""The most bytes of a file of variables."""
MOST_CHARACTERS = 4 << 20
"""The most characters of all values together, after the variables in them are replaced."""
READONLY = frozenset(("BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"))
"""Variables that Bash does not let anybody set ("Shell Variables" in its manual). A script that
sets one may end there."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    command.set_defaults(run=run)
    command.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="FILE",
        help="print all variables of a .env file, resolved, instead; may be repeated",
    )
    command.add_argument(
        "--format", choices=FORMATS, default="shell", help="how to print them (default: shell)"
    )


def run(options: argparse.Namespace) -> str:
    """Return the text to print. It holds the values as they are, secrets too."""
    variables = _trusted(options.file) if options.file else dict(os.environ)
    decisions: list[Decision] = []
    current = resolver.current()
    changes = environment.resolved(variables, current, decisions=decisions)
    named_values.tell_unmatched(current.policy, decisions, current)
    return written(variables | changes if options.file else changes, options.format)


def _trusted(files: list[str]) -> dict[str, str]:
    """Read files, and of our own settings in them those that nobody else could have written."""
    found = read(files)
    if not any(map(is_ours, found)):
        return found
    believed = read_settings(files)
    return {name: found[name] for name in found if not is_ours(name) or name in believed}


def written(variables: dict[str, str], form: str) -> str:
    """Write variables for a shell, for a .env file or as JSON.

    A shell runs this text, so this leaves out each variable whose name or value the shell
    cannot hold, and reports it.
    """
    if form == "json":
        return json.dumps(variables, indent=2)
    fit = {name: value for name, value in variables.items() if _fits(name, value, form)}
    report_left_out([name for name in variables if name not in fit], form)
    if form == "shell":
        lines = [f"export {name}={shlex.quote(value)}" for name, value in fit.items()]
    else:
        lines = [f"{name}={_quoted(value)}" for name, value in fit.items()]
    return "\n".join(lines)


def _fits(name: str, value: str, form: str) -> bool:
    """Return True if a shell, or a reader of .env files, takes a variable as it is.

    Names are those of POSIX (Base Definitions, 3.216): letters of ASCII, digits and ``_``,
    no digit first. Readers of .env files take ``.`` and ``-`` as well. No value holds a NUL;
    a carriage return would be read as the end of a line.
    """
    plain = name.replace(".", "").replace("-", "") if form == "dotenv" else name
    named = plain.isascii() and plain.isidentifier() and name[0] not in ".-"
    if form == "shell" and name in READONLY:
        return False
    return named and "\0" not in value and (form == "shell" or "\r" not in value)


def report_left_out(names: list[str], form: str) -> None:
    """Report the variables that are left out, with the harmless part of their names."""
    if not names:
        return
    shown = ", ".join(dict.fromkeys(map(masked, names[:5]))) + (", …" if len(names) > 5 else "")
    target = {"shell": "a shell", "dotenv": "a .env file"}.get(form, "an environment")
    count = "1 variable is" if len(names) == 1 else f"{len(names)} variables are"
    tell(f"{count} left out, because {target} cannot hold the name or the value: {shown}")


def masked(name: str) -> str:
    """Return the beginning of a name: the rest may be anything, a secret too."""
    plain = 0
    while plain < min(len(name), 20) and (name[plain].isalnum() or name[plain] == "_"):
        plain += 1
    return name if plain == len(name) else f"{name[:plain]}***"


def _quoted(value: str) -> str:
    """Quote for dotenv parsers: in single quotes only quotes and backslashes are special."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def read(files: list[str]) -> dict[str, str]:
    """Read .env files as python-dotenv does. A later file overrides an earlier one.

    Raises:
        EnvironmentFileError: a file cannot be read, is no regular file or is longer than 1 MiB.

    """
    return {name: value for file in files for name, value in _file(file).items()}


def read_settings(files: list[str]) -> dict[str, str]:
    """Return hostshift's settings in .env files that no other user could write.

    Settings decide where credentials go. The other variables are for the command, as those
    of ``docker run --env-file`` are. Only what the gate itself reads counts: a check after an
    earlier read could see another file.

    Raises:
        EnvironmentFileError: a file cannot be read.

    """
    settings: dict[str, str] = {}
    for file in files:
        try:
            data = gate.read(file, MOST_BYTES + 1)
        except gate.UntrustedError as error:
            _warn_of_settings(file, error)
        except OSError as error:
            raise _unreadable(file, error.strerror or type(error).__name__) from None
        else:
            settings |= _settings(_variables(file, _text(file, data)))
    return settings


def _settings(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if is_ours(name)}


def _warn_of_settings(file: str, error: gate.UntrustedError) -> None:
    """Warn of settings in a file that another user could write."""
    names = ", ".join(sorted(map(masked, _settings(_file(file))))[:5])
    if names:
        where = redaction.path(file)
        warning("%s in %s do not count: %s. Next: %s", names, where, error.rule, error.fix)


def _file(path: str) -> dict[str, str]:
    return _variables(path, _content(path))


def _variables(path: str, text: str) -> dict[str, str]:
    """Read variables, and replace those in values, as python-dotenv does.

    It does so without a limit: 24 lines of which each has the one before twice take gigabytes.
    """
    from io import StringIO

    from dotenv.main import DotEnv

    try:
        bindings = list(DotEnv(None, StringIO(text), interpolate=False).parse())
    except RecursionError:
        raise _unreadable(path, "it is nested too deeply") from None
    variables: dict[str, str | None] = {}
    left = MOST_CHARACTERS
    for name, raw in bindings:
        value = variables[name] = None if raw is None else _interpolated(raw, variables, left)
        left -= len(value or "")
        if left < 0:
            raise _unreadable(path, f"its values are longer than {MOST_CHARACTERS >> 20} MiB")
    return {name: value for name, value in variables.items() if value is not None}


def _interpolated(raw: str, found: dict[str, str | None], most: int) -> str:
    """Replace the variables in a value; stop where it has more characters than it may."""
    from collections import ChainMap

    from dotenv.variables import parse_variables

    known: Mapping[str, str | None] = ChainMap(found, {**os.environ})  # the file goes before
    value: list[str] = []
    for atom in parse_variables(raw):
        value.append(atom.resolve(known))
        most -= len(value[-1])
        if most < 0:
            break
    return "".join(value)


def _content(path: str) -> str:
    """Read a file up to the limit. Refuse one that is not regular: it could block."""

    def limit(status: os.stat_result) -> int:
        if not regular_file.is_regular(status):
            wrong = f"{redaction.path(path)} is no regular file: name a .env file"
            raise EnvironmentFileError(wrong)
        return MOST_BYTES + 1

    try:
        data = regular_file.read(path, limit)
    except FileNotFoundError:
        missing = f"{redaction.path(path)} does not exist: name a .env file"
        raise EnvironmentFileError(missing) from None
    except ValueError:
        raise _unreadable(path, "its name holds a NUL") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    return _text(path, data)


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
