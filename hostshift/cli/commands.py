"""All commands but ``exec``: ``resolve``, ``explain``, ``env``, ``vantage``, ``topology``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager, nullcontext

from hostshift import __version__, _log, redaction, resolver
from hostshift.cli import answer, env, tell, tell_warnings, topology
from hostshift.errors import CaptureError, HostshiftError, StaleError, UndecidedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from hostshift.vantages import Vantage

UNDECIDED = STALE = 1
MISUSED = 2
"""Exit codes: HOSTSHIFT_STRICT refused the text, or the saved topology is stale; a setting or an
argument is wrong, or there is nothing to save."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        given = _parsed(_parser(), arguments)
    except SystemExit as stop:  # wrong arguments; or help or the version, which was printed
        return MISUSED if stop.code else answer("")
    quiet = given.verbose or given.run is not env.run
    with _logging(verbose=given.verbose), nullcontext() if quiet else _warnings():
        try:
            output: str = given.run(given)
        except (UndecidedError, StaleError) as error:
            return _fail(error, STALE if isinstance(error, StaleError) else UNDECIDED)
        except HostshiftError as error:
            return _fail(error, MISUSED)
    return answer(output + "\n")


def _fail(error: HostshiftError, code: int) -> int:
    tell(str(error))
    return code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong where it can be heard: argparse takes standard output in need.

    What was given is not shown as it is: it may be a string with a password, in the place of
    a command or of a file.
    """

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        what, invalid, rest = message.partition("invalid choice: ")
        if invalid:
            message = f"{what}there is no such choice (choose{rest.rpartition(' (choose')[2]}"
        what, ignored, _ = message.partition("ignored explicit argument")
        if ignored:
            message = f"{what}it takes no value"
        _, ambiguous, rest = message.partition("ambiguous option: ")
        if ambiguous:
            message = f"an option could be any of {rest.rpartition(' could match ')[2]}"
        tell(f"{message}\n{self.format_usage().rstrip()}")
        raise SystemExit(MISUSED)


def _parsed(parser: _Parser, arguments: Sequence[str] | None) -> argparse.Namespace:
    given, others = parser.parse_known_args(arguments)
    if others:
        shown = (
            redaction.option(one) if one.startswith("-") else redaction.shape(one) for one in others
        )
        parser.error(f"unrecognized arguments: {' '.join(shown)}")
    return given


def _parser() -> _Parser:
    parser = _Parser(
        prog="hostshift",
        description="One connection string, every place the code runs.",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log to standard error")
    parser.add_argument("--version", action="version", version=f"hostshift {__version__}")
    commands: Any = parser.add_subparsers(required=True, metavar="COMMAND")
    resolve = commands.add_parser("resolve", help="print the answer and nothing else")
    resolve.set_defaults(run=_resolve)
    explain = commands.add_parser("explain", help="print the answer and how it came about")
    explain.set_defaults(run=_explain)
    for command in (resolve, explain):
        command.add_argument(
            "text", metavar="TEXT", help="a connection string; - reads it from standard input"
        )
        command.add_argument("--dialect", help="the grammar of whoever will read the string")
    vantage = commands.add_parser("vantage", help="print where this process stands")
    vantage.set_defaults(run=_vantage)
    vantage.add_argument("--root", default="/", metavar="DIR", help="judge a captured root instead")
    vantage.add_argument(
        "--capture",
        metavar="DIR",
        help="also write what was read to a new directory, names removed",
    )
    env.add(commands)
    topology.add(commands)
    # Listed for its help; it is taken before this parser is made.
    commands.add_parser("exec", help="resolve the environment and become a command")
    for command in (explain, vantage):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


@contextmanager
def _logging(*, verbose: bool) -> Iterator[None]:
    """Keep the log out of the way: what ``resolve`` prints is often taken by a shell."""
    import logging

    logger, propagate = logging.getLogger("hostshift"), logging.getLogger("hostshift").propagate
    handler = logging.StreamHandler() if verbose else logging.NullHandler()
    logger.addHandler(handler)
    logger.propagate = False
    level = logger.level
    logger.setLevel(logging.DEBUG if verbose else level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
        logger.setLevel(level)


@contextmanager
def _warnings() -> Iterator[None]:
    """Write warnings where the answer alone does not tell what stays, and why."""
    _log.to(tell_warnings)
    try:
        yield
    finally:
        _log.to(None)


def _text(given: argparse.Namespace) -> str:
    """Take the text from the arguments or, for ``-``, from standard input less one newline.

    Raises:
        HostshiftError: standard input is closed, or cannot be read.

    """
    if given.text != "-":
        return str(given.text)
    if sys.stdin is None:
        raise HostshiftError("standard input is closed: give it a text, or name the text")
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:  # what is not UTF-8 is read as arguments are
        reconfigure(errors="surrogateescape")
    try:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
    raise HostshiftError(f"standard input cannot be read: {why}")


def _resolve(given: argparse.Namespace) -> str:
    return resolver.current().resolve(_text(given), given.dialect)


def _explain(given: argparse.Namespace) -> str:
    found = resolver.current().explain(_text(given), given.dialect)
    return json.dumps(found.as_dict(), indent=2) if given.json else str(found)


def _vantage(given: argparse.Namespace) -> str:
    from hostshift import report

    found = _captured(given) if given.capture or given.root != "/" else resolver.current().vantage()
    return json.dumps(found.as_dict(), indent=2) if given.json else report.describe_vantage(found)


def _captured(given: argparse.Namespace) -> Vantage:
    """Judge a root by its files, and write them to another directory if one is given."""
    from hostshift import detection, surroundings

    _check_root(given.root)

    # What the user sets is about this machine, not about a captured one.
    declared = resolver.current().policy.standing() if given.root == "/" else {}
    around, found = detection.judged(surroundings.read(given.root), declared)
    if given.capture:
        from hostshift import capture

        capture.write(given.capture, around, found)
    return found


def _check_root(root: str) -> None:
    """Raise CaptureError if there is no directory to read."""
    import os

    try:
        empty = not os.listdir(root or "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fix = "name a directory that `hostshift vantage --capture DIR` wrote"
        raise CaptureError(
            f"--root {redaction.path(root)}: cannot be read ({reason}): {fix}"
        ) from error
    if empty:
        tell(f"--root {root} is an empty directory: nothing can be judged")
