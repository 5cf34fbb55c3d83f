#!/usr/bin/env python3
"""serve-mongo PORT: a MongoDB-protocol server that says who it is.

Collection `who` of database `lab` holds one document, with `$WHO` as its name.
`REPLSET=1` makes it a one-member replica set that announces itself under
`$ANNOUNCE` ("localhost:27017" is what many a real set announces), by default
under the address it listens on. On the host, `UNTIL_EOF=1` ends it with the
process at the other end of its standard input.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading

from secantus import (  # type: ignore[import-untyped,unused-ignore]
    SecantusDBServer,
)

_ENDING = {signal.SIGTERM, signal.SIGINT}


class Server(SecantusDBServer):  # type: ignore[misc,unused-ignore]
    """SecantusDB that can announce another address than the one it listens on."""

    announce: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """What `hello` says of itself to clients."""
        listening: tuple[str, int] = super().address
        return self.announce or listening


def main() -> None:
    """Serve until told to end."""
    with tempfile.TemporaryDirectory() as directory:
        tempfile.tempdir = directory  # Even a store in memory makes files.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        _server().start()
        if os.environ.get("UNTIL_EOF") == "1":
            threading.Thread(target=_wait_for_eof, daemon=True).start()
        signal.sigwait(_ENDING)
    # Nothing here is worth an orderly end, which takes seconds.
    os._exit(0)


def _server() -> Server:
    """Make the server as the environment wants it, with its document in it."""
    environment = os.environ
    server = Server(
        host=environment.get("LISTEN", "0.0.0.0"),
        port=int(sys.argv[1]),
        storage_path=":memory:",
        cache_size="64M",
        replica_set_name="lab" if environment.get("REPLSET") == "1" else None,
    )
    if announce := environment.get("ANNOUNCE"):
        host, _, port = announce.rpartition(":")
        server.announce = (host, int(port))
    # Before it listens: whoever gets in finds the document.
    server.storage.insert("lab", "who", [{"name": environment.get("WHO", "mongo")}])
    return server


def _wait_for_eof() -> None:
    """Notice the death of the process that started us, however it died."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
