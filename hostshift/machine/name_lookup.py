"""Look a name up with the system's resolver: a call without a time limit."""

from __future__ import annotations

from hostshift.base.addresses import is_host


def lookup(name: str) -> tuple[str, ...] | None:
    """Resolve a name as drivers do, with the system's resolver and its hosts file.

    Returns:
        The addresses; () if the name does not exist, or is none: what is looked up goes over the
        network, and a text of another form may hold a password. None if a name server failed
        (EAI_AGAIN, EAI_FAIL) or this process could not ask (out of descriptors or memory),
        because the name may still exist.

    """
    import socket

    if not is_host(name):
        return ()
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return () if error.errno in _no_such_name() else None
    except UnicodeError:
        return ()
    except (OSError, MemoryError):
        return None
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos))


def _no_such_name() -> frozenset[int]:
    """Return the errors of ``getaddrinfo`` for a name without an address."""
    import socket

    names = ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAMILY", "EAI_SERVICE")
    return frozenset(getattr(socket, name) for name in names if hasattr(socket, name))
