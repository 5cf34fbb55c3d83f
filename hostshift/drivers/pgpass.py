"""libpq's password file: find the password of an address as the user configured it.

libpq looks it up by ``host`` and by the port that it dials (fe-connect.c,
``connectOptions2``), and has no parameter for another port to look up.
"""

from __future__ import annotations

import os
import stat
import sys

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import owners, regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_BYTES = 1 << 20
"""The most of a password file that is read. A line of it may have any length."""
NO_FILE = os.path.join(os.devnull, "none")
"""A file that cannot exist: libpq ignores it without a warning (``passwordFromFile``)."""


def password(cparams: Mapping[str, object], host: str, port: int | None) -> str | None:
    """Return the password that libpq would find; None if there is none, or it is not UTF-8.

    Args:
        cparams: the driver's parameters, as configured.
        host: as configured.
        port: as configured; None stands for libpq's default.

    """
    user = cparams.get("user") or os.environ.get("PGUSER") or _login()
    database = cparams.get("dbname") or cparams.get("database") or os.environ.get("PGDATABASE")
    fields = (host, str(port or 5432), str(database or user), str(user))
    for line in _lines(_path(cparams)):
        rest: str | None = line
        for field in fields:
            rest = None if rest is None else _after(rest, field)
        if rest is not None:
            last_field = _plain(rest)
            return last_field if _is_text(last_field) else None
    return None


def _path(cparams: Mapping[str, object]) -> str:
    """Return the path of the file; libpq's default is in the user's home (libpq 34.16).

    That is this user's own home, even if ``sudo -E`` set ``HOME`` to another user's.
    """
    configured = cparams.get("passfile") or os.environ.get("PGPASSFILE")
    if configured:
        return str(configured)
    if sys.platform == "win32":
        return os.path.join(os.environ.get("APPDATA", ""), "postgresql", "pgpass.conf")
    return os.path.join(owners.home(os.environ), ".pgpass")


def _login() -> str:
    """Return the name of the system's user, which libpq takes where none is configured."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # this user has no entry
        return ""


def _lines(path: str) -> Iterator[str]:
    """Read the file. As for libpq, it has no lines if it is no plain file or others may read it."""
    try:
        data = regular_file.read(path, _most)
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return
    if len(data) > MOST_BYTES:  # the last line may go on
        data = data[: data.rfind(b"\n") + 1]
    text = data.decode("utf-8", "surrogateescape")
    yield from (line.rstrip("\r") for line in text.split("\n") if not line.startswith("#"))


def _most(status: os.stat_result) -> int:
    """Return how much of the open file is read, by what libpq checks (``passwordFromFile``)."""
    others = stat.S_IRWXG | stat.S_IRWXO
    is_open_to_others = sys.platform != "win32" and status.st_mode & others
    if is_open_to_others or not regular_file.is_regular(status):
        return 0
    return MOST_BYTES + 1


def _after(rest: str, field: str) -> str | None:
    """Return the text behind a field that matches, else None (``pwdfMatchesString``)."""
    if rest.startswith("*:"):
        return rest[2:]
    at = 0
    for letter in field:
        at += rest[at : at + 1] == "\\"
        if rest[at : at + 1] != letter:
            return None
        at += 1
    return rest[at + 1 :] if rest[at : at + 1] == ":" else None


def _plain(rest: str) -> str:
    """Read the last field, up to a colon, without its backslashes."""
    letters: list[str] = []
    at = 0
    while at < len(rest) and rest[at] != ":":
        at += rest[at] == "\\" and at + 1 < len(rest)
        letters.append(rest[at])
        at += 1
    return "".join(letters)


def _is_text(password: str) -> bool:
    """Return True if a driver can encode a password. The error would show one that it cannot."""
    return not any("\udc80" <= letter <= "\udcff" for letter in password)
