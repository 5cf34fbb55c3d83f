"""The first message of a TLS client, and the judge of the server's first record. Pure.

We write it by hand, because the standard ``ssl`` module takes ten times as long to load as
the rest of a probe, and we negotiate nothing. We send one message, look at the first record
that comes back, and close the connection.
"""

from __future__ import annotations

import os

_SUITES = bytes.fromhex(
    "130113021303"  # TLS 1.3 (RFC 8446, B.4)
    "c02bc02fc02cc030cca9cca8"  # ECDHE with AES-GCM or ChaCha20 (RFC 5289, 7905)
    "c009c013c00ac014"  # ECDHE with AES-CBC (RFC 8422), for old servers
    "009c009d002f0035"  # RSA key exchange (RFC 5288, 5246), for older ones
)
_GROUPS = bytes.fromhex("001d00170018")  # x25519, secp256r1, secp384r1 (RFC 8446, 4.2.7)
_SIGNATURES = bytes.fromhex("0403080404010503080505010806060102010203")  # RFC 8446, 4.2.3
_VERSIONS = bytes.fromhex("03040303")  # TLS 1.3 and 1.2

ALERT, _HANDSHAKE = 0x15, 0x16  # RFC 8446, 5.1
_SERVER_HELLO = 2  # RFC 8446, 4
_NO_APPLICATION_PROTOCOL = 120  # RFC 7301, 3.2
_MOST = (1 << 14) + 256  # RFC 8446, 5.2: bytes of a record


def client_hello(application: str) -> bytes:
    """Return a ClientHello that offers TLS 1.3 and 1.2.

    Args:
        application: the protocol inside TLS, which we offer by ALPN (RFC 7301). PostgreSQL
            17 requires it. Servers of the other protocols know no ALPN and ignore it, while
            a web server may refuse it, which shows that it is one.

    """
    body = b"\3\3" + os.urandom(32) + _sized(os.urandom(32), 1) + _sized(_SUITES, 2) + b"\1\0"
    extensions = (
        (0x000A, _sized(_GROUPS, 2)),  # supported_groups
        (0x000B, b"\1\0"),  # ec_point_formats: uncompressed (RFC 8422, 5.1.2)
        (0x000D, _sized(_SIGNATURES, 2)),  # signature_algorithms
        (0x0010, _sized(_sized(application.encode("ascii"), 1), 2)),  # ALPN
        (0x0017, b""),  # extended_master_secret (RFC 7627)
        (0x002B, _sized(_VERSIONS, 1)),  # supported_versions
        # Any 32 bytes are a public key of x25519 (RFC 7748, 5).
        (0x0033, _sized(b"\0\x1d" + _sized(os.urandom(32), 2), 2)),  # key_share
    )
    packed = b"".join(kind.to_bytes(2, "big") + _sized(data, 2) for kind, data in extensions)
    return b"\x16\3\1" + _sized(b"\1" + _sized(body + _sized(packed, 2), 3), 2)


def _sized(data: bytes, width: int) -> bytes:
    """Return bytes with their length before them."""
    return len(data).to_bytes(width, "big") + data


def is_answer(data: bytes) -> bool | None:
    """Return True if bytes are a server's first record; None if they are too few.

    An alert is an answer as well: the server speaks TLS and refuses the offer. A server that
    refuses the application's protocol serves another one: False.
    """
    if not data:
        return None
    if data[0] not in (ALERT, _HANDSHAKE) or not b"\3".startswith(data[1:2]):
        return False
    if len(data) < 7:
        return None
    size = int.from_bytes(data[3:5], "big")
    if data[2] > 4 or not 2 <= size <= _MOST:
        return False
    if data[0] == ALERT:
        return size == 2 and data[5] in (1, 2) and data[6] != _NO_APPLICATION_PROTOCOL
    return data[5] == _SERVER_HELLO
