"""The recipes of docs/tls.md, run as they stand, against a real server with TLS."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import urllib3

import hostshift
from hostshift import Policy
from tests.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift_pytest import Pretend

PAGE = Path(__file__).parents[2] / "docs" / "tls.md"
REFUSED = (ssl.SSLError, httpx.ConnectError, urllib3.exceptions.MaxRetryError, aiohttp.ClientError)
NAMES = {"localhost": True, "other.example.com": False}


class _Who(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said = self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def ca(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(authority.certificate)
    return str(path)


@pytest.fixture(params=NAMES, scope="module")
def server(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, bool]]:
    """Serve with a certificate for a name, and tell whether clients should accept it."""
    directory = tmp_path_factory.mktemp("server")
    # Good for the address that is dialled: only who checks the configured name refuses.
    names = (request.param, "127.0.0.2") if not NAMES[request.param] else (request.param,)
    for name, text in zip(("server.pem", "server.key"), authority.sign(*names), strict=True):
        (directory / name).write_text(text)
    made = ThreadingHTTPServer(("127.0.0.2", 0), _Who)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    made.socket = context.wrap_socket(made.socket, True, do_handshake_on_connect=False)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made.server_address[1], NAMES[request.param]
    made.shutdown()
    thread.join()
    made.server_close()


def recipe(title: str) -> str:
    """Find the code below a title of the page."""
    found = re.search(
        rf"^## {title}.*?^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found, title
    return found[1]


def run(title: str, names: dict[str, Any]) -> Any:
    """Run a recipe and give what it left behind; one that awaits in a loop."""
    code = recipe(title)
    if "await" not in code:
        exec(code, names)
        return names["response"]
    body = "".join(f"    {line}\n" for line in code.splitlines())
    exec(f"async def recipe():\n{body}    return text\n", names)
    return asyncio.run(names["recipe"]())


def ask(title: str, names: dict[str, Any]) -> str:
    """Run a recipe and give what the server said."""
    response = run(title, {"hostshift": hostshift, **names})
    if isinstance(response, str):
        return response
    return str(response.text if hasattr(response, "text") else response.data.decode())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("title", ["httpx", "urllib3", "aiohttp"])
def test_https(title: str, server: tuple[int, bool], ca: str, pretend: Pretend) -> None:
    port, accepted = server
    pretend("host", policy=Policy(map=f"localhost:8443=127.0.0.2:{port}"))
    context = ssl.create_default_context(cafile=ca)
    with httpx.Client(verify=context) as client:
        names = {
            "client": client,
            "urllib3": urllib3,
            "aiohttp": aiohttp,
            "ca": ca,
            "context": context,
        }
        if accepted:
            assert ask(title, names) == "localhost:8443"
        else:
            with pytest.raises(REFUSED) as refused:
                ask(title, names)
            assert re.search("certificate|doesn't match", str(refused.value))
