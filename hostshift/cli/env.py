"""``hostshift env``: print the environment's addresses as they are from here."""

from __future__ import annotations

import json
import os
import shlex

from hostshift import environ, resolver
from hostshift.errors import EnvironmentFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

FORMATS = ("shell", "dotenv", "json")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "env", help="print the variables that have another value from here"
    )
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


def run(given: argparse.Namespace) -> str:
    """Return what is printed. It holds the values as they are, secrets too."""
    if not given.file:
        return written(environ.resolved(os.environ, resolver.current()), given.format)
    found: dict[str, str] = {}
    for file in given.file:
        found |= read(file)
    return written(found | environ.resolved(found, resolver.current()), given.format)


def written(variables: dict[str, str], form: str) -> str:
    """Write variables for a shell, for a .env file or as JSON."""
    if form == "json":
        return json.dumps(variables, indent=2)
    if form == "shell":
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    else:
        lines = [f"{name}={_quoted(value)}" for name, value in variables.items()]
    return "\n".join(lines)


def _quoted(value: str) -> str:
    """Quote for dotenv parsers: in single quotes nothing but these and backslashes mean more."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def read(file: str) -> dict[str, str]:
    """Read a .env file, as python-dotenv does.

    Raises:
        EnvironmentFileError: it cannot be read.

    """
    from dotenv import dotenv_values

    if not os.path.isfile(file):
        raise EnvironmentFileError(f"{file}: there is no such file")
    try:
        found = dotenv_values(file, interpolate=True)
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(f"{file} cannot be read: {type(error).__name__}") from None
    return {name: value for name, value in found.items() if value is not None}
