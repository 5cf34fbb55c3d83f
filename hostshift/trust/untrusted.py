"""The error about a place that another user could decide."""

from __future__ import annotations

import os

from hostshift.base import redaction


class UntrustedError(Exception):
    """Another user could decide what is there.

    Args:
        path: the path that the caller passed.
        place: the file, directory or link at fault.
        rule: what is wrong with it.
        fix: how to fix it, with a command.

    """

    def __init__(self, path: str, place: str, rule: str, fix: str) -> None:
        """Keep what is wrong and where."""
        subject = "it" if place == path else redaction.path(place)
        self.rule = f"{subject} {rule}"
        """What is wrong: "it belongs to user 5", or the same about a directory on the way."""
        super().__init__(f"{redaction.place(path)} is not believed: {self.rule}")
        self.place, self.fix = place, fix


def quoted(place: str) -> str:
    """Write a path for a shell: the fix is there to be pasted."""
    if place.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
        return place
    if place.isprintable():
        return "'" + place.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_escaped, os.fsencode(place))) + "'"


def _escaped(byte: int) -> str:
    """Write a byte for ``$'…'`` of Bash and POSIX (2024, 2.2.4), where no line end stands raw."""
    letter = chr(byte)
    plain = letter.isascii() and letter.isprintable() and letter not in "'\\"
    return letter if plain else f"\\{byte:03o}"
