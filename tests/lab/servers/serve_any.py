#!/usr/bin/env python3
"""serve-any PORT...: answers in whatever it is spoken to, and always with `$WHO`.

It stands for "another server listens on that port", whichever protocol the
port is for: PostgreSQL (it refuses the session and says in the refusal who it
is), Redis, HTTP; whoever says nothing is greeted with a line. On the host,
`UNTIL_EOF=1` ends it with the process at the other end of its standard input.
"""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading

WHO = os.environ.get("WHO", "any")
_SSL_REQUEST = bytes.fromhex("04d2162f")
_PATIENCE = 0.3


class Visit(socketserver.BaseRequestHandler):
    """One visitor."""

    request: socket.socket

    def handle(self) -> None:
        """See in what the visitor speaks, and answer in it."""
        self.request.settimeout(_PATIENCE)
        try:
            first = self.request.recv(4096)
        except TimeoutError:
            self.request.sendall(f"{WHO}\n".encode())
            return
        except OSError:
            return
        self.request.settimeout(10)
        try:
            self._answer(first)
        except OSError:
            return

    def _answer(self, first: bytes) -> None:
        if first[4:8] == _SSL_REQUEST:
            self.request.sendall(b"N")
            if self.request.recv(4096):
                self.request.sendall(_refusal())
        elif first.startswith(b"*"):
            self._redis(first)
        elif b" HTTP/1." in first.split(b"\r\n")[0]:
            body = WHO.encode()
            head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            self.request.sendall(head.encode() + body)

    def _redis(self, data: bytes) -> None:
        """Answer one command at a time, which is how the clients here ask."""
        while data:
            for word in _commands(data):
                self.request.sendall(_REPLIES.get(word, b"-ERR unknown command\r\n"))
            data = self.request.recv(4096)


def _commands(data: bytes) -> list[bytes]:
    """Give the names of the commands in some RESP arrays of strings."""
    words = data.split(b"\r\n")
    return [words[at + 2].upper() for at, word in enumerate(words) if word[:1] == b"*"]


_REPLIES = {
    b"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n",
    b"PING": b"+PONG\r\n",
    b"CLIENT": b"+OK\r\n",
    b"SELECT": b"+OK\r\n",
    b"GET": f"${len(WHO.encode())}\r\n{WHO}\r\n".encode(),
}


def _refusal() -> bytes:
    """Write PostgreSQL's ErrorResponse: the session is refused."""
    fields = b"SFATAL\0VFATAL\0C28000\0M" + f"who:{WHO}".encode() + b"\0\0"
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


class Server(socketserver.ThreadingTCPServer):
    """Many visitors at a time."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until told to end."""
    address = os.environ.get("LISTEN", "0.0.0.0")
    if ":" in address:
        Server.address_family = socket.AF_INET6
    servers = [Server((address, int(port)), Visit) for port in sys.argv[1:]]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    if os.environ.get("UNTIL_EOF") == "1":
        sys.stdin.buffer.read()
    else:
        threading.Event().wait()


if __name__ == "__main__":
    main()
