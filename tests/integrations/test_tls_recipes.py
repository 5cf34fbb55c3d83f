"""The recipes of docs/tls.md, run as they stand there, against real TLS on loopback.

Those for databases are run by tests/lab/test_tls_recipes_live.py.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import urllib3
from kombu.exceptions import OperationalError

import hostshift
from tests.authority import Authority
from tests.integrations.https_server import Server, context, serving
from tests.recipes import recipe, titles

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

RIGHT, WRONG = "right.example.com", "wrong.example.com"
PORT = 8443


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Make a server's context, with the authority as ca.pem in the working directory."""
    authority = Authority()
    tmp_path.joinpath("ca.pem").write_text(authority.certificate)
    monkeypatch.chdir(tmp_path)
    yield context(authority, tmp_path, RIGHT)
    monkeypatch.undo()
    hostshift.reset()


def lead_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both names stand for a server on loopback."""
    rules = (f"{name}:{PORT}=127.0.0.1:{port}" for name in (RIGHT, WRONG))
    monkeypatch.setenv("HOSTSHIFT_MAP", ",".join(rules))
    hostshift.reset()


@pytest.fixture
def server(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(tls) as server:
        lead_to(server.server_port, monkeypatch)
        yield server


def made(title: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(recipe(title), title, "exec"), names)
    return names


def test_every_recipe_is_run() -> None:
    assert titles() == ["asyncpg", "PyMySQL", "urllib3", "aiohttp", "kombu"]


def test_urllib3(server: Server) -> None:
    pool = made("urllib3")["pool"]
    with pool(RIGHT, PORT) as right:
        assert right.request("GET", "/").data.decode() == f"{RIGHT}:{PORT}"
    with pool(WRONG, PORT) as wrong, pytest.raises(urllib3.exceptions.MaxRetryError) as refused:
        wrong.request("GET", "/", retries=0)
    assert f"not valid for '{WRONG}'" in str(refused.value)
    assert server.names == [RIGHT, WRONG]


def test_aiohttp(server: Server) -> None:
    session = made("aiohttp")["session"]

    async def get(host: str) -> str:
        async with session() as client, client.get(f"https://{host}:{PORT}/") as answer:
            return str(await answer.text())

    assert asyncio.run(get(RIGHT)) == f"{RIGHT}:{PORT}"
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match=f"not valid for '{WRONG}'"):
        asyncio.run(get(WRONG))
    assert server.names == [RIGHT, WRONG]


@contextmanager
def _broker(tls: ssl.SSLContext) -> Iterator[tuple[int, list[bytes]]]:
    """Take TLS connections and keep what comes first through each; then hang up."""
    first: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                try:
                    with tls.wrap_socket(client, server_side=True) as wrapped:
                        first.append(wrapped.recv(4))
                except OSError:
                    first.append(b"refused")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], first
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_kombu(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no broker here: AMQP begins when the handshake is done, so that is enough."""
    connection = made("kombu")["connection"]
    said: dict[str, str] = {}
    with _broker(tls) as (port, first):
        lead_to(port, monkeypatch)
        for host in (RIGHT, WRONG):
            with connection(host, PORT, connect_timeout=5) as broker:
                with pytest.raises((OperationalError, OSError)) as error:
                    broker.ensure_connection(max_retries=1, timeout=3, interval_start=0)
                said[host] = str(error.value)
    assert b"AMQP" in first
    assert "certificate" not in said[RIGHT]
    assert f"not valid for '{WRONG}'" in said[WRONG]
    assert first[-1] != b"AMQP"
