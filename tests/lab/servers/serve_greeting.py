#!/usr/bin/env python3
"""serve-greeting PORT: says `$WHO` and a line end to everyone, then hangs up.

It stands for "something listens here" and tells which something it is. On the
host, `UNTIL_EOF=1` ends it with the process at the other end of its standard
input.
"""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading


class Greeting(socketserver.BaseRequestHandler):
    """One visitor."""

    def handle(self) -> None:
        """Say who this is."""
        self.request.sendall(os.environ.get("WHO", "greeting").encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    """Many visitors at a time."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until told to end."""
    address = os.environ.get("LISTEN", "0.0.0.0")
    if ":" in address:
        Server.address_family = socket.AF_INET6
    with Server((address, int(sys.argv[1])), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if os.environ.get("UNTIL_EOF") == "1":
            sys.stdin.buffer.read()
        else:
            threading.Event().wait()
        server.shutdown()


if __name__ == "__main__":
    main()
