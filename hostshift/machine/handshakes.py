"""The first question of each protocol, and the judge of its servers' answers. Pure data.

Any client sends or awaits this before it identifies itself: it contains no password, and
no command that changes anything. We judge an answer by its whole form, so that other
protocols, echo servers and servers that answer everything alike do not pass.
PostgreSQL's answer to the first question is one letter, which proves nothing. After
S, TLS has to follow. After N there is a second question, which leaves a line in the
server's log, so we only ask it if the caller needs a proof.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.machine.tls_hello import client_hello, is_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Follow = Callable[[bytes], "Turn | None"]
    """Returns the next turn after an answer; None at the end."""
    Verdict = bool | None
    """True: an answer in the protocol. False: certainly not. None: the judge needs more bytes."""


class Turn(Record):
    """One question and its answer."""

    question: bytes
    """The bytes to send; empty if the server speaks first."""
    judge: Callable[[bytes], Verdict]
    """Judges the bytes received since the question."""
    then: Follow | None = None
    """Returns the next turn after this answer; None at the end."""


class Handshake(Record):
    """The turns that show that a server speaks a protocol."""

    opening: Turn
    proof: Callable[[bytes, bool], Turn | None] | None = None
    """Returns another turn that counts after this answer to the opening, or None. The flag is
    True if the caller needs a proof; a turn without cost for the server needs no flag."""
    ending: Follow | None = None
    """The turn without which the server suspects an attack. Its verdict does not count."""


def _starts(data: bytes, answers: tuple[bytes, ...]) -> Verdict:
    """Return True if bytes begin with one of the answers, None if they still may."""
    if data.startswith(answers):
        return True
    return None if any(answer.startswith(data) for answer in answers) else False


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
_OP_MSG, _OP_REPLY = 2013, 1
_MOST_MONGODB = 48_000_000  # maxMessageSizeBytes


def _mongodb(data: bytes) -> Verdict:
    """Read the header: an OP_MSG or, of old servers, an OP_REPLY to request 1, with a document."""
    if len(data) < 16:
        return None
    size, opcode = int.from_bytes(data[:4], "little"), int.from_bytes(data[12:16], "little")
    if data[8:12] != b"\x01\0\0\0" or not 26 <= size <= _MOST_MONGODB:
        return False
    if opcode not in (_OP_MSG, _OP_REPLY):
        return False
    # An OP_MSG has flags (4 bytes) and the section's kind, an OP_REPLY flags, cursor (8),
    # position and number of documents; the first document begins with its length.
    at = 21 if opcode == _OP_MSG else 36
    if len(data) < at + 4:
        return None
    document = int.from_bytes(data[at : at + 4], "little")
    return (opcode == _OP_REPLY or data[20] == 0) and 5 <= document <= size - at


_MYSQL_REFUSALS = frozenset(
    (
        1040,  # ER_CON_COUNT_ERROR
        1041,  # ER_OUT_OF_RESOURCES
        1042,  # ER_BAD_HOST_ERROR
        1043,  # ER_HANDSHAKE_ERROR
        1053,  # ER_SERVER_SHUTDOWN
        1129,  # ER_HOST_IS_BLOCKED
        1130,  # ER_HOST_NOT_PRIVILEGED
        1135,  # ER_CANT_CREATE_THREAD
        1152,  # ER_ABORTING_CONNECTION
        1203,  # ER_TOO_MANY_USER_CONNECTIONS
    )
)
"""The errors with which a server refuses before its handshake (mysqld_error.h)."""
_MYSQL_USER = b"hostshift"
_LONG_PASSWORD, _PROTOCOL_41, _SECURE, _PLUGIN_AUTH = 1, 1 << 9, 1 << 15, 1 << 19


def _mysql(data: bytes) -> Verdict:
    """Read the initial handshake: packet 0, protocol 10, or an error such as "host is blocked"."""
    if not b"\0".startswith(data[3:4]):
        return False
    if len(data) < 5:
        return None
    size, body = int.from_bytes(data[:3], "little"), data[4:]
    if body[0] not in (10, 0xFF) or not 4 <= size <= 1024:
        return False
    return _mysql_refusal(size, body) if body[0] == 0xFF else _mysql_handshake(size, body)


def _mysql_refusal(size: int, body: bytes) -> Verdict:
    if len(body) < size:
        return None
    return int.from_bytes(body[1:3], "little") in _MYSQL_REFUSALS and len(body) == size


def _mysql_handshake(size: int, body: bytes) -> Verdict:
    """Read the version, the thread's id (4 bytes), half of the salt (8), and a zero."""
    version, ended, rest = body[1:].partition(b"\0")
    if len(version) > 128 or (version and not version[:1].isdigit()):
        return False
    if not version.decode("latin-1").isprintable():
        return False
    if not ended or len(rest) < 13:
        return None
    return bool(version) and rest[12] == 0 and size >= len(version) + 17


def _mysql_login(answer: bytes) -> Turn | None:
    """Log in as a user who need not exist, without a password, as ``mysqladmin ping`` may.

    The protocol has no other end. An unfinished handshake counts against
    max_connect_errors, even one that ends with COM_QUIT, and the server blocks this
    whole machine (tried with MariaDB 10.11). A refused login does not count
    (``Host_errors::sum_connect_errors`` in MySQL's and MariaDB's sql/hostname.h).
    """
    if answer[4:5] != b"\x0a":
        return None
    plugin = answer[4 : 4 + int.from_bytes(answer[:3], "little")].rstrip(b"\0").rpartition(b"\0")[2]
    known = plugin.replace(b"_", b"").isalnum() and len(plugin) < 64
    capabilities = _LONG_PASSWORD | _PROTOCOL_41 | _SECURE | _PLUGIN_AUTH
    body = (
        capabilities.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    )
    body += _MYSQL_USER + b"\0\0" + (plugin if known else b"mysql_native_password") + b"\0"
    return Turn(question=_mysql_packet(1, body), judge=_mysql_reply, then=_mysql_after_login)


def _mysql_packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


def _mysql_reply(data: bytes) -> Verdict:
    """Wait for a whole packet."""
    return None if len(data) < 4 + int.from_bytes(data[:3], "little") or len(data) < 5 else True


def _mysql_after_login(answer: bytes) -> Turn | None:
    """Answer a request for another authentication with no password; quit after a good login."""
    number = (answer[3] + 1) % 256
    if answer[4] == 0xFE:
        return Turn(question=_mysql_packet(number, b""), judge=_mysql_reply, then=_mysql_quit)
    return _mysql_quit(answer)


def _mysql_quit(answer: bytes) -> Turn | None:
    """Quit (COM_QUIT) after a good login, which an anonymous user allows."""
    if answer[4] != 0:
        return None
    return Turn(question=_mysql_packet(0, b"\1"), judge=lambda _: True)


_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")  # PostgreSQL protocol, 55.2.11
_STARTUP = b"user\0hostshift\0database\0hostshift\0\0"
POSTGRESQL_STARTUP = (len(_STARTUP) + 8).to_bytes(4, "big") + b"\0\3\0\0" + _STARTUP
"""The bytes that ``pg_isready`` sends: a session for a user who need not exist. A server that
starts or stops answers 57P03, any other server anything else (libpq, PQpingParams)."""
_AUTHENTICATIONS = range(13)
"""Numbers of authentication methods (PostgreSQL protocol, 55.7)."""


def _postgresql(data: bytes) -> Verdict:
    """Read the one letter that accepts or refuses TLS."""
    if data.startswith(b"E"):
        return None  # the error of a server that cannot start a process has no fixed form
    return data in (b"S", b"N") if data else None


def _postgresql_proof(answer: bytes, needed: bool) -> Turn | None:
    if answer == b"S":  # to hang up here leaves a line in the log in any case
        return Turn(question=client_hello("postgresql"), judge=is_answer)
    return Turn(question=POSTGRESQL_STARTUP, judge=postgresql_session) if needed else None


def postgresql_session(data: bytes) -> Verdict:
    """Read the first message after a StartupMessage: R, E or v, whole and well formed."""
    if data[:1] not in (b"", b"R", b"E", b"v"):
        return False
    if len(data) < 5:
        return None
    size = int.from_bytes(data[1:5], "big")
    if not 8 <= size <= 4000:
        return False
    body = data[5 : 1 + size]
    if len(body) < size - 4:
        return None
    if data[:1] == b"R":
        return int.from_bytes(body[:4], "big") in _AUTHENTICATIONS
    if data[:1] == b"v":
        return size >= 12
    return len(sqlstate(data)) == 5


def sqlstate(data: bytes) -> str:
    """Return the code of an ErrorResponse; "" if it is another message or has no code."""
    if data[:1] != b"E" or data[int.from_bytes(data[1:5], "big") :][:1] != b"\0":
        return ""
    body = data[5 : int.from_bytes(data[1:5], "big") - 1]
    fields = {field[:1]: field[1:] for field in body.split(b"\0")}
    code = fields.get(b"C", b"").decode("latin-1")
    named = bool(fields.get(b"S")) and bool(fields.get(b"M"))
    return code if named and len(code) == 5 and code.isascii() and code.isalnum() else ""


REDIS_NOT_READY = (b"-LOADING ", b"-MASTERDOWN ")
_REDIS_ANSWERS = (
    b"+PONG\r\n",
    b"-NOAUTH ",
    b"-NOPERM ",
    b"-DENIED Redis ",
    b"-DENIED KeyDB ",
    b"-DENIED Valkey ",
    b"-BUSY Redis ",
    b"-BUSY Valkey ",
    b"-MISCONF ",
    *REDIS_NOT_READY,
    b"-ERR max number of clients ",
    b"-ERR operation not permitted",  # of Redis before 2.8 with a password
    b"-ERR unknown command",  # PING was renamed
)
"""Answers to PING (server.c, processCommand). Other -ERR texts are POP3's, or NATS'."""


def _redis(data: bytes) -> Verdict:
    return _starts(data, _REDIS_ANSWERS)


_AMQP_HEADER = b"AMQP\0\0\x09\x01"


def _amqp(data: bytes) -> Verdict:
    """Read Connection.Start (AMQP 0-9-1, 1.4.2.1), or the header of another version (4.2.2).

    A broker never answers with the header that it received. An echo server does.
    """
    if data[:1] in (b"", b"A"):
        if len(data) < 8:
            return False if _starts(data, (b"AMQP",)) is False else None
        return len(data) == 8 and data[:4] == b"AMQP" and data != _AMQP_HEADER and data[4] <= 3
    if not b"\1\0\0".startswith(data[:3]):
        return False
    if len(data) < 11:
        return None
    return 4 <= int.from_bytes(data[3:7], "big") <= 1 << 20 and data[7:11] == b"\0\x0a\0\x0a"


_MEMCACHED_LOCKED = b"CLIENT_ERROR unauthenticated\r\n"  # memcached -Y, proto_text.c


def _memcached(data: bytes) -> Verdict:
    if data.startswith(b"VERSION ") and len(data) > 8:
        return data[8:9].isdigit() and (data.endswith(b"\r\n") or None)
    if data.startswith(_MEMCACHED_LOCKED):
        return True
    return False if _starts(data, (b"VERSION ", _MEMCACHED_LOCKED)) is False else None


GREETINGS: dict[str, Handshake] = {
    "postgresql": Handshake(
        opening=Turn(question=_SSL_REQUEST, judge=_postgresql), proof=_postgresql_proof
    ),
    "redis": Handshake(opening=Turn(question=b"*1\r\n$4\r\nPING\r\n", judge=_redis)),
    "mongodb": Handshake(opening=Turn(question=_MONGODB_HELLO, judge=_mongodb)),
    "mysql": Handshake(opening=Turn(question=b"", judge=_mysql), ending=_mysql_login),
    "amqp": Handshake(opening=Turn(question=_AMQP_HEADER, judge=_amqp)),
    "memcached": Handshake(opening=Turn(question=b"version\r\n", judge=_memcached)),
}
"""By protocol. We cannot recognize a protocol that is missing here."""


def tls_opening(protocol: str) -> Turn:
    """Return the turn for a server that speaks TLS from the first byte."""
    return Turn(question=client_hello(protocol), judge=is_answer)
