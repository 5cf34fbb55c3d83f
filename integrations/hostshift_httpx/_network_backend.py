"""Where httpx dials: a network backend below its TLS and its pool.

``httpcore.NetworkBackend`` is httpcore's public seam: it is given a host and a port, and
returns a stream; TLS is put on top of that with the origin's name. So nothing above it
sees another address. Rewriting the URL in a transport, with the ``sni_hostname``
extension to keep the name, is public too, but wrong: the pool shares connections by the
URL's origin, and two names that are one address from here would share a connection
whose certificate was checked for one of them only.

httpx has no parameter for the backend. Its transports make their pool in ``_pool``,
which holds the backend in ``_network_backend``: both are private, and
:func:`cover` refuses an httpx that lacks them.
"""

from __future__ import annotations

from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpcore
import httpx

from hostshift.drivers import frameworks
from hostshift.drivers.dial import Dial
from hostshift.drivers.dialer import Dialer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

INTEGRATION = "hostshift_httpx"
DIRECT = (httpcore.ConnectionPool, httpcore.AsyncConnectionPool)


def cover_client(client: httpx.Client | httpx.AsyncClient) -> None:
    """Cover the transports of a client that are httpx's own.

    Raises:
        IncompatibleError: this httpx keeps its transports in another way.

    """
    try:
        transports = [client._transport, *client._mounts.values()]  # noqa: SLF001
    except AttributeError:
        raise frameworks.lacks(INTEGRATION, ["Client._transport", "Client._mounts"]) from None
    for transport in transports:
        if isinstance(transport, httpx.HTTPTransport | httpx.AsyncHTTPTransport):
            cover(transport)


def cover(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport) -> None:
    """Let a transport dial the addresses that hold from here; again changes nothing.

    Raises:
        IncompatibleError: this httpx makes its connections in another way.

    """
    try:
        pool: Any = transport._pool  # noqa: SLF001 - httpx has no public way to it
        own = pool._network_backend  # noqa: SLF001
    except AttributeError:
        raise frameworks.lacks(
            INTEGRATION, ["HTTPTransport._pool with a _network_backend"]
        ) from None
    if type(pool) not in DIRECT or isinstance(own, _Backend | _AsyncBackend):
        return  # a proxy's pool, or covered already
    asynchronous = isinstance(own, httpcore.AsyncNetworkBackend)
    pool._network_backend = _AsyncBackend(own) if asynchronous else _Backend(own)  # noqa: SLF001


_ABANDON: dict[str, Any] = (
    {"abandon_on_cancel": True}
    if "abandon_on_cancel" in signature(anyio.to_thread.run_sync).parameters
    else {"cancellable": True}  # anyio before 4.1
)
"""Lets a task whose scope is cancelled go on at once, and the look-up end by itself."""


class HttpDialer(Dialer):
    """Dials for httpx."""

    def __init__(self) -> None:
        """Speak HTTP."""
        super().__init__("http", "httpx")

    def refusal(self, error: OSError) -> Exception:
        """Return httpx's only error of a connect, after which it tries again."""
        return httpcore.ConnectError(str(error))

    async def run_async(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block in a thread, for the event loops of asyncio and of Trio.

        It takes none of the threads that the application's own calls share.
        """
        own = anyio.CapacityLimiter(1)
        call = partial(function, *args, **kwargs)
        return await anyio.to_thread.run_sync(call, limiter=own, **_ABANDON)


class _Backend(httpcore.NetworkBackend):
    """Another backend, with the address to dial."""

    def __init__(self, own: httpcore.NetworkBackend) -> None:
        self._own = own
        self._dialer = HttpDialer()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Dial, ``timeout`` in seconds; looking up takes at most the budget besides."""
        dial = Dial(self._dialer, host, port)
        with dial as address:
            stream = self._own.connect_tcp(*address, timeout, local_address, socket_options)
            dial.opened(stream.close)
        return stream

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Dial a socket of this machine, and look nothing up."""
        return self._own.connect_unix_socket(*args, **kwargs)

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._own.sleep(seconds)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """The same for event loops. It looks up in a thread, so that the loop goes on."""

    def __init__(self, own: httpcore.AsyncNetworkBackend) -> None:
        self._own = own
        self._dialer = HttpDialer()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Dial, ``timeout`` in seconds; looking up takes at most the budget besides."""
        dial = Dial(self._dialer, host, port)
        async with dial as address:
            stream = await self._own.connect_tcp(*address, timeout, local_address, socket_options)
            dial.opened(stream.aclose)
        return stream

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """Dial a socket of this machine, and look nothing up."""
        return await self._own.connect_unix_socket(*args, **kwargs)

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        await self._own.sleep(seconds)
