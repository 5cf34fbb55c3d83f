"""``hostshift exec``: resolve the environment and become a command.

It is the entry point of images, so it is parsed by hand and loads little: no parser of
arguments, no settings library where nothing is set, and nothing at all but the reader of
strings where no variable holds an address.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = "hostshift exec [--env-file FILE]... [--wait NAME[=SECONDS]]... -- COMMAND [ARGUMENT]..."
HELP = f"""usage: {USAGE}

Resolve the addresses of data services in the environment and become COMMAND.

  --env-file FILE        read variables from FILE as well; the environment goes before it
  --wait NAME[=SECONDS]  first wait until the server that NAME leads to is ready, 60 seconds
                         by default
  -v, --verbose          log to standard error
"""
WAIT_SECONDS = 60.0
MISUSED, NOT_READY, CANNOT_RUN, NOT_FOUND = 2, 124, 126, 127
"""Exit codes: wrong arguments or settings; as ``timeout`` has it; as shells have them."""


class _Misused(Exception):  # noqa: N818 - a signal inside this module
    """The arguments are wrong."""


def main(arguments: Sequence[str]) -> int:
    """Become the command; come back with an exit code only where that cannot be."""
    gc.disable()  # What is loaded is kept to the end, and the end is near.
    from hostshift.errors import HostshiftError

    try:
        files, waits, verbose, command = _parsed(list(arguments))
    except _Misused as error:
        return _fail(f"{error}\nusage: {USAGE}", MISUSED)
    if not command:
        sys.stdout.write(HELP)
        return 0
    try:
        if verbose:
            _log()
        environment = _environment(files)
        if not _wait(waits, environment):
            return NOT_READY
        environment |= _changes(environment)
    except HostshiftError as error:
        return _fail(str(error), MISUSED)
    return _become(command, environment)


def _parsed(given: list[str]) -> tuple[list[str], dict[str, float], bool, list[str]]:
    """Take the options apart; an empty command asks for help."""
    files: list[str] = []
    waits: dict[str, float] = {}
    verbose = False
    while given:
        option = given.pop(0)
        name, equals, value = option.partition("=")
        if option == "--":
            break
        if option in ("-h", "--help"):
            return files, waits, verbose, []
        if option in ("-v", "--verbose"):
            verbose = True
        elif name in ("--env-file", "--wait"):
            if not equals and not given:
                raise _Misused(f"{name} needs a value")
            value = value if equals else given.pop(0)
            if name == "--wait":
                waits |= _waited(value)
            else:
                files.append(value)
        elif option.startswith("-"):
            raise _Misused(f"there is no option {option}")
        else:  # the command, without the dashes before it
            given.insert(0, option)
            break
    if not given:
        raise _Misused("a COMMAND is wanted")
    return files, waits, verbose, given


def _waited(value: str) -> dict[str, float]:
    """Read ``NAME=SECONDS``. What was given is not shown: it may be a string with a password."""
    name, _, given = value.partition("=")
    if not name or not set(name).isdisjoint(":/@ "):
        raise _Misused(
            "--wait takes the name of a variable, such as --wait DATABASE_URL=30:"
            " what was given cannot be one"
        )
    try:
        seconds = float(given) if given else WAIT_SECONDS
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):  # nor NaN, which is not less than anything
        raise _Misused(
            f"--wait {name}= takes a number of seconds, 0 or more and finite,"
            f" such as --wait {name}=30"
        )
    return {name: seconds}


def _environment(files: list[str]) -> dict[str, str]:
    """Read the environment, and files below it: what is set stays as it is set."""
    found: dict[str, str] = {}
    if files:
        from hostshift.cli import env

        for file in files:
            found |= env.read(file)
    found |= os.environ
    if files:  # a file may hold settings of ours as well
        os.environ.update({name: found[name] for name in found if name.startswith("HOSTSHIFT_")})
    return found


def _changes(environment: dict[str, str]) -> dict[str, str]:
    from hostshift import environ, settings

    listed = settings.load().env
    if next(environ.touched(environment, listed), None) is None:
        return {}
    from hostshift import resolver

    return environ.resolved(environment, resolver.current())


def _wait(waits: dict[str, float], environment: dict[str, str]) -> bool:
    if not waits:
        return True
    from hostshift import ready

    for name, seconds in waits.items():
        trouble = ready.wait(name, environment, seconds)
        if trouble:
            _fail(trouble, NOT_READY)
            return False
    return True


def _become(command: list[str], environment: dict[str, str]) -> int:
    """Replace this process: its id, group, streams and signals become the command's."""
    sys.stdout.flush()
    sys.stderr.flush()
    _default_signals()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - that is what it is for
    except FileNotFoundError:
        return _fail(f"{command[0]}: command not found", NOT_FOUND)
    except OSError as error:
        return _fail(f"{command[0]}: {error.strerror}", CANNOT_RUN)


def _default_signals() -> None:
    """Undo what Python ignores: a command would inherit it (SIGPIPE, SIGXFSZ).

    ``signal`` itself makes enumerations of what ``_signal`` has, and that alone is a third
    of this command's start (CPython and PyPy have both).
    """
    signal = __import__("_signal")

    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _log() -> None:
    import logging

    logging.basicConfig(format="hostshift: %(message)s")
    logging.getLogger("hostshift").setLevel(logging.DEBUG)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"hostshift: {message}\n")
    return code
