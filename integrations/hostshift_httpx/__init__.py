"""hostshift for httpx 0.25 and newer: every connection goes to the right address.

::

    from hostshift_httpx import Client

    with Client(base_url="https://localhost:8443") as client:
        client.get("/")

``Client`` and ``AsyncClient`` take what httpx's own take; ``HTTPTransport`` and
``AsyncHTTPTransport`` are for code that mounts transports by itself. Addresses are
looked up when a connection is made. ``request.url``, the ``Host`` header and the name
that TLS checks stay as configured, and so does what the pool shares: two names that are
one address from here have connections of their own. A proxy is dialled as it is
written, and it looks up what it is asked for by itself. So are transports that are not
httpx's own.
"""

from __future__ import annotations

from typing import Any

from hostshift.drivers import frameworks

try:
    import httpx

    from hostshift_httpx import _network_backend
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

__all__ = ["AsyncClient", "AsyncHTTPTransport", "Client", "HTTPTransport"]


class _Covered:
    """Covers a transport as soon as httpx has made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes."""
        super().__init__(*args, **kwargs)
        _network_backend.cover(self)  # type: ignore[arg-type]


class _CoveredClient:
    """Covers the transports of a client as soon as httpx has made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes; transports of httpx's that are given are covered too."""
        super().__init__(*args, **kwargs)
        _network_backend.cover_client(self)  # type: ignore[arg-type]


class HTTPTransport(_Covered, httpx.HTTPTransport):
    """:class:`httpx.HTTPTransport` that dials the addresses that hold from here."""


class AsyncHTTPTransport(_Covered, httpx.AsyncHTTPTransport):
    """:class:`httpx.AsyncHTTPTransport` that dials the addresses that hold from here.

    What has to be looked up for a connection is looked up in a thread.
    """


class Client(_CoveredClient, httpx.Client):
    """:class:`httpx.Client` that dials the addresses that hold from here."""


class AsyncClient(_CoveredClient, httpx.AsyncClient):
    """:class:`httpx.AsyncClient` that dials the addresses that hold from here."""
