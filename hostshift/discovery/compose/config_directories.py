"""The directories from which the docker command and compose take settings and programs.

They run what lies there as this user: the docker command its plugins (docker/cli
cli-plugins/manager, getPluginDirs), Podman's ``docker`` those plugins and what its
``containers.conf`` names (containers/common pkg/config), and Python its user's modules. So
they get no directory into which another user can put anything.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack, contextmanager

from hostshift.base import redaction
from hostshift.base.interrupts import reraise_interrupt
from hostshift.discovery.compose.problems import Problem
from hostshift.trust import gate, owners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hostshift.base.json_tree import Tree

_CONFIG, _XDG, _HOME = "DOCKER_CONFIG", "XDG_CONFIG_HOME", "HOME"
_PLUGINS, _PREFIX = "cli-plugins", "docker-"
_MOST_BYTES = 1 << 20
"""Bytes of the docker command's settings, at most."""


@contextmanager
def believed(
    environ: Mapping[str, str], at: str
) -> Iterator[tuple[dict[str, str], Problem | None]]:
    """Return the environment with only such directories in it; some may be empty ones.

    Args:
        environ: the environment.
        at: the directory that relative paths in it start from.

    Yields:
        The environment, and the problem with the plugins that it leaves out; None if it leaves
        none out.

    Raises:
        Problem: an empty directory is needed, and none can be made.

    """
    changed = dict(environ)
    home = os.path.join(at, owners.home(environ))
    usual = os.path.join(home, ".docker")
    problems = _drop(changed, _CONFIG, at, _check_docker)
    _drop(changed, _XDG, at, _check_podman)
    refused = _refusal(_check_docker, usual)
    with ExitStack() as stack:
        if refused or _refusal(_check_home, home):
            changed[_HOME] = empty = stack.enter_context(_empty())
            changed.setdefault(_CONFIG, empty if refused else usual)
        elif _HOME in changed:
            changed[_HOME] = home
        problems += _problems(usual, refused)
        yield changed, next(iter(problems), None)


def _drop(
    environ: dict[str, str], name: str, at: str, check: Callable[[str], None]
) -> list[Problem]:
    """Remove a variable if the directory that it names is refused; return its problems."""
    if not environ.get(name):
        return []
    environ[name] = directory = os.path.join(at, environ[name])
    refused = _refusal(check, directory)
    if refused:
        del environ[name]
    return _problems(directory, refused)


def _refusal(check: Callable[[str], None], directory: str) -> gate.UntrustedError | None:
    try:
        check(directory)
    except gate.UntrustedError as error:
        return error
    return None


def _problems(directory: str, error: gate.UntrustedError | None) -> list[Problem]:
    """Return the problem with a refused directory that has plugins, unless a stranger made it."""
    if error is None or owners.is_strangers(directory):
        return []
    if not os.path.isdir(os.path.join(directory, _PLUGINS)):
        return []
    place = redaction.path(directory)
    return [Problem(f"{place} is not believed: {error.rule}", fix=error.fix)]


# --- what has to be this user's -------------------------------------------------------------------


def _check_home(home: str) -> None:
    _check(home)
    _check_podman(os.path.join(home, ".config"))


def _check_podman(directory: str) -> None:
    _check(os.path.join(directory, "containers"))


def _check_docker(directory: str) -> None:
    """Check the docker command's directory, its settings, and all plugins that they name."""
    _check(directory)
    for plugins in (os.path.join(directory, _PLUGINS), *_named_in(directory)):
        _check(plugins)
        for name in _names(plugins):
            if name.startswith(_PREFIX):
                _check_program(os.path.join(plugins, name))


def _named_in(directory: str) -> Iterator[str]:
    """Yield the directories of plugins that the settings name (docker/cli config/configfile)."""
    try:
        settings: Tree = json.loads(gate.read(os.path.join(directory, "config.json"), _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:  # docker reads none either
        reraise_interrupt(error)
        return
    named = settings.get("cliPluginsExtraDirs") if isinstance(settings, dict) else None
    for path in named if isinstance(named, list) else ():
        if isinstance(path, str):
            yield os.path.join(directory, path)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError as error:  # it does not exist
        reraise_interrupt(error)
        return []


def _check_program(path: str) -> None:
    try:
        gate.check_file(path)
    except OSError as error:  # it is no plain file, so it cannot be run
        reraise_interrupt(error)


def _check(directory: str) -> None:
    """Raise if another user can put anything into a directory, or put one in its place.

    Raises:
        UntrustedError: another user can.

    """
    while True:
        try:
            return gate.check_private_directory(directory)
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(directory):  # whoever owns its target's place could make the target
                raise gate.UntrustedError(
                    directory, directory, "leads nowhere", f"remove {redaction.path(directory)}"
                ) from None
        except (OSError, ValueError) as error:  # this user cannot look, or its name holds a NUL
            reraise_interrupt(error)
            return None
        directory = os.path.dirname(directory)


@contextmanager
def _empty() -> Iterator[str]:
    """Make an empty directory that only this user can write, and remove it afterwards."""
    try:
        made = tempfile.TemporaryDirectory(prefix="hostshift-", ignore_cleanup_errors=True)
    except OSError as error:
        reraise_interrupt(error)
        raise _no_directory(error.strerror or "no place for it") from None
    with made as directory:
        try:
            gate.check_private_directory(directory)
        except gate.UntrustedError as error:
            raise _no_directory(error.rule) from None
        yield directory


def _no_directory(why: str) -> Problem:
    return Problem(
        f"compose needs an empty directory in place of HOME, and none can be made: {why.lower()}",
        fix="let TMPDIR name a directory that only this user can write",
    )
