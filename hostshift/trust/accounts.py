"""What this machine's files say of users: the members of a group, and a user's home.

This module reads only the files, because a directory service could keep us waiting.
"""

from __future__ import annotations

from hostshift.base.interrupts import reraise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWD, GROUP = "/etc/passwd", "/etc/group"
_MOST_BYTES = 4 << 20
_BITS = 32
"""The size of a user's number on Linux."""
_MOST_DIGITS = 20


def is_private_group(group: int, user: int, *harmless: int, unlisted: bool = False) -> bool:
    """Return True if a user is the only member of a group, as Debian and Fedora set one up.

    Root does not count as another member, because root may do anything. The files do not have the
    members of a directory service's groups, so the group must be in the files.

    Args:
        group: the group's number.
        user: the user's number.
        harmless: other users who may be members.
        unlisted: a group of the user's own number need not be in the files.

    """
    try:
        users, groups = list(_entries(PASSWD, 4)), list(_entries(GROUP, 3))
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    numbers = {str(user), "0", *map(str, harmless)}
    names = {fields[0] for fields in users if fields[2] in numbers}
    primary = {fields[2] for fields in users if _is_number(fields[3], group)}
    entries = [fields for fields in groups if _is_number(fields[2], group)]
    members = {name for fields in entries for name in _members(fields)}
    if not primary <= numbers or not members <= names:
        return False
    if any(fields[2] != str(group) for fields in entries):
        return False  # readers of the file differ in what such a number is
    return bool(entries) or (unlisted and group == user)


def has(user: int) -> bool:
    """Return True if this machine has an account of a number, or if we cannot read its accounts."""
    try:
        return any(_is_number(fields[2], user) for fields in _entries(PASSWD, 4))
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return True


def home_of(user: int) -> str:
    """Return the home of a user, "" if the files do not have it."""
    try:
        users = list(_entries(PASSWD, 6))
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return ""
    return next((fields[5] for fields in users if _is_number(fields[2], user)), "")


def _is_number(field: str, number: int) -> bool:
    """Return True if a reader of the files may take a field for a number, whatever its spelling.

    The C library takes blanks, a sign and zeros before it (glibc nss/nss_files/files-parse.c,
    strtou32), and musl drops what is beyond 32 bits (src/passwd/getgrent_a.c, atou).
    """
    text = field.strip()
    digits = text.removeprefix("-" if text.startswith("-") else "+").lstrip("0") or text[-1:]
    if not digits.isascii() or not digits.isdecimal():
        return False
    if len(digits) > _MOST_DIGITS:
        return True
    value = -int(digits) if text.startswith("-") else int(digits)
    return (value - number) % (1 << _BITS) == 0


def _members(fields: list[str]) -> list[str]:
    return [name for name in fields[3].split(",") if name] if len(fields) > 3 else []


def _entries(path: str, least: int) -> Iterator[list[str]]:
    """Yield the fields of each line that has at least so many.

    Lines end as for the C library. A name or a comment may hold what else Python takes for an end.
    """
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(path)
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) >= least:
            yield fields
