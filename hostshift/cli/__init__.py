"""The ``hostshift`` command.

``exec`` starts programs, so it loads no more than it needs; the others are in
:mod:`.commands`.
"""

from __future__ import annotations

import sys
from itertools import takewhile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERBOSE = ("-v", "--verbose")
UNWRITTEN, INTERRUPTED, NO_READER = 3, 130, 141
"""Exit codes of all commands: standard output is closed or full; as shells have them for
Ctrl-C (SIGINT), and for a reader that left (SIGPIPE)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; ``exec`` does not come back."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    flags = list(takewhile(VERBOSE.__contains__, given))
    if given[len(flags) : len(flags) + 1] == ["exec"]:
        from hostshift.cli import exec as launch

        return launch.main([*flags, *given[len(flags) + 1 :]])
    try:
        from hostshift.cli import commands

        return commands.main(given)
    except KeyboardInterrupt:
        return INTERRUPTED


def tell(message: str) -> None:
    """Write a line to standard error, if there is one: it may be closed, or full."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"hostshift: {message}\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        pass


def tell_log(level: str, message: str) -> None:
    """Write a message of the log to standard error."""
    tell(f"{level}: {message}" if level == "warning" else message)


def tell_warnings(level: str, message: str) -> None:
    """Write a message of the log to standard error if the user should know it."""
    if level == "warning":
        tell_log(level, message)


def answer(text: str, code: int = 0) -> int:
    """Write to standard output and return the exit code: the given one, if it was written.

    A text holds what the environment holds, bytes that are no text included; they are
    written as they came.
    """
    if sys.stdout is None:
        tell("there is no standard output to write the answer to")
        return UNWRITTEN
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
        return NO_READER
    except (OSError, ValueError) as error:
        _discard()
        tell(f"the answer cannot be written: {getattr(error, 'strerror', None) or error}")
        return UNWRITTEN
    return code


def _discard() -> None:
    """Give up standard output: what is left in it must not fail again when Python ends."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = None
