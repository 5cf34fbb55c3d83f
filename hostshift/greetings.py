"""The first question of a protocol and what its servers answer. Pure data.

Each is what any client sends or awaits before it says who it is: no name, no
password and no command that changes anything.
"""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Greeting(Record):
    """How to tell that a server speaks a protocol."""

    question: bytes
    """What is sent once connected; empty where the server speaks first."""
    answered: Callable[[bytes], bool]
    """Tells whether the first bytes received are an answer in that protocol."""


# {"hello": 1, "$db": "admin"} as BSON, in an OP_MSG (2013) with request id 1.
_HELLO = b"\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0"
_HELLO_BSON = (len(_HELLO) + 5).to_bytes(4, "little") + _HELLO + b"\0"
_MONGODB_HELLO = (
    (len(_HELLO_BSON) + 21).to_bytes(4, "little")
    + (1).to_bytes(4, "little")
    + bytes(4)
    + (2013).to_bytes(4, "little")
    + bytes(5)
    + _HELLO_BSON
)


def _mongodb(data: bytes) -> bool:
    """Read the header: an OP_MSG or, of old servers, an OP_REPLY to request 1."""
    response_to, opcode = data[8:12], int.from_bytes(data[12:16], "little")
    return response_to == b"\x01\0\0\0" and opcode in (2013, 1)


def _mysql(data: bytes) -> bool:
    """Read the initial handshake: packet 0, protocol 10, or an error such as "host is blocked"."""
    return data[3:4] == b"\0" and data[4:5] in (b"\x0a", b"\xff")


GREETINGS: dict[str, Greeting] = {
    # SSLRequest (PostgreSQL protocol, 55.2.11): S and N say whether TLS is spoken.
    "postgresql": Greeting(
        question=bytes.fromhex("00000008 04d2162f"), answered=lambda data: data[:1] in (b"S", b"N")
    ),
    # Also -NOAUTH, -DENIED, -LOADING: an error in RESP is an answer in RESP.
    "redis": Greeting(
        question=b"*1\r\n$4\r\nPING\r\n",
        answered=lambda data: data.startswith(
            (b"+PONG", b"-NOAUTH", b"-DENIED", b"-LOADING", b"-ERR")
        ),
    ),
    "mongodb": Greeting(question=_MONGODB_HELLO, answered=_mongodb),
    "mysql": Greeting(question=b"", answered=_mysql),
    # The protocol header (AMQP 0-9-1, 4.2.2): Connection.Start or the header of another version.
    "amqp": Greeting(
        question=b"AMQP\0\0\x09\x01",
        answered=lambda data: data.startswith((b"\x01\0\0", b"AMQP")),
    ),
    "memcached": Greeting(
        question=b"version\r\n", answered=lambda data: data.startswith(b"VERSION ")
    ),
}
"""By protocol. What is not here is not told apart and never chosen by a greeting."""
