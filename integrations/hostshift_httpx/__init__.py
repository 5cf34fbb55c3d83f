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

from hostshift import _extras

try:
    import httpx

    from hostshift_httpx import _dial
except (ImportError, AttributeError) as error:
    raise _extras.failed(__name__, error) from error
_extras.check(__name__)

__all__ = ["AsyncClient", "AsyncHTTPTransport", "Client", "HTTPTransport"]


class HTTPTransport(httpx.HTTPTransport):
    """:class:`httpx.HTTPTransport` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes."""
        super().__init__(*args, **kwargs)
        _dial.cover(self)


class AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """:class:`httpx.AsyncHTTPTransport` that dials the addresses that hold from here.

    What has to be looked up for a connection is looked up in a thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes."""
        super().__init__(*args, **kwargs)
        _dial.cover(self)


class Client(httpx.Client):
    """:class:`httpx.Client` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes; transports of httpx's that are given are covered too."""
        super().__init__(*args, **kwargs)
        _dial.cover_client(self)


class AsyncClient(httpx.AsyncClient):
    """:class:`httpx.AsyncClient` that dials the addresses that hold from here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what httpx takes; transports of httpx's that are given are covered too."""
        super().__init__(*args, **kwargs)
        _dial.cover_client(self)
