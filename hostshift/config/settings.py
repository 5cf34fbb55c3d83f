"""Settings: ``HOSTSHIFT_*`` variables and ``[tool.hostshift]`` become one plain Policy.

Variables go before files; their names count in capitals and in small letters. The file is
``hostshift.toml``, or the table ``[tool.hostshift]`` of ``pyproject.toml``, in the project's
root. A settings file can redirect credentials, so it only counts if no other user could have
written it: see :mod:`hostshift.trust.gate`.

Without variables and files, no settings library is loaded.
"""

from __future__ import annotations

import os

from hostshift.base.forks import in_flight
from hostshift.base.interrupts import reraise_interrupt
from hostshift.config.policy import Policy
from hostshift.config.project import OWN, SHARED, around, is_closed, lexists
from hostshift.config.variables import has_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.config.settings_file import SettingsFile


def load() -> Policy:
    """Read the settings of this process and of its project.

    Raises:
        SettingError: a value is not allowed, or a settings file cannot be read; names the
            variable or the file, its value (masked) and what is expected.

    """
    with in_flight():
        file = settings_file()
        if file is None:
            _warn_if_closed()
        if file is None and not has_variables(os.environ):
            return Policy()
        from hostshift.config import model

        return model.policy(file)


def preload() -> None:
    """Load the settings library, if a later call will need it.

    The import keeps the interpreter's lock for tens of milliseconds at a time, in whichever
    thread. An event loop must not meet that at its first connection.
    """
    from hostshift.errors import SettingError

    try:
        needed = has_variables(os.environ) or settings_file() is not None
    except SettingError:  # the first call that needs the settings raises it
        return
    if needed:
        from hostshift.config import model  # noqa: F401


def settings_file(directory: str | None = None) -> SettingsFile | None:
    """Return the project's settings file, None without one that may be believed.

    Raises:
        SettingError: it exists and cannot be read.

    """
    root, passed_over = around(directory)
    places = [place for place in (root, *passed_over) if place and _has_file(place)]
    if not places:
        return None
    from hostshift.config.settings_file import find, report_unused

    report_unused(place for place in places if place != root)
    return find(root) if root in places else None


def _warn_if_closed() -> None:
    """Warn if this user may not look for settings where the process works, as after ``su``."""
    try:
        directory = os.getcwd()
    except OSError as error:  # it is gone
        reraise_interrupt(error)
        return
    if is_closed(directory):
        from hostshift.base import log, redaction

        message = "settings in %s do not count: this user may not look into it. Next: %s"
        fix = "start the program in a directory of this user"
        log.warning(message, redaction.place(directory), fix)


def _has_file(directory: str) -> bool:
    paths = (os.path.join(directory, name) for name in (OWN, SHARED))
    there = [path for path in paths if lexists(path)]
    if not there:
        return False
    from hostshift.config.presence import exists

    return any(map(exists, there))
