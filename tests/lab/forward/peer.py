"""The server of the measurements: echoes, counts or greets, by the first byte of a connection."""

from __future__ import annotations

import socket
import sys
import threading

BUFFER = 1 << 18
ECHO, COUNT, GREET, HOLD = b"e", b"c", b"g", b"h"


def _serve(accepted: socket.socket) -> None:
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with accepted:
        kind = accepted.recv(1)
        if kind == GREET:
            accepted.sendall(b"!")
            return
        view, total = memoryview(bytearray(BUFFER)), 0
        while size := accepted.recv_into(view):
            total += size
            if kind == ECHO:
                accepted.sendall(view[:size])
        if kind == COUNT:
            accepted.sendall(total.to_bytes(8, "big"))


def main() -> None:
    """Serve on a free port, which it prints, until standard input ends."""
    threading.stack_size(1 << 17)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - for who started it

    def accept() -> None:
        while True:
            accepted, _ = listener.accept()
            threading.Thread(target=_serve, args=(accepted,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
