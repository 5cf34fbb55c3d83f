"""A forwarder in this process: in the foreground, in a thread, or in a child beside a command."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress

from hostshift.base import log
from hostshift.base.forks import FORK_LOCK
from hostshift.errors import ForwardError
from hostshift.forward import plan
from hostshift.forward.loop import Loop
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hostshift.forward.spec import Endpoint


def listen(words: Iterable[str], environ: Mapping[str, str], *, quiet: bool = False) -> Loop | None:
    """Listen on the ports that SPECs name and that have something to do.

    Args:
        words: the SPECs.
        environ: the variables that they may name.
        quiet: log nothing about variables, and nothing at all before an error. Only a process
            without other threads may do so, because theirs would not be logged either.

    Returns:
        The loop to run; None if there is nothing to do.

    Raises:
        ForwardError: a SPEC is wrong, or a port is not free; nothing listens.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UndecidedError: only with STRICT, if an address stays for want of certainty.

    """
    with _kept_back() if quiet else nullcontext(list[tuple[str, str]]()) as messages:
        endpoints = plan.endpoints(words, environ)
        messages.clear()
        loop = opened(plan.with_something_to_do(endpoints))
    for level, message in messages:
        getattr(log, level)("%s", message)
    return loop


def opened(endpoints: Iterable[Endpoint], note: Callable[[Loop], object] = id) -> Loop | None:
    """Listen on ports; return the loop to run, None if there are no ports.

    Args:
        endpoints: what the ports are for.
        note: gets the loop before this process can fork.

    Raises:
        ForwardError: a port is not free; nothing listens.

    """
    refused: list[str] = []
    with FORK_LOCK:
        loop = _opened(endpoints, refused)
        if loop is not None:
            note(loop)
    for message in refused:
        log.warning("%s", message)
    return loop


def _opened(endpoints: Iterable[Endpoint], refused: list[str]) -> Loop | None:
    entries = plan.opened(endpoints, refused)
    if not entries:
        return None
    try:
        return Loop(entries, budget=resolver.current().policy.budget)
    except OSError as error:
        for entry in entries:
            entry.port.close()
        raise ForwardError(f"the forwarder cannot start: {error.strerror}") from error


@contextmanager
def _kept_back() -> Iterator[list[tuple[str, str]]]:
    """Collect what is logged: an error is one line, with nothing before it."""
    messages: list[tuple[str, str]] = []
    before = log.to(lambda level, message: messages.append((level, message)))
    try:
        yield messages
    finally:
        log.to(before)


def has_own_process(loop: Loop) -> None:
    """Let a loop use a processor for a moment."""
    affinity = getattr(os, "sched_getaffinity", None)
    loop.spins = affinity is not None and len(affinity(0)) > 1


def raise_limit() -> None:
    """Allow this process as many descriptors as it may allow itself: before it listens."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def tell_on_signal(loop: Loop, tell: Callable[[str], None]) -> None:
    """Write the counts of a loop at SIGUSR1, where there is such a signal."""
    import signal

    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, lambda *_: loop.call(lambda: tell_counts(loop, tell)))


def tell_counts(loop: Loop, tell: Callable[[str], None]) -> None:
    """Write the counts of all ports."""
    for entry in loop.entries:
        for line in entry.lines():
            tell(line)
