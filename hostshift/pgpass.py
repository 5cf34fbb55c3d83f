"""libpq's password file: the password of an address as it was configured.

libpq looks it up by ``host`` and by the port that it dials (fe-connect.c,
``connectOptions2``), and has no parameter for another port to look up.
"""

from __future__ import annotations

import os
import stat
import sys

from hostshift._outside import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

NO_FILE = os.path.join(os.devnull, "none")
"""A file that cannot be: libpq passes over it without a word (``passwordFromFile``)."""


def password(cparams: Mapping[str, Any], host: str, port: int | None) -> str | None:
    """Return what libpq would find for an address; None: nothing, or no text in UTF-8.

    Args:
        cparams: the driver's parameters, as configured.
        host: as configured.
        port: as configured; None is libpq's own.

    """
    user = cparams.get("user") or os.environ.get("PGUSER") or _login()
    database = cparams.get("dbname") or cparams.get("database") or os.environ.get("PGDATABASE")
    wanted = (host, str(port or 5432), str(database or user), str(user))
    for line in _lines(_path(cparams)):
        rest: str | None = line
        for word in wanted:
            rest = None if rest is None else _after(rest, word)
        if rest is not None:
            found = _plain(rest)
            return found if _is_text(found) else None
    return None


def _path(cparams: Mapping[str, Any]) -> str:
    """Name the file; libpq's default for it is in the user's home (libpq 34.16)."""
    said = cparams.get("passfile") or os.environ.get("PGPASSFILE")
    if said:
        return str(said)
    if sys.platform == "win32":
        return os.path.join(os.environ.get("APPDATA", ""), "postgresql", "pgpass.conf")
    return os.path.join(os.path.expanduser("~"), ".pgpass")


def _login() -> str:
    """Name the user of the system, which libpq takes where none is given."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # this user has no entry
        return ""


def _lines(path: str) -> Iterator[str]:
    """Read the file, unless libpq would not: it is no plain file, or others may read it."""
    try:
        found = os.stat(path)
        theirs = sys.platform != "win32" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        if theirs or not stat.S_ISREG(found.st_mode):
            return
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield from (line.rstrip("\r\n") for line in file if not line.startswith("#"))
    except OSError as error:
        pass_on(error)
        return


def _after(rest: str, word: str) -> str | None:
    """Return what follows a field that matches; None where it does not (``pwdfMatchesString``)."""
    if rest.startswith("*:"):
        return rest[2:]
    at = 0
    for letter in word:
        at += rest[at : at + 1] == "\\"
        if rest[at : at + 1] != letter:
            return None
        at += 1
    return rest[at + 1 :] if rest[at : at + 1] == ":" else None


def _plain(rest: str) -> str:
    """Read the last field: up to a colon, backslashes taken off."""
    letters: list[str] = []
    at = 0
    while at < len(rest) and rest[at] != ":":
        at += rest[at] == "\\" and at + 1 < len(rest)
        letters.append(rest[at])
        at += 1
    return "".join(letters)


def _is_text(found: str) -> bool:
    """Return True if a driver could write it; the error would show it."""
    return not any("\udc80" <= letter <= "\udcff" for letter in found)
