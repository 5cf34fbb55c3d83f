"""``hostshift env``: print the environment's addresses as they are from here."""

from __future__ import annotations

import json
import os
import shlex

from hostshift.base import redaction
from hostshift.cli import env_files
from hostshift.cli.output import tell
from hostshift.environment import listing
from hostshift.environment.model import Report
from hostshift.environment.resolve import resolved
from hostshift.resolution import named_values, resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


FORMATS = ("shell", "dotenv", "json")
READONLY = frozenset(("BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"))
"""Variables that Bash does not let anybody set ("Shell Variables" in its manual). A script that
sets one may end there."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    command.set_defaults(run=run, warns=True)
    command.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="FILE",
        help="print all variables of a .env file, resolved, instead; may be repeated",
    )
    command.add_argument(
        "--explain",
        action="store_true",
        help="print instead a line for each variable that looks like an address: what it becomes"
        " from here and why, or why it stays. It shows no secret",
    )
    command.add_argument(
        "--format", choices=FORMATS, default="shell", help="how to print them (default: shell)"
    )


def run(options: argparse.Namespace) -> str:
    """Return the text to print. It holds the values as they are, secrets too."""
    variables = env_files.read(options.file) if options.file else dict(os.environ)
    report = Report()
    current = resolver.current()
    changes = resolved(variables, current, report=report)
    named_values.tell_unmatched(current.policy, report.decisions, current)
    if options.explain:
        lines = [*report.lines, *listing.unmatched(variables, current.policy)]
        return "\n".join(map(str, lines))
    listing.tell_unmatched(variables, current.policy)
    return written(variables | changes if options.file else changes, options.format)


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
    a carriage return would be read as the end of a line. python-dotenv replaces ``${NAME}`` in
    single quotes as well (``dotenv.variables``), and has no way to write it as it is.
    """
    plain = name.replace(".", "").replace("-", "") if form == "dotenv" else name
    named = plain.isascii() and plain.isidentifier() and name[0] not in ".-"
    if form == "shell" and name in READONLY:
        return False
    odd = ("\0",) if form == "shell" else ("\0", "\r", "${")
    return named and not any(text in value for text in odd)


def report_left_out(names: list[str], form: str) -> None:
    """Report the variables that are left out, with the harmless part of their names."""
    if not names:
        return
    shown = ", ".join(dict.fromkeys(map(redaction.name, names[:5]))) + (
        ", …" if len(names) > 5 else ""
    )
    target = {"shell": "a shell", "dotenv": "a .env file"}.get(form, "an environment")
    count = "1 variable is" if len(names) == 1 else f"{len(names)} variables are"
    tell(f"{count} left out, because {target} cannot hold the name or the value: {shown}")


def _quoted(value: str) -> str:
    """Quote for dotenv parsers: in single quotes only quotes and backslashes are special.

    So is ``${``, which :func:`_fits` leaves out.
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
