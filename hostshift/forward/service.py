"""A forwarder in this process: in the foreground, in a thread, or in a child beside a command."""

from __future__ import annotations

from contextlib import suppress

from hostshift.base import log
from hostshift.forward import plan
from hostshift.forward.loop import Loop
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def listen(
    words: Iterable[str], environ: Mapping[str, str], *, quiet: bool = False
) -> Loop | None:
    """Listen on the ports that SPECs name and that have something to do.

    Args:
        words: the SPECs.
        environ: the variables that they may name.
        quiet: log nothing about variables, in a process without other threads: a command says
            what becomes of them anyway.

    Returns:
        The loop to run; None if there is nothing to do.

    Raises:
        ForwardError: a SPEC is wrong, or a port is not free; nothing listens.
        SettingError: a ``HOSTSHIFT_*`` variable or settings file is wrong.
        UndecidedError: only with STRICT, if an address stays for want of certainty.

    """
    sink = log.to(_ignore) if quiet else None
    try:
        endpoints = plan.endpoints(words, environ)
    finally:
        if quiet:
            log.to(sink)
    entries = plan.opened(endpoints)
    if not entries:
        return None
    return Loop(entries, budget=resolver.current().policy.budget)


def _ignore(_: str, __: str) -> None:
    """Drop a message."""


def raise_limit() -> None:
    """Allow this process as many descriptors as it may allow itself."""
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
