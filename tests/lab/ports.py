"""Free ports of this machine, each given to one process only.

A port that is free now may be another process's a moment later: two that look at one time
find the same. So a process first makes a span of ports its own, and gives each port of it once.
A name in Linux's abstract socket namespace says whose a span is: it belongs to the network
namespace, as ports do, and goes with the process (unix(7)). Elsewhere nothing says so.
"""

from __future__ import annotations

import errno
import os
import random
import socket
import sys
from dataclasses import dataclass, field

from tests.lab.errors import LabError

# Below the ports that the system gives away by itself (from 32768 on Linux): a
# fixed port of a service is hardly ever among those, and hostshift knows it.
_PORTS = range(15_000, 30_000)
_SPAN = 50


@dataclass
class _Ours:
    """What belongs to this process."""

    pid: int
    spans: set[int] = field(default_factory=set)
    left: list[int] = field(default_factory=list)
    given: set[int] = field(default_factory=set)
    preferred: set[int] = field(default_factory=set)


_ours = _Ours(0)


def free_port(preferred: int | None = None) -> int:
    """Give a port that nothing listens on, and that looks like a service's own.

    No other process that asks here gets it while this one lives, nor does this one again.

    Args:
        preferred: a port to be given, each time, if it is free and no other process's.

    """
    ours = _of_this_process()
    if preferred is not None and preferred not in ours.given:
        ours.preferred.add(preferred)
        if _take(ours, preferred // _SPAN) and _free(preferred):
            return preferred
    while True:
        while ours.left:
            port = ours.left.pop()
            if port not in ours.preferred and _free(port):
                ours.given.add(port)
                return port
        ours.left = _span(ours)


def _of_this_process() -> _Ours:
    """Return what is ours; a fork has to find its own."""
    global _ours  # noqa: PLW0603
    if _ours.pid != os.getpid():
        _ours = _Ours(os.getpid())
    return _ours


def _span(ours: _Ours) -> list[int]:
    """Make a span of ports ours, and return them in any order."""
    every = range(_PORTS.start // _SPAN, _PORTS.stop // _SPAN)
    for span in random.sample(every, len(every)):
        if span not in ours.spans and _take(ours, span):
            return random.sample(range(span * _SPAN, (span + 1) * _SPAN), _SPAN)
    message = f"no free port among {_PORTS}: other processes have all of them"
    raise LabError(message)


def _take(ours: _Ours, span: int) -> bool:
    """Make a span ours until we end; return False if it is another process's."""
    if span in ours.spans:
        return True
    if sys.platform == "linux":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
            try:
                name.bind(f"\0hostshift-lab-ports-{span * _SPAN}")
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return False
            name.detach()  # Open for as long as we live.
    ours.spans.add(span)
    return True


def _free(port: int) -> bool:
    """Return True if nothing listens on a port, at whatever address."""
    try:
        socket.create_server(("", port), reuse_port=False).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
