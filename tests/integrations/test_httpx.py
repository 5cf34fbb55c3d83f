"""The httpx integration: dials elsewhere, and everything above stays as configured. Real TLS."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import hostshift
from hostshift.drivers.dialer import Dialer
from hostshift.errors import MissingExtraError
from hostshift_httpx import (
    AsyncClient,
    AsyncHTTPTransport,
    Client,
    HTTPTransport,
    _network_backend,
)
from tests.authority import Authority
from tests.integrations.https_server import Server, context, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B, OTHER = "a.example.com", "b.example.com", "other.example.com"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate)


@pytest.fixture
def server(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Serve with a certificate for one name; three names lead there."""
    with serving(context(authority, tmp_path, A)) as server:
        there = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HOSTSHIFT_MAP", ",".join(f"{one}:443={there}" for one in (A, B, OTHER)))
        hostshift.reset()
        yield server
    monkeypatch.undo()
    hostshift.reset()


def get(kind: str, trusting: ssl.SSLContext, *urls: str, **options: Any) -> list[httpx.Response]:
    """Get by one client of either kind."""
    if kind == "sync":
        with Client(verify=trusting, **options) as client:
            return [client.get(url) for url in urls]

    async def ask() -> list[httpx.Response]:
        async with AsyncClient(verify=trusting, **options) as client:
            return [await client.get(url) for url in urls]

    return asyncio.run(ask())


BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


@BOTH
def test_all_above_the_dial_stays_as_configured(
    kind: str, server: Server, trusting: ssl.SSLContext
) -> None:
    (response,) = get(kind, trusting, f"https://{A}/x")
    assert response.text == A  # the Host header
    assert str(response.url) == str(response.request.url) == f"https://{A}/x"
    assert server.names == [A]


@BOTH
def test_another_name_is_refused_even_when_a_connection_to_that_address_is_open(
    kind: str, server: Server, trusting: ssl.SSLContext
) -> None:
    assert get(kind, trusting, f"https://{A}/")[0].text == A
    # httpcore before 1.0 lets asyncio's own error through.
    refused = (httpx.ConnectError, ssl.SSLCertVerificationError)
    with pytest.raises(refused, match=r"certificate is not valid for 'b\.example\.com'"):
        get(kind, trusting, f"https://{A}/", f"https://{B}/")
    assert server.names == [A, A, B]


@BOTH
def test_a_redirect_and_the_pool(kind: str, server: Server, trusting: ssl.SSLContext) -> None:
    url = f"https://{A}/moved"
    response = get(kind, trusting, url, url, follow_redirects=True)
    assert [str(one.url) for one in response] == [f"https://{A}/"] * 2
    assert server.connections == 1


@BOTH
def test_sni_of_the_user_is_the_users(kind: str, server: Server, trusting: ssl.SSLContext) -> None:
    extensions = {"sni_hostname": A}
    if kind == "sync":
        with Client(verify=trusting) as client:
            response = client.get(f"https://{B}/", extensions=extensions)
    else:

        async def ask() -> httpx.Response:
            async with AsyncClient(verify=trusting) as client:
                return await client.get(f"https://{B}/", extensions=extensions)

        response = asyncio.run(ask())
    assert response.text == B
    assert server.names == [A]


def test_transports_by_themselves_and_given_ones(server: Server, trusting: ssl.SSLContext) -> None:
    for client in (
        httpx.Client(transport=HTTPTransport(verify=trusting)),
        Client(transport=httpx.HTTPTransport(verify=trusting)),
        Client(mounts={"https://": httpx.HTTPTransport(verify=trusting)}),
    ):
        with client:
            assert client.get(f"https://{A}/").text == A
    assert server.connections == 3

    async def ask() -> str:
        async with httpx.AsyncClient(transport=AsyncHTTPTransport(verify=trusting)) as client:
            return (await client.get(f"https://{A}/")).text

    assert asyncio.run(ask()) == A


def test_a_transport_of_another_kind_is_left_alone() -> None:
    mock = httpx.MockTransport(lambda request: httpx.Response(200, text=request.url.host))
    with Client(transport=mock) as client:
        assert client.get("https://localhost/").text == "localhost"


def test_a_proxy_is_left_alone() -> None:
    transport = HTTPTransport(proxy=httpx.Proxy("http://localhost:3128"))
    assert not isinstance(transport._pool._network_backend, _network_backend._Backend)


@BOTH
def test_looking_up_happens_off_the_loop(
    kind: str, server: Server, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[bool] = []

    def decide(*arguments: Any) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        return own(*arguments)

    own = Dialer.decide
    monkeypatch.setattr(Dialer, "decide", decide)
    assert get(kind, trusting, f"https://{A}/")[0].text == A
    assert where == [kind == "sync"]
    assert server.connections == 1


def test_a_seam_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.HTTPTransport()
    monkeypatch.delattr(transport._pool, "_network_backend")
    with pytest.raises(MissingExtraError, match=r"works with httpx 0\.25 and newer"):
        _network_backend.cover(transport)
