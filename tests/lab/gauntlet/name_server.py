"""name_server.py MILLISECONDS [NAME=ADDRESS...]: a name server that takes its time, or fails.

It answers each question after so many milliseconds, however many there are at a time. The
file `/tmp/mode` may say that it fails instead: "refused" and "servfail" answer every question
so, "silent" answers none. What it has no address for does not exist.
"""

from __future__ import annotations

import heapq
import select
import socket
import sys
import time
from pathlib import Path

MODE = Path("/tmp/mode")
_CODES = {"servfail": 2, "nxdomain": 3, "refused": 5}
_A = 1
_LONGEST = 1.0
"""Seconds to sleep at most where nothing is due."""


def reply(question: bytes, mode: str, known: dict[str, str]) -> bytes | None:
    """Return the answer to one question, None for silence (RFC 1035, section 4)."""
    if mode == "silent":
        return None
    name, end = _name(question)
    asked = question[12 : end + 4]
    kind = int.from_bytes(question[end : end + 2], "big")
    if mode in _CODES or name not in known:
        return _message(question, asked, _CODES.get(mode, _CODES["nxdomain"]), b"")
    if kind != _A:
        return _message(question, asked, 0, b"")
    # A pointer to the name in the question, type A, class IN, a minute, four bytes.
    record = bytes.fromhex("c00c 0001 0001 0000003c 0004") + socket.inet_aton(known[name])
    return _message(question, asked, 0, record)


def _message(question: bytes, asked: bytes, code: int, record: bytes) -> bytes:
    flags = bytes([0x81 | question[2] & 0x01, 0x80 | code])
    counts = bytes([0, 1, 0, 1 if record else 0, 0, 0, 0, 0])
    return question[:2] + flags + counts + asked + record


def _name(question: bytes) -> tuple[str, int]:
    """Return the name that is asked for, and where its type stands."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace").lower())
        at += 1 + length
    return ".".join(labels), at + 1


def serve(seconds: float, known: dict[str, str]) -> None:
    """Answer until the container goes."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 53))
    due: list[tuple[float, bytes, tuple[str, int]]] = []
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else _LONGEST
        if select.select([server], [], [], wait)[0]:
            question, client = server.recvfrom(4096)
            mode = MODE.read_text(encoding="ascii").strip() if MODE.exists() else ""
            if (answer := reply(question, mode, known)) is not None:
                heapq.heappush(due, (time.monotonic() + seconds, answer, client))
        while due and due[0][0] <= time.monotonic():
            _, answer, client = heapq.heappop(due)
            server.sendto(answer, client)


def main() -> None:
    """Serve what the arguments say."""
    pairs = (pair.partition("=") for pair in sys.argv[2:])
    serve(float(sys.argv[1]) / 1000, {name.lower(): address for name, _, address in pairs})


if __name__ == "__main__":
    main()
