"""``hostshift forward``: listen on localhost, and carry each connection to where it means.

``hostshift exec --forward`` does the same beside a command.
"""

from __future__ import annotations

import os
import sys

from hostshift.base import log, stderr
from hostshift.cli.output import INTERRUPTED, tell, tell_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from hostshift.forward.loop import Loop

GRACE = 5.0
"""Seconds for open connections after SIGTERM: `docker stop` kills after ten."""
PATIENCE = 1.0
"""Seconds for which standard error may be full before the ports are served, and after that. In
between, what it does not take is left out: a line of the log would stop all connections."""
NOTHING = "there is nothing to forward: connections to localhost lead where they mean"


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    from hostshift.forward.spec import AUTO, FORMS

    command.set_defaults(run=run, warns=True)
    command.add_argument("specs", metavar="SPEC", nargs="*", default=[AUTO], help=FORMS)
    command.add_argument(
        "--stats", action="store_true", help="also write the counts at the end (SIGUSR1: now)"
    )


def run(options: argparse.Namespace) -> bytes:
    """Serve until SIGINT or SIGTERM; print nothing.

    Raises:
        ForwardError: a SPEC is wrong, or a port is not free; then nothing listens.
        KeyboardInterrupt: SIGINT ended it.

    """
    from hostshift.forward import service

    if not options.verbose:
        log.to(_tell_notices)
    service.raise_limit()
    loop = service.listen(options.specs, os.environ, quiet=not options.verbose)
    if loop is None:
        tell(NOTHING)
        return b""
    service.has_own_process(loop)
    service.tell_on_signal(loop, tell)
    codes = _end_by_signals(loop)
    stream = stderr.never_wait(PATIENCE)
    if options.verbose:
        _log_to_standard_error()
    for entry in loop.entries:
        tell(f"{entry.endpoint} is open")
    stream.patience = 0.0
    loop.run()
    stream.patience = PATIENCE
    if options.stats:
        service.tell_counts(loop, tell)
    if codes[:1] == [INTERRUPTED]:
        raise KeyboardInterrupt
    return b""


def _log_to_standard_error() -> None:
    """Let the log write to standard error as it is now."""
    import logging

    for handler in logging.getLogger("hostshift").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)


def _tell_notices(level: str, message: str) -> None:
    """Write what the user should know of a program that runs for long."""
    if level != "debug":
        tell_log(level, message)


def _end_by_signals(loop: Loop) -> list[int]:
    """Stop a loop by SIGINT and SIGTERM; return the list that gets the exit code of each."""
    import signal

    codes: list[int] = []

    def end(number: int, _: object) -> None:
        """Stop listening; a second signal ends the open connections too."""
        codes.append(0 if number == signal.SIGTERM else INTERRUPTED)
        loop.call(lambda: loop.stop(GRACE if len(codes) == 1 and not codes[0] else 0))

    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), end)
    return codes
