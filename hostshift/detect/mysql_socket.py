"""Is a Unix socket here that MySQL's clients take for ``localhost``? Looks at a few files.

Each client has its path from when it was built, or from its settings. These are the usual ones.
"""

from __future__ import annotations

import os
import stat

PATHS = (
    "/run/mysqld/mysqld.sock",  # Debian, Ubuntu, Alpine; the images of MySQL and MariaDB
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",  # RHEL, Fedora, Oracle's packages
    "/tmp/mysql.sock",  # noqa: S108 - the libraries' own default, and mysqlnd's; it is looked at
    "/run/mysql/mysql.sock",  # openSUSE
    "/var/run/mysql/mysql.sock",
)
VARIABLE = "MYSQL_UNIX_PORT"
"""The variable from which the C libraries read another path (``mysql_init``)."""


def find(paths: tuple[str, ...] = PATHS) -> str | None:
    """Return the first socket that is here; empty if none is. None: one could not be looked at.

    The result is what names the socket for people: its path, or the variable with it.

    Args:
        paths: where they usually are.

    """
    named = os.environ.get(VARIABLE, "")
    unseen = False
    for path in (named, *paths) if named else paths:
        there = _is_socket(path)
        if there:
            return path if path in paths else f"the value of {VARIABLE}"
        unseen = unseen or there is None
    return None if unseen else ""


def _is_socket(path: str) -> bool | None:
    """Return True if a path leads to a Unix socket. None: this could not be seen."""
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return None
