"""What this machine's files say of users: who is in a group, and where a user's home is.

Read from the files alone: a directory service could keep us waiting.
"""

from __future__ import annotations

from hostshift._outside import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWD, GROUP = "/etc/passwd", "/etc/group"
_MOST_BYTES = 4 << 20


def is_private_group(group: int, user: int) -> bool:
    """Return True if a group has no other member than a user, as Debian and Fedora give one.

    Root counts as no other: it may do anything. Of a directory service's groups nobody can say
    here who is in them, so the files have to have the group. A user that the files do not have,
    as in a container with mounted files, has a private group if it has the same number and
    nobody else is in it.

    Args:
        group: the group's number.
        user: the user's number.

    """
    try:
        users, groups = list(_entries(PASSWD, 4)), list(_entries(GROUP, 3))
    except (OSError, ValueError) as error:
        pass_on(error)
        return False
    harmless = {str(user), "0"}
    names = {fields[0] for fields in users if fields[2] in harmless}
    in_it = {fields[2] for fields in users if fields[3] == str(group)}
    known = [fields for fields in groups if fields[2] == str(group)]
    named = {name for fields in known for name in _members(fields)}
    if not in_it <= harmless or not named <= names:
        return False
    return bool(known) or group == user


def has(user: int) -> bool:
    """Return True if this machine has an account of a number, or that cannot be read."""
    try:
        return any(fields[2] == str(user) for fields in _entries(PASSWD, 4))
    except (OSError, ValueError) as error:
        pass_on(error)
        return True


def home_of(user: int) -> str:
    """Return the home of a user, "" where it is not known."""
    try:
        users = list(_entries(PASSWD, 6))
    except (OSError, ValueError) as error:
        pass_on(error)
        return ""
    return next((fields[5] for fields in users if fields[2] == str(user)), "")


def _members(fields: list[str]) -> list[str]:
    return [name for name in fields[3].split(",") if name] if len(fields) > 3 else []


def _entries(path: str, least: int) -> Iterator[list[str]]:
    """Yield the fields of each line that has so many."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(path)
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= least:
            yield fields
