"""A TLS context that checks certificates against given names, whatever was dialled.

For drivers that check a certificate against the host that they dial and have no
parameter to say another name::

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


def names(wanted: list[Pair], found: list[Pair]) -> dict[str, str]:
    """Map hosts that are dialled to the configured ones.

    A host that stands for two configured ones is missing: which of them is meant shows
    in the port, which a TLS context is not told. So the address itself is checked then.

    Args:
        wanted: the configured hosts and ports.
        found: where they are dialled, one for each.

    """
    meant: dict[str, set[str]] = {}
    for (host, _), (there, _) in zip(wanted, found, strict=True):
        meant.setdefault(there, set()).add(host)
    return {there: next(iter(hosts)) for there, hosts in meant.items() if len(hosts) == 1}


def pinned(context: SSLContext, checked: Mapping[str, str]) -> SSLContext:
    """Return a context that verifies the same against other names.

    One that verifies nothing is returned as it is.

    Args:
        context: yours; it is used, and not changed.
        checked: the name to check, by the host that is dialled.

    """
    return context if context.verify_mode == CERT_NONE else PinnedContext(context, checked)


class PinnedContext(SSLContext):
    """Another context, but with the server's name replaced.

    A context cannot be copied, and the user's own is not to be changed: it may serve
    other clients. So this one only hands on to it. It is an SSLContext because asyncio
    takes nothing else; as such it has no root certificates, so that whoever went round
    these methods would see every server refused.
    """

    def __new__(cls, context: SSLContext, checked: Mapping[str, str]) -> Self:
        """Stand before a context.

        Args:
            context: what does the work.
            checked: the name to check, by the host that was dialled.

        """
        made = super().__new__(cls, PROTOCOL_TLS_CLIENT)
        made._context, made._checked = context, checked
        return made

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
