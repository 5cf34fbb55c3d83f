"""Looking a name up by the system's resolver: a call without a time limit."""

from __future__ import annotations


def lookup(name: str) -> tuple[str, ...] | None:
    """Resolve a name as drivers do: by the system's resolver, hosts file and all.

    Returns:
        None where a name server failed (EAI_AGAIN, EAI_FAIL), or this process could not
        ask (out of descriptors or memory): that is no word on the name.

    """
    import socket

    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return () if error.errno in _no_such_name() else None
    except UnicodeError:
        return ()
    except (OSError, MemoryError):
        return None
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


def _no_such_name() -> frozenset[int]:
    """Return the errors of ``getaddrinfo`` that say that there is no such name or address."""
    import socket

    names = ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAMILY", "EAI_SERVICE")
    return frozenset(getattr(socket, name) for name in names if hasattr(socket, name))
