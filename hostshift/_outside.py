"""Errors that are not about what is done: a signal handler raised them meanwhile. Pure."""

from __future__ import annotations


def is_from_outside(error: BaseException) -> bool:
    """Return True if a signal handler raised an error: a TimeoutError, by far the usual one.

    The system's have a number, and a socket that waited in vain has a text of its own.
    """
    if not isinstance(error, OSError) or error.errno is not None:
        return False
    return error.args != ("timed out",)


def pass_on(error: BaseException) -> None:
    """Raise an error again if a signal handler raised it: whoever called is to have it.

    Raises:
        BaseException: the same.

    """
    if is_from_outside(error):
        raise error
