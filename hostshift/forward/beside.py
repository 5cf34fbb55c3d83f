"""The forwarder beside a command: a process that the command does not see, and that ends with it.

`hostshift exec --forward` starts it, waits until its ports are open, and becomes the command.
So the command has the process that was started, with its parent, group and signals.

**Not a child of the command.** The forwarder is started by a child that ends at once, so it
belongs to the init of the container. Where this process *is* that init (PID 1, or a subreaper),
orphans are its own children. There the forwarder is made by ``clone(2)`` without a signal for
its end: ``wait()`` of the command then neither waits for it nor reports it (``__WCLONE`` in
wait(2)), and returns ECHILD where there is no other child.

**It ends with the command.** It holds a pidfd (``pidfd_open(2)``) of this process, which stays
the same through ``execve``, and becomes readable at the end of the command, however that comes.
The end of a PID 1 ends all processes of its namespace anyway (``pid_namespaces(7)``).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from hostshift.base import log, stderr
from hostshift.errors import ForwardError, HostshiftError
from hostshift.resolution import resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hostshift.forward.loop import Loop

LAST_BYTES = 2.0
"""Seconds after the end of the command for bytes that it wrote before."""
STEP = 0.1
"""Seconds between two looks at the command where the kernel has no pidfd (Linux before 5.3)."""
_CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220, "loongarch64": 220}
_CLONE |= dict.fromkeys(("i386", "i686", "armv7l", "armv6l", "ppc64le", "ppc64", "s390x"), 120)
"""The number of ``clone`` by machine. All of its arguments are 0, so their order is no matter."""
_WALL = 0x40000000
"""For ``waitpid``: children of any kind."""
_GET_CHILD_SUBREAPER = 37
_NAME = b"hostshift-fwd"


def start(words: Sequence[str], environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
    """Start a forwarder beside this process, and keep the addresses that it serves.

    Args:
        words: the SPECs.
        environ: the variables that they may name.
        tell: writes a line to standard error, for the counts (SIGUSR1).

    Raises:
        ForwardError: a SPEC is wrong, a port is not free, or this is not Linux.
        HostshiftError: a setting is wrong; or a value stays, and STRICT is on.

    """
    if sys.platform != "linux":
        raise ForwardError(
            "exec --forward needs Linux: run `hostshift forward` as a process of its own instead"
        )
    from hostshift.forward import plan, spec

    spec.read(words, environ)  # a wrong word is an error before anything starts
    _ = resolver.current().policy  # both processes need it: it is read once
    ports = _started(lambda: _listen(words, environ), tell)
    resolver.enter(plan.Keeper(resolver.current(), ports))


def _listen(words: Sequence[str], environ: Mapping[str, str]) -> Loop | None:
    from hostshift.forward import service

    service.raise_limit()
    return service.listen(words, environ, quiet=True)


def _started(
    listen: Callable[[], Loop | None], tell: Callable[[str], None]
) -> dict[int, frozenset[int]]:
    """Run a forwarder in another process; return the ports on which it listens."""
    command = _pidfd(os.getpid())
    reading, writing = os.pipe()
    hidden = _is_reaper()
    try:
        child = _forked(hidden=hidden)
    except OSError as error:
        raise ForwardError(f"the forwarder cannot be started: {error.strerror}") from error
    if not child:
        os.close(reading)
        _run(listen, tell, command, writing, orphan=not hidden)  # it does not return
    os.close(writing)
    if command >= 0:
        os.close(command)
    if not hidden:
        _reap(child)
    with open(reading, "rb") as answer:
        ports = _read(answer.read())
    if hidden and not ports:
        _reap(child)
    return ports


def _read(answer: bytes) -> dict[int, frozenset[int]]:
    """Read what the forwarder wrote: ``ok`` and its ports, or an error.

    Raises:
        ForwardError: it could not listen.

    """
    first, _, rest = answer.decode("utf-8", "replace").partition("\n")
    if first != "ok":
        raise ForwardError(rest or "the forwarder ended before it listened")
    ports = {}
    for line in rest.splitlines():
        port, *families = line.split()
        ports[int(port)] = frozenset(map(int, families))
    return ports


# --- processes ----------------------------------------------------------------------------------


def _is_reaper() -> bool:
    """Return True if orphans become children of this process."""
    if os.getpid() == 1:
        return True
    try:
        import ctypes

        answer = ctypes.c_int(0)
        ctypes.CDLL(None).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return bool(answer.value)


def _forked(*, hidden: bool) -> int:
    """Fork; return 0 in the child."""
    number = _CLONE.get(os.uname().machine)
    if not hidden or number is None:
        return os.fork()
    try:
        import ctypes

        api, syscall = ctypes.pythonapi, ctypes.PyDLL(None).syscall
    except (ImportError, OSError, AttributeError):
        return os.fork()
    # As os.fork() does around its system call. No other thread runs yet, so the C library has
    # no lock that somebody holds.
    api.PyOS_BeforeFork()
    child = int(syscall(number, 0, 0, 0, 0, 0))
    if child:
        api.PyOS_AfterFork_Parent()
    else:
        api.PyOS_AfterFork_Child()
    if child < 0:
        raise OSError(0, "clone failed")
    return child


def _reap(child: int) -> None:
    with suppress(ChildProcessError):  # where SIGCHLD is ignored, the kernel has reaped it
        os.waitpid(child, _WALL)


def _pidfd(process: int) -> int:
    """Return a descriptor of a process; -1 where the kernel gives none."""
    try:
        return os.pidfd_open(process)  # type: ignore[attr-defined,unused-ignore]  # Linux only
    except (OSError, AttributeError):
        return -1


# --- in the forwarder ---------------------------------------------------------------------------


def _run(
    listen: Callable[[], Loop | None],
    tell: Callable[[str], None],
    command: int,
    writing: int,
    *,
    orphan: bool,
) -> None:
    """Be the forwarder, to the end of the process."""
    code = 1
    try:
        process = os.getppid()
        if orphan and os.fork():
            os._exit(0)
        command, writing = _above_streams(command), _above_streams(writing)
        _detach({command, writing})
        loop = _listening(listen, writing)
        if loop is not None:
            _serve(loop, tell, command, process)
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing of this process's parent may run here
        log.warning("the forwarder ended: %s", type(error).__name__)
    finally:
        os._exit(code)


def _detach(kept: set[int]) -> None:
    """Have nothing of the command's: no terminal, no signals for its group, no descriptors."""
    import gc
    import signal

    gc.enable()
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # it ends when the command does, and not before
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1) if sys.stderr is not None else (0, 1, 2):
        os.dup2(null, stream)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd not in kept:
            try:
                os.close(fd)
            except OSError:  # the one that listed them
                continue
    stderr.never_wait()  # a line of the log would stop all connections
    _take_name()


def _above_streams(fd: int) -> int:
    """Return a descriptor that is none of the three streams: they are free if they were closed."""
    if not 0 <= fd <= 2:
        return fd
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def _take_name() -> None:
    """Show a name of its own in lists of processes, and not the words of the command.

    A command may write over a password in its own words (``mysql -p``). The copy would stay.
    """
    with suppress(OSError), open("/proc/self/comm", "wb") as file:
        file.write(_NAME)
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        first, last = int(fields[45]), int(fields[46])  # arg_start, arg_end: proc(5)
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(first)
            memory.write(_NAME[: max(0, last - first - 1)].ljust(last - first, b"\0"))


def _listening(listen: Callable[[], Loop | None], writing: int) -> Loop | None:
    """Listen, and tell the process that waits; None if there is nothing to do."""
    loop, answer = None, "ok"
    try:
        loop = listen()
    except HostshiftError as error:
        answer = f"error\n{error}"
    if loop is not None:
        for entry in loop.entries:
            families = " ".join(map(str, sorted(entry.port.families)))
            answer += f"\n{entry.endpoint.local} {families}"
    os.write(writing, answer.encode("utf-8", "replace"))
    os.close(writing)
    return loop


def _serve(loop: Loop, tell: Callable[[str], None], command: int, process: int) -> None:
    from hostshift.forward import service

    service.has_own_process(loop)
    service.tell_on_signal(loop, tell)

    def ended() -> None:
        loop.stop(LAST_BYTES, last_bytes=True)

    if command >= 0:
        loop.once(command, ended)
    else:
        _await_in_thread(process, lambda: loop.call(ended))
    loop.run()


def _await_in_thread(process: int, ended: Callable[[], None]) -> None:
    """Look at a process from time to time: it is the same one while its start time is."""
    import threading
    import time

    began = _start_time(process)

    def look() -> None:
        while began is not None and _start_time(process) == began:
            time.sleep(STEP)
        ended()

    threading.Thread(target=look, daemon=True).start()


def _start_time(process: int) -> bytes | None:
    """Return when a process began; None if it has ended, a zombie too.

    Where the first thread has ended and others run, it is a zombie with threads: it has not ended.
    """
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    ended = fields[0] == b"X" or (fields[0] == b"Z" and int(fields[17]) < 2)
    return None if ended else fields[19]
