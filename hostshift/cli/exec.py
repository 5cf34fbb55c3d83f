"""``hostshift exec``: resolve the environment and become a command.

It is the entry point of images, so it parses its arguments by hand and loads little: no
argparse, no settings library where nothing is set, and only the reader of strings where no
variable holds an address.
"""

from __future__ import annotations

import gc
import os
import sys

from hostshift.cli.output import answer, tell, tell_log, tell_warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.config.policy import Policy
    from hostshift.resolution.resolver import Resolver

USAGE = (
    "hostshift exec [--env-file FILE]... [--wait NAME[=SECONDS]]... [--render FILE=OUT]..."
    " [--forward SPEC[,SPEC]...]... [--arguments]"
    " -- COMMAND [ARGUMENT]..."
)
HELP = f"""usage: {USAGE}

Resolve the addresses of data services in the environment and become COMMAND.

  --env-file FILE        also read variables from FILE; the environment overrides it
  --wait NAME[=SECONDS]  first wait until the server at the address in NAME is ready, for 60
                         seconds by default
  --render FILE=OUT      write the configuration file FILE, resolved, to OUT
  --forward SPEC[,SPEC]  also listen on localhost beside COMMAND, and carry its connections to
                         their targets: a port, LOCAL=TARGET, a variable's name, or auto
  --arguments            also resolve the arguments of COMMAND that are connection strings of
                         data services, and NAME=VALUE ones by the rules for variables
  -v, --verbose          log to standard error
"""
WAIT_SECONDS = 60.0
MISUSED, NOT_READY, CANNOT_RUN, NOT_FOUND = 2, 124, 126, 127
"""Exit codes. 2: wrong arguments or settings. 124: as in ``timeout``. 126, 127: as in shells."""
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""Values that Python gives LC_CTYPE where the locale is C (PEP 538)."""
NOTHING_FOUND = (
    "no variable holds an address of a data service, so exec changes nothing. It does not see"
    " addresses in the code itself. List other variables in HOSTSHIFT_ENV, or use the integration"
    " of the framework or the driver (Django, Flask, SQLAlchemy, …)"
)


class _Misused(Exception):  # noqa: N818 - a signal inside this module
    """The arguments are wrong."""


def main(arguments: Sequence[str]) -> int:
    """Become the command; return an exit code only if that fails."""
    gc.disable()  # What this process loads it keeps to its end, which is near.
    _end_by_signals()
    from hostshift.base import log
    from hostshift.errors import HostshiftError

    try:
        options, command = _parsed(list(arguments))
    except _Misused as error:
        return _fail(f"{error}\nusage: {USAGE}", MISUSED)
    if not command:
        return answer(HELP)
    # Nothing else in this process needs logging: to load it would take half of the start.
    log.to(tell_log if options.verbose else tell_warnings)
    try:
        environment = _environment(options.files)
        if options.forwards:
            _forward(options.forwards, environment)
        if not _wait(options.waits, environment):
            return NOT_READY
        reads = bool(options.waits or options.forwards)
        environment |= _changes(environment, waited=reads, verbose=options.verbose)
        if options.arguments:
            command = _arguments(command)
        if options.renders:
            _render(options.renders)
    except HostshiftError as error:
        return _fail(str(error), MISUSED)
    return _become(command, environment)


class _Options:
    """The options of the command."""

    def __init__(self) -> None:
        """Start with the defaults."""
        self.files: list[str] = []
        self.forwards: list[str] = []
        self.waits: dict[str, float] = {}
        self.renders: dict[str, str] = {}
        self.verbose = self.arguments = False


def _parsed(words: list[str]) -> tuple[_Options, list[str]]:
    """Return the options and the command. An empty command asks for help."""
    options = _Options()
    while words:
        option = words.pop(0)
        if option == "--":
            break
        if option in ("-h", "--help"):
            return options, []
        if option in ("-v", "--verbose"):
            options.verbose = True
        elif option == "--arguments":
            options.arguments = True
        elif option.startswith("-"):
            _take_value(options, option, words)
        else:  # the command, without the dashes before it
            words.insert(0, option)
            break
    if not words:
        raise _Misused("there is no COMMAND: name it behind --")
    return options, words


def _take_value(options: _Options, option: str, words: list[str]) -> None:
    """Read an option with a value, which may be the next word."""
    name, equals, value = option.partition("=")
    if name not in ("--env-file", "--forward", "--render", "--wait"):
        from hostshift.base import redaction

        raise _Misused(f"there is no option {redaction.option(option)}")
    if name == "--forward" and not equals and (not words or words[0][:1] == "-"):
        words.insert(0, "auto")
    if not equals and not words:
        raise _Misused(f"{name} needs a value")
    value = value if equals else words.pop(0)
    if name == "--wait":
        options.waits |= _waited(value)
    elif name == "--render":
        options.renders |= _output(value)
    else:
        (options.forwards if name == "--forward" else options.files).append(value)


def _waited(value: str) -> dict[str, float]:
    """Read ``NAME=SECONDS``. Errors do not show a wrong name: it may hold a password."""
    name, _, text = value.partition("=")
    if not name or not set(name).isdisjoint(":/@ "):
        raise _Misused(
            "--wait takes the name of a variable, such as --wait DATABASE_URL=30:"
            " this cannot be one"
        )
    try:
        seconds = float(text) if text else WAIT_SECONDS
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):  # nor NaN, which is not less than anything
        raise _Misused(
            f"--wait {name}= takes a number of seconds, 0 or more and finite,"
            f" such as --wait {name}=30"
        )
    return {name: seconds}


def _output(value: str) -> dict[str, str]:
    """Read ``FILE=OUT``, by OUT: each is written once."""
    file, _, output = value.partition("=")
    if not file or not output:
        raise _Misused("--render takes two files, such as --render config.yml=/run/config.yml")
    return {output: file}


def _forward(specs: list[str], environment: dict[str, str]) -> None:
    """Start the forwarder. Addresses that it serves stay as they are from now on."""
    from hostshift.forward import beside

    beside.start(specs, environment, tell)


def _render(files: dict[str, str]) -> None:
    """Write each file as it is from here, and all of them before the command starts."""
    from hostshift.cli import render

    render.render_all(files)


def _environment(files: list[str]) -> dict[str, str]:
    """Read the files, and the environment, which overrides them."""
    present = _own_environment()
    if not files:
        return present
    from hostshift.cli import env, env_files
    from hostshift.config.variables import is_ours

    read = env_files.read(files)
    odd = [name for name, value in read.items() if not name or "=" in name or "\0" in name + value]
    env.report_left_out(odd, "")
    new = {name: read[name] for name in read if name not in odd and name not in present}
    # A file may hold hostshift's settings as well, for this process and for the command.
    os.environ.update({name: value for name, value in new.items() if is_ours(name)})
    return {**new, **present}


def _own_environment() -> dict[str, str]:
    """Return the environment of this process, without what Python added to it."""
    environment = dict(os.environ)
    if environment.get("LC_CTYPE") in COERCED:
        try:
            with open("/proc/self/environ", "rb") as file:
                if b"\0LC_CTYPE=" not in b"\0" + file.read():
                    del environment["LC_CTYPE"]
        except OSError:  # it does no harm where the locale is C
            pass
    return environment


def _changes(environment: dict[str, str], *, waited: bool, verbose: bool) -> dict[str, str]:
    """Return the variables that have another value from here.

    Args:
        environment: names and values.
        waited: the process's resolver has read the settings (``--wait``, ``--forward``).
        verbose: somebody reads why variables stay.

    """
    from hostshift.config import settings
    from hostshift.environment import find
    from hostshift.environment.model import Kept, Report

    policy = _resolver().policy if waited else settings.load()
    found = [*find.places(environment, policy.env)]
    if policy.env:
        from hostshift.environment import listing

        listing.tell_unmatched(environment, policy)
    if all(isinstance(place, Kept) and not place.recognised for place in found):
        from hostshift.base import log

        log.info(NOTHING_FOUND)
        if not policy.map and not verbose:
            return {}
    from hostshift.environment import resolve

    current = _resolver(None if waited else policy)
    report = Report()
    changes = resolve.resolved(environment, current, report=report, found=found)
    if policy.map:
        from hostshift.resolution import named_values

        named_values.tell_unmatched(policy, report.decisions, current)
    return changes


def _arguments(command: list[str]) -> list[str]:
    """Return the command with the addresses in its arguments that hold from here."""
    from hostshift.environment import arguments

    return arguments.resolve(command, _resolver())


def _resolver(policy: Policy | None = None) -> Resolver:
    """Return the process's resolver; with a policy, enter a new one that has this policy."""
    from hostshift.resolution import resolver

    if policy is not None:
        resolver.enter(resolver.Resolver(policy=policy))
    return resolver.current()


def _wait(waits: dict[str, float], environment: dict[str, str]) -> bool:
    """Wait for each server in turn; return False if one is not ready in time."""
    if not waits:
        return True
    from hostshift.resolution import readiness

    for name, seconds in waits.items():
        trouble = readiness.wait(name, environment, seconds)
        if trouble:
            _fail(trouble, NOT_READY)
            return False
    return True


def _become(command: list[str], environment: dict[str, str]) -> int:
    """Replace this process: its id, group, streams and signals become the command's."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # the parent process may have closed it
                stream.flush()
        except OSError:
            pass
    _default_signals()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - its purpose
    except FileNotFoundError:
        why, code = "command not found", NOT_FOUND
    except OSError as error:
        why, code = str(error.strerror), CANNOT_RUN
    except ValueError:
        why = "this locale cannot encode a value of --env-file: set LC_ALL=C.UTF-8"
        code = CANNOT_RUN
    from hostshift.base import redaction

    return _fail(f"{redaction.command(command[0])}: {why}", code)


def _end_by_signals() -> None:
    """End as any program does at Ctrl-C, ``kill`` and a terminal that closes, without a message.

    The first process of a container has no default action: the kernel drops a signal that it
    does not handle (``pid_namespaces(7)``), and ``docker stop`` would wait in vain for ``--wait``.
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
    """Exit with the code that shells use for a signal."""
    os._exit(128 + number)


def _default_signals() -> None:
    """Handle SIGPIPE and SIGXFSZ again, which Python ignores: the command would inherit that.

    This uses ``_signal``, which CPython and PyPy have. ``signal`` makes enumerations of it, and
    that alone takes a third of this command's start.
    """
    signal = __import__("_signal")

    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _fail(message: str, code: int) -> int:
    tell(message)
    return code
