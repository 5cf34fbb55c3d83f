"""All commands but ``exec``: ``resolve``, ``explain``, ``env``, ``render`` and so on."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager, nullcontext, suppress

from hostshift import __version__
from hostshift.base import log, redaction
from hostshift.cli import env, forward, render, topology
from hostshift.cli.output import answer, answer_exactly, tell, tell_warnings
from hostshift.config import settings
from hostshift.errors import CaptureError, HostshiftError, SettingError, StaleError, UndecidedError
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

    from hostshift.detect.vantage import Vantage

MOST_CHARACTERS = 1 << 20
"""The most characters of standard input: it may have no end."""
UNDECIDED = STALE = 1
MISUSED = 2
"""Exit codes. 1: HOSTSHIFT_STRICT refused the text, or the saved topology is stale. 2: a setting
or an argument is wrong, or there is nothing to save."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        options = _parsed(_parser(), arguments)
    except SystemExit as stop:  # wrong arguments; or argparse printed the help or the version
        return MISUSED if stop.code else answer("")
    quiet = options.verbose or not options.warns
    with _logging(verbose=options.verbose), nullcontext() if quiet else _warnings():
        try:
            if quiet and not options.verbose:
                _warn_of_ignored_settings()
            output: str | bytes = options.run(options)
        except (UndecidedError, StaleError) as error:
            return _fail(error, STALE if isinstance(error, StaleError) else UNDECIDED)
        except HostshiftError as error:
            return _fail(error, MISUSED)
    return answer_exactly(output) if isinstance(output, bytes) else answer(output + "\n")


def _fail(error: HostshiftError, code: int) -> int:
    tell(str(error))
    return code


class _Parser(argparse.ArgumentParser):
    """Write errors to standard error only: argparse falls back to standard output.

    It masks the wrong argument: that may be a string with a password, in the place of a
    command or of a file.
    """

    def error(self, message: str) -> NoReturn:
        """Write an error and the usage, and exit with 2."""
        start, invalid, rest = message.partition("invalid choice: ")
        if invalid:
            message = f"{start}there is no such choice (choose{rest.rpartition(' (choose')[2]}"
        start, ignored, _ = message.partition("ignored explicit argument")
        if ignored:
            message = f"{start}it takes no value"
        _, ambiguous, rest = message.partition("ambiguous option: ")
        if ambiguous:
            message = f"an option could be any of {rest.rpartition(' could match ')[2]}"
        tell(f"{message}\n{self.format_usage().rstrip()}")
        raise SystemExit(MISUSED)


def _parsed(parser: _Parser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the arguments, and show those that no command takes only masked."""
    options, others = parser.parse_known_args(arguments)
    if others:
        masked = (
            redaction.option(word) if word.startswith("-") else redaction.shape(word)
            for word in others
        )
        parser.error(f"unrecognized arguments: {' '.join(masked)}")
    return options


def _parser() -> _Parser:
    parser = _Parser(
        prog="hostshift",
        description="One connection string, every place the code runs.",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log to standard error")
    parser.add_argument("--version", action="version", version=f"hostshift {__version__}")
    parser.set_defaults(warns=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    resolve = commands.add_parser("resolve", help="print the answer and nothing else")
    resolve.set_defaults(run=_resolve)
    explain = commands.add_parser("explain", help="print the answer and what led to it")
    explain.set_defaults(run=_explain)
    for command in (resolve, explain):
        command.add_argument(
            "text", metavar="TEXT", help="a connection string; - reads it from standard input"
        )
        command.add_argument("--dialect", help="the grammar of the string's consumer")
    vantage = commands.add_parser("vantage", help="print where this process stands")
    vantage.set_defaults(run=_vantage)
    vantage.add_argument("--root", default="/", metavar="DIR", help="judge a captured root instead")
    vantage.add_argument(
        "--capture",
        metavar="DIR",
        help="also write the facts that it read to a new directory, without names",
    )
    changed = "print the variables that have another value from here"
    env.add_to(commands.add_parser("env", help=changed))
    render.add_to(commands.add_parser("render", help="print a configuration file, resolved"))
    topology.add_to(commands.add_parser("topology", help="print the services and their ports"))
    forward.add_to(
        commands.add_parser("forward", help="listen on localhost, and carry on what connects")
    )
    # Only for the help: main() of the package handles exec before it gets here.
    commands.add_parser("exec", help="resolve the environment and become a command")
    for command in (explain, vantage):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


@contextmanager
def _logging(*, verbose: bool) -> Iterator[None]:
    """Keep the log out of the output: shells often read what ``resolve`` prints."""
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
    """Write warnings: the answer alone does not show what stays, and why."""
    log.to(tell_warnings)
    try:
        yield
    finally:
        log.to(None)


def _warn_of_ignored_settings() -> None:
    """Warn of a settings file that does not count, because the answer would be another with it.

    A file that is broken is an error of the command, if it needs the settings.
    """
    with _warnings(), suppress(SettingError):
        settings.settings_file()


def _text(options: argparse.Namespace) -> str:
    """Take the text from the arguments or, for ``-``, from standard input less one newline.

    Raises:
        HostshiftError: standard input is closed or too long, or reading it fails.

    """
    if options.text != "-":
        return str(options.text)
    if sys.stdin is None:
        raise HostshiftError("standard input is closed: open it, or pass the text as an argument")
    reconfigure = getattr(sys.stdin, "reconfigure", None)
    if reconfigure is not None:  # as for arguments, bytes that are not UTF-8 become surrogates
        reconfigure(errors="surrogateescape")
    try:
        text = sys.stdin.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
    else:
        if len(text) <= MOST_CHARACTERS:
            return text.removesuffix("\n").removesuffix("\r")
        why = f"it has more than {MOST_CHARACTERS:,} characters: pass one connection string"
    raise HostshiftError(f"standard input cannot be read: {why}")


def _resolve(options: argparse.Namespace) -> str:
    return resolver.current().resolve(_text(options), options.dialect)


def _explain(options: argparse.Namespace) -> str:
    resolution = resolver.current().explain(_text(options), options.dialect)
    return json.dumps(resolution.as_dict(), indent=2) if options.json else str(resolution)


def _vantage(options: argparse.Namespace) -> str:
    from hostshift.detect import describe

    is_here = not options.capture and options.root == "/"
    vantage = resolver.current().vantage() if is_here else _captured(options)
    if options.json:
        return json.dumps(vantage.as_dict(), indent=2)
    return describe.describe_vantage(vantage)


def _captured(options: argparse.Namespace) -> Vantage:
    """Judge a root by its files, and write them to the directory of ``--capture``, if any."""
    from hostshift import detect
    from hostshift.detect import facts

    _check_root(options.root)

    # The user's settings are about this machine, not about a captured one.
    declared = resolver.current().policy.standing() if options.root == "/" else {}
    read, vantage = detect.detect_closely(facts.read(options.root), declared)
    if options.capture:
        from hostshift.detect import capture

        capture.write(options.capture, read, vantage)
    return vantage


def _check_root(root: str) -> None:
    """Raise CaptureError if the root is not a readable directory; warn of an empty one."""
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
        tell(f"--root {root} is an empty directory: it holds no facts to judge")
