"""Sticky directories that others write: whose a file there is does not say who put it there."""

from __future__ import annotations

import os
import stat

from hostshift.base.interrupts import reraise_interrupt
from hostshift.trust import owners

RULE = "lies in a directory into which others can move files"
"""What is wrong with a file that is found in such a directory."""


def is_shared(directory: str) -> bool:
    """Return True if a directory is sticky and others may write to it, as ``/tmp`` is.

    The sticky bit keeps them from taking files away, and not from moving a file of this user
    there: ``rename(2)`` asks for the right to write to the two directories, and not for the
    file's owner. A version control system writes such files, with a text of somebody else, into
    a directory that a group shares. So a file in there counts only if the user names it.
    """
    others = stat.S_IWOTH | stat.S_IWGRP
    try:
        mode = os.stat(directory).st_mode
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    if not hasattr(os, "geteuid") or not mode & stat.S_ISVTX or not mode & others:
        return False
    return not is_private(directory)


def is_private(directory: str) -> bool:
    """Return True if only users who may decide can put anything into a directory."""
    try:
        if _is_plainly_private(directory):
            return True
        from hostshift.trust import gate
    except (OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    try:
        gate.check_private_directory(directory)
    except (gate.UntrustedError, OSError, ValueError) as error:
        reraise_interrupt(error)
        return False
    return True


def _is_plainly_private(directory: str) -> bool:
    """Return True if this user and root own the whole path, and no mode lets others write.

    That is the usual case, and a quick look: it needs nothing of the gate. A file system or a
    list of somebody else changes nothing then, because nobody else can mount anything there,
    and a list that lets others write shows in the mode of the group.

    Raises:
        OSError: the directory does not exist.

    """
    if not hasattr(os, "geteuid"):
        return False
    if owners.is_number_of_others(os.geteuid()):
        return False
    while True:
        status = os.lstat(directory)
        others = status.st_mode & (stat.S_IWOTH | stat.S_IWGRP)
        if others or status.st_uid not in (0, os.geteuid()) or not stat.S_ISDIR(status.st_mode):
            return False
        parent = os.path.dirname(directory)
        if parent == directory:
            return True
        directory = parent
