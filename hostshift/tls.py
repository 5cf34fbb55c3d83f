"""A TLS context that checks certificates against names of your choice, whatever a driver dials.

It is for drivers that check a certificate against the host that they dial, and have no
parameter for another name::

    context = hostshift.tls.pinned(ssl.create_default_context(), {"172.17.0.1": "localhost"})

Not loaded by ``import hostshift``.
"""

from __future__ import annotations

from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING

__all__ = ["PinnedContext", "names", "pinned"]

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from ssl import MemoryBIO, SSLObject, SSLSession, SSLSocket
    from typing import Self

    Pair = tuple[str, int | None]


def names(configured: list[Pair], dialled: list[Pair]) -> dict[str, str]:
    """Map the hosts that a driver dials to the configured ones.

    A host that two configured ones share is not in the map: only the port shows which of them
    it is, and a TLS context does not know the port. It checks the address itself then.

    Args:
        configured: the configured hosts and ports.
        dialled: where the driver dials, one for each.

    """
    hosts_at: dict[str, set[str]] = {}
    for (host, _), (address, _) in zip(configured, dialled, strict=True):
        hosts_at.setdefault(address, set()).add(host)
    return {address: next(iter(hosts)) for address, hosts in hosts_at.items() if len(hosts) == 1}


def pinned(context: SSLContext, checked: Mapping[str, str]) -> SSLContext:
    """Return a context that verifies as yours does, against other names.

    A context that verifies nothing comes back as it is.

    Args:
        context: your context; this uses it and does not change it.
        checked: the name to check, by the host that the driver dials.

    """
    return context if context.verify_mode == CERT_NONE else PinnedContext(context, checked)


class PinnedContext(SSLContext):
    """A wrapper of a context that replaces the server's name.

    Python cannot copy a context, and this must not change the user's own: it may serve
    other clients. So this one only calls it. It is an SSLContext because asyncio takes
    nothing else. It has no root certificates of its own, so a caller that bypasses these
    methods refuses every server.
    """

    def __new__(cls, context: SSLContext, checked: Mapping[str, str]) -> Self:
        """Wrap a context.

        Args:
            context: does the work.
            checked: the name to check, by the host that the driver dials.

        """
        wrapper = super().__new__(cls, PROTOCOL_TLS_CLIENT)
        wrapper._context, wrapper._checked = context, checked
        return wrapper

    _context: SSLContext
    _checked: Mapping[str, str]

    def _name(self, dialled: str | bytes | None) -> str | bytes | None:
        return self._checked.get(dialled, dialled) if isinstance(dialled, str) else dialled

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: SSLSession | None = None,
    ) -> SSLSocket:
        """Wrap a socket, as drivers with threads do."""
        return self._context.wrap_socket(
            sock,
            server_side,
            do_handshake_on_connect,
            suppress_ragged_eofs,
            self._name(server_hostname),
            session,
        )

    def wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: SSLSession | None = None,
    ) -> SSLObject:
        """Wrap two buffers, as asyncio and uvloop do."""
        return self._context.wrap_bio(
            incoming, outgoing, server_side, self._name(server_hostname), session
        )
