"""What comes at a chosen moment of a call: an interrupt (Ctrl-C), or another thread."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

MOST = 20_000
"""Moments that are tried at most."""


class Interrupt(BaseException):
    """Nothing catches it by accident."""


def interrupt() -> None:
    """Raise, whatever is going on."""
    raise Interrupt


def moments(
    call: Callable[[], object], *files: str, comes: Callable[[], object] = interrupt
) -> Iterator[int]:
    """Disturb a call at its first moment, then at its second, until there are no more.

    A moment is a line that begins, or a function that returns; not within comprehensions.

    Args:
        call: what is disturbed, once for each number that is yielded.
        files: parts of the paths of those files whose lines count; others go on.
        comes: what happens at the moment, by default an interrupt. What another thread does
            there is done in this one, so it must not wait for the call.

    """
    for moment in range(MOST):
        if not _disturbed(call, moment, files, comes):
            assert moment, "nothing was disturbed"
            return
        yield moment
    raise AssertionError(f"there are more than {MOST} moments")


def _disturbed(
    call: Callable[[], object], moment: int, files: tuple[str, ...], comes: Callable[[], object]
) -> bool:
    """Return True if a call was disturbed, False if it ended before that moment."""
    left = moment

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        code = frame.f_code
        if code.co_name[0] == "<" or not any(file in code.co_filename for file in files):
            return None
        if event in ("line", "return"):
            left -= 1
            if left < 0:
                sys.settrace(None)
                comes()
                return None
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except Interrupt:
        pass
    finally:
        sys.settrace(before)
    return left < 0
