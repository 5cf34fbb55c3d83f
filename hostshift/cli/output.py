"""Write to standard output and standard error, and return the exit code for it."""

from __future__ import annotations

import sys

from hostshift.base.redaction import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

UNWRITTEN, INTERRUPTED, NO_READER = 3, 130, 141
"""Exit codes of all commands. 3: standard output is closed or full. 130 and 141, as in shells:
Ctrl-C (SIGINT), and a reader that left (SIGPIPE)."""


def tell(message: str) -> None:
    """Write a message to standard error, unless that is closed or full.

    Its own line ends stay. Escapes would act on the terminal, so they are written out.
    """
    try:
        if sys.stderr is not None:
            shown = "\n".join(map(printable, message.split("\n")))
            sys.stderr.write(f"hostshift: {shown}\n")
            sys.stderr.flush()
    except (OSError, ValueError):
        pass


def tell_log(level: str, message: str) -> None:
    """Write a message of the log to standard error."""
    tell(f"{level}: {message}" if level == "warning" else message)


def tell_warnings(level: str, message: str) -> None:
    """Write a message of the log to standard error if it is a warning."""
    if level == "warning":
        tell_log(level, message)


def answer(text: str, code: int = 0) -> int:
    """Write to standard output and return the exit code: ``code`` if that succeeds.

    A text may hold bytes of the environment that are not UTF-8. This writes them unchanged.
    """
    return _written(_write_text, text, code)


def answer_exactly(data: bytes, code: int = 0) -> int:
    """Write bytes to standard output as :func:`answer` writes a text.

    Where there are none, it need not be open.
    """
    return _written(_write_bytes, data, code) if data else code


def _write_text(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        _write_bytes(text.encode("utf-8", "surrogateescape"))


def _write_bytes(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def _written(write: Callable[[Any], None], what: str | bytes, code: int) -> int:
    if sys.stdout is None:
        tell("the answer cannot be written: there is no standard output")
        return UNWRITTEN
    try:
        write(what)
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
    """Give up standard output: its buffer must not fail again when Python ends."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = None
