"""``hostshift exec``: resolve the environment and become a command.

It is the entry point of images, so it is parsed by hand and loads little: no parser of
arguments, no settings library where nothing is set, and nothing at all but the reader of
strings where no variable holds an address.
"""

from __future__ import annotations

import gc
import os
import sys

from hostshift.cli import answer, tell, tell_log, tell_warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.decision import Decision
    from hostshift.policy import Policy
    from hostshift.resolver import Resolver

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
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python sets LC_CTYPE to where the locale is C (PEP 538)."""
NOTHING_FOUND = (
    "no variable holds an address of a data service, so nothing is changed: what the code itself"
    " says is not seen here. List other variables in HOSTSHIFT_ENV, or use the integration of"
    " the framework or the driver (Django, Flask, SQLAlchemy, …)"
)


class _Misused(Exception):  # noqa: N818 - a signal inside this module
    """The arguments are wrong."""


def main(arguments: Sequence[str]) -> int:
    """Become the command; come back with an exit code only where that cannot be."""
    gc.disable()  # What is loaded is kept to the end, and the end is near.
    _end_by_signals()
    from hostshift import _log
    from hostshift.errors import HostshiftError

    try:
        files, waits, verbose, command = _parsed(list(arguments))
    except _Misused as error:
        return _fail(f"{error}\nusage: {USAGE}", MISUSED)
    if not command:
        return answer(HELP)
    # In this process nobody else configures logging, which would be half of the start.
    _log.to(tell_log if verbose else tell_warnings)
    try:
        environment = _environment(files)
        if not _wait(waits, environment):
            return NOT_READY
        environment |= _changes(environment, waited=bool(waits))
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
            from hostshift import redaction

            raise _Misused(f"there is no option {redaction.option(option)}")
        else:  # the command, without the dashes before it
            given.insert(0, option)
            break
    if not given:
        raise _Misused("there is no COMMAND: name it behind --")
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
    found = _own_environment()
    if not files:
        return found
    from hostshift.cli import env
    from hostshift.settings import is_ours

    read = env.read(files)
    odd = [name for name, value in read.items() if not name or "=" in name or "\0" in name + value]
    env.report_left_out(odd, "")
    new = {name: read[name] for name in read if name not in odd and name not in found}
    # A file may hold settings of ours as well, for this process and for the command.
    given = [name for name in new if is_ours(name)]
    for name in given:
        del new[name]
    settings = {}
    if given:
        believed = env.read_settings(files)
        settings = {name: believed[name] for name in given if "\0" not in believed.get(name, "\0")}
        os.environ.update(settings)
    return {**new, **settings, **found}


def _own_environment() -> dict[str, str]:
    """Return the environment as it was given, without what Python added to it."""
    found = dict(os.environ)
    if found.get("LC_CTYPE") in COERCED:
        try:
            with open("/proc/self/environ", "rb") as file:
                if b"\0LC_CTYPE=" not in b"\0" + file.read():
                    del found["LC_CTYPE"]
        except OSError:  # it does no harm where the locale is C
            pass
    return found


def _changes(environment: dict[str, str], *, waited: bool) -> dict[str, str]:
    """Return the variables that have another value from here.

    Args:
        environment: names and values.
        waited: the process's resolver was used for ``--wait``, and has read the settings.

    """
    from hostshift import environ, settings

    policy = _decider().policy if waited else settings.load()
    if next(environ.touched(environment, policy.env), None) is None:
        from hostshift import _log

        _log.info(NOTHING_FOUND)
        if not policy.map:
            return {}
    decider = _decider(None if waited else policy)
    decisions: list[Decision] = []
    changes = environ.resolved(environment, decider, decisions=decisions)
    if policy.map:
        from hostshift import _named

        _named.tell_unmatched(policy, decisions, decider)
    return changes


def _decider(policy: Policy | None = None) -> Resolver:
    """Return the process's resolver, made with the settings that were read before."""
    from hostshift import resolver

    if policy is not None:
        resolver.enter(resolver.Resolver(policy=policy))
    return resolver.current()


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
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # closed by whoever started this
                stream.flush()
        except OSError:
            pass
    _default_signals()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - that is what it is for
    except FileNotFoundError:
        why, code = "command not found", NOT_FOUND
    except OSError as error:
        why, code = str(error.strerror), CANNOT_RUN
    except ValueError:
        why = "a value of --env-file cannot be written in this locale: set LC_ALL=C.UTF-8"
        code = CANNOT_RUN
    from hostshift import redaction

    return _fail(f"{redaction.command(command[0])}: {why}", code)


def _end_by_signals() -> None:
    """End as any program does at Ctrl-C, ``kill`` and a terminal that closes, without a word.

    The first process of a container has no default action: the kernel drops what it does not
    handle (``pid_namespaces(7)``), and ``docker stop`` would wait in vain for ``--wait``.
    """
    signal = __import__("_signal")
    first = os.getpid() == 1
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) == signal.SIG_IGN:
            continue
        try:
            signal.signal(number, _end if first else signal.SIG_DFL)
        except ValueError:  # not in the main thread
            return


def _end(number: int, _frame: object) -> None:
    """End with the code that shells have for a signal."""
    os._exit(128 + number)


def _default_signals() -> None:
    """Undo what Python ignores: a command would inherit it (SIGPIPE, SIGXFSZ).

    ``signal`` itself makes enumerations of what ``_signal`` has, and that alone is a third
    of this command's start (CPython and PyPy have both).
    """
    signal = __import__("_signal")

    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _fail(message: str, code: int) -> int:
    tell(message)
    return code
