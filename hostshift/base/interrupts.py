"""Errors that have nothing to do with the work: a signal handler raised them. Pure."""

from __future__ import annotations


def is_interrupt(error: BaseException) -> bool:
    """Return True if a signal handler raised an error: nearly always a TimeoutError.

    The system's errors have a number, and the timeout of a socket has a text of its own.
    """
    if not isinstance(error, OSError) or error.errno is not None:
        return False
    return error.args != ("timed out",)


def reraise_interrupt(error: BaseException) -> None:
    """Raise an error again if a signal handler raised it, because it belongs to the caller.

    Raises:
        BaseException: this error.

    """
    if is_interrupt(error):
        raise error
