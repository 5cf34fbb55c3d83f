"""A real HTTPS server on loopback that says which name it was asked for."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.authority import Authority


class Server(ThreadingHTTPServer):
    """Keeps what clients asked for: names in the handshake, and connections."""

    names: list[str | None]
    connections: int

    def get_request(self) -> tuple[Any, Any]:
        """Take a connection; its handshake is made in its own thread."""
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a refused certificate is an error here."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the Host header, or go round in a circle once."""
        body = self.headers["Host"].encode()
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""


def context(authority: Authority, directory: Path, *names: str) -> ssl.SSLContext:
    """Make a server's context with a certificate for these names."""
    certificate = directory / f"{names[0]}.pem"
    certificate.write_text("".join(authority.sign(*names)))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@contextmanager
def serving(tls: ssl.SSLContext) -> Iterator[Server]:
    """Serve while it lasts."""
    with Server(("127.0.0.1", 0), _Answer) as server:
        server.names, server.connections = [], 0
        tls.sni_callback = lambda _socket, name, _context: server.names.append(name)
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
