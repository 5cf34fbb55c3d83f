"""Greetings: who speaks a protocol, who only seems to, and who says nothing."""

from __future__ import annotations

import random
import select
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostshift.base.deadline import Deadline
from hostshift.machine import probe
from hostshift.machine.handshakes import GREETINGS, POSTGRESQL_STARTUP, postgresql_session, sqlstate
from hostshift.machine.tls_hello import client_hello, is_answer
from tests.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = "127.0.0.1"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextmanager
def serving(handle: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen on a loopback port and hand each connection to a function in its own thread."""
    with socket.create_server((HERE, 0)) as server:
        threads: list[threading.Thread] = []

        def talk(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(5)
                handle(connection)

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
        for thread in threads:
            thread.join(6)


def _greets(port: int, protocol: str, seconds: float = 3) -> bool | None:
    return probe.greets([(HERE, port)], protocol, Deadline(seconds, 20))[0]


def _proves(port: int, protocol: str, seconds: float = 3) -> bool | None:
    return probe.proves([(HERE, port)], protocol, Deadline(seconds, 20))[0]


def _pg(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


REFUSAL = _pg(
    b"E", b'SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for user "hostshift"\0Fauth.c\0\0'
)
STARTING = _pg(b"E", b"SFATAL\0C57P03\0Mthe database system is starting up\0\0")
MYSQL = (
    b"\x0a9.1.0\0\x11\0\0\0saltsalt\0\xff\xf7\xff\x02\0\xff\xdf\x15" + bytes(10) + b"moresaltmore\0"
)
MYSQL += b"caching_sha2_password\0"
BLOCKED = b"\xff\x69\x04Host '203.0.113.5' is blocked because of many connection errors"


def _packet(body: bytes, number: int = 0) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


def _mongo(opcode: int = 2013, size: int | None = None, to: int = 1) -> bytes:
    document = b"\x1b\0\0\0\x08isWritablePrimary\0\x01\0\0"[:27]
    document = len(document).to_bytes(4, "little") + document[4:]
    body = (b"\0\0\0\0\0" if opcode == 2013 else bytes(20)) + document
    length = size if size is not None else 16 + len(body)
    header = [length, 77, to, opcode]
    return b"".join(number.to_bytes(4, "little") for number in header) + body


def _cases(**answers: dict[str, bytes]) -> list[Any]:
    """Return a protocol and an answer for each case, of the answers by protocol and name."""
    return [
        pytest.param(protocol, answer, id=name)
        for protocol, named in answers.items()
        for name, answer in named.items()
    ]


START = bytes.fromhex("000a000a00090000000b") + b"\x05capabilities"
RIGHT = _cases(
    redis={
        "redis": b"+PONG\r\n",
        "redis, a password": b"-NOAUTH Authentication required.\r\n",
        "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
        "master down": b"-MASTERDOWN Link with MASTER is down\r\n",
        "redis, full": b"-ERR max number of clients reached\r\n",
        "protected": b"-DENIED Redis is running in protected mode\r\n",
        "misconf": b"-MISCONF Redis is configured to save RDB snapshots\r\n",
    },
    mongodb={
        "mongodb": _mongo(),
        "mongodb, an old one": _mongo(opcode=1),
    },
    mysql={
        "mysql": _packet(MYSQL),
        "mysql, blocked": _packet(BLOCKED),
    },
    amqp={
        "amqp": b"\1\0\0" + len(START).to_bytes(4, "big") + START,
        "amqp 1.0": b"AMQP\3\1\0\0",
    },
    memcached={
        "memcached": b"VERSION 1.6.32\r\n",
        "memcached, a password": b"CLIENT_ERROR unauthenticated\r\n",
    },
)
WRONG = _cases(
    redis={
        "POP3's error": b"-ERR Unknown command: try USER\r\n",
        "the error of NATS": b"-ERR 'Unknown Protocol Operation'\r\n",
        "POP3": b"+OK POP3 ready\r\n",
        "more than PONG": b"+PONGO\r\n",
        "HTTP for redis": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    },
    mongodb={
        "an answer to nothing": _mongo(to=0),
        "an answer to another question": _mongo(to=2),
        "compressed, unasked": _mongo(opcode=2012),
        "an answer of a gigabyte": _mongo(size=1 << 30),
        "a document longer than its message": _mongo(size=26),
    },
    mysql={
        "not the first packet": _packet(MYSQL, number=1),
        "a handshake of 16 MB": b"\xff\xff\xff\0\x0a",
        "protocol 11": _packet(b"\x0b" + MYSQL[1:]),
        "no version": _packet(b"\x0aESMTP ready\0" + bytes(40)),
        "1064": _packet(b"\xff\x28\x04You have an error in your SQL"),
        "SMTP for mysql": b"220 mail.example.com ESMTP\r\n",
        "SSH for mysql": b"SSH-2.0-OpenSSH_9.2\r\n",
    },
    amqp={
        "the header that was sent": b"AMQP\0\0\x09\x01",
        "Connection.StartOk": b"\1\0\0\0\0\0\x0c\0\x0a\0\x0b",
        "another channel": b"\1\0\1\0\0\0\x0c\0\x0a\0\x0a",
        "HTTP for amqp": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    },
    memcached={
        "a version without a number": b"VERSION next\r\n",
        "an error of anybody": b"ERROR\r\n",
    },
    postgresql={
        "a word with N": b"Nothing\r\n",
        "SSH for postgresql": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP for postgresql": b"220 mail.example.com ESMTP\r\n",
    },
)


def _answers(answer: bytes, chunk: int = 1 << 16, protocol: str = "") -> Callable[..., None]:
    def speak(connection: socket.socket) -> None:
        if protocol != "mysql":
            connection.recv(1 << 12)
        for at in range(0, len(answer), chunk):
            connection.sendall(answer[at : at + chunk])
            if chunk < len(answer):
                time.sleep(0.002)
        while connection.recv(1 << 12):  # to the end, or what is unread resets the connection
            pass

    return speak


@pytest.mark.parametrize(("protocol", "answer"), RIGHT)
@pytest.mark.parametrize("chunk", [1 << 16, 3, 1])
def test_an_answer_counts_in_whatever_pieces_it_comes(
    protocol: str, answer: bytes, chunk: int
) -> None:
    with serving(_answers(answer, chunk, protocol)) as port:
        assert (_greets(port, protocol), _proves(port, protocol)) == (True, True)


@pytest.mark.parametrize(("protocol", "answer"), WRONG)
@pytest.mark.parametrize("chunk", [1 << 16, 1])
def test_a_wrong_answer_is_certainly_something_else(
    protocol: str, answer: bytes, chunk: int
) -> None:
    with serving(_answers(answer, chunk, protocol)) as port:
        proven = _proves(port, protocol)
        # One letter is all that PostgreSQL says to the first question.
        fits = protocol == "postgresql" and chunk == 1 and answer[:1] == b"N"
        assert _greets(port, protocol) is fits
        assert proven is False


@pytest.mark.parametrize(("protocol", "answer"), RIGHT)
def test_half_an_answer_is_none(protocol: str, answer: bytes) -> None:
    """And neither is it something else."""
    for size in {1, 2, 5} if protocol != "amqp" else {1, 2}:
        with serving(_answers(answer[:size], protocol=protocol)) as port:
            assert _greets(port, protocol, 0.15) is None


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(1 << 12):
        connection.sendall(data)


def _same(word: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        while connection.recv(1 << 12):
            connection.sendall(word)

    return speak


def _http(connection: socket.socket) -> None:
    connection.recv(1 << 12)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def _banner(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(1 << 12)
    connection.sendall(b"500 what?\r\n")


def _flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"\0" * 4096)


LIARS = {
    "echo": _echo,
    "N to everything": _same(b"N"),
    "S to everything": _same(b"S"),
    "E to everything": _same(b"E"),
    "R to everything": _same(b"R\0\0\0\x08\0\0\0\x63"),
    "zeros without end": _flood,
    "HTTP": _http,
    "SMTP": _banner,
}


@pytest.mark.parametrize("liar", LIARS)
@pytest.mark.parametrize("protocol", GREETINGS)
def test_no_liar_proves_a_protocol(protocol: str, liar: str) -> None:
    with serving(LIARS[liar]) as port:
        assert _proves(port, protocol, 0.4) is not True


def test_the_letter_of_postgresql_greets_and_does_not_prove() -> None:
    with serving(_same(b"N")) as port:
        assert (_greets(port, "postgresql"), _proves(port, "postgresql")) == (True, False)
    with serving(_same(b"S")) as port:
        assert (_greets(port, "postgresql"), _proves(port, "postgresql")) == (False, False)


@pytest.mark.parametrize("seconds", [0.0, 0.2])
@pytest.mark.parametrize("protocol", GREETINGS)
def test_who_accepts_and_says_nothing_is_not_told(protocol: str, seconds: float) -> None:
    started = time.monotonic()

    def wait(connection: socket.socket) -> None:
        while connection.recv(1 << 12):
            pass

    with serving(wait) as port:
        assert (_greets(port, protocol, seconds), _proves(port, protocol, seconds)) == (None, None)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("protocol", GREETINGS)
def test_who_hangs_up_without_a_word_is_not_told(protocol: str) -> None:
    """So does the proxy of a published port while its container is not ready."""
    with serving(lambda _: None) as port:
        assert (_greets(port, protocol), _proves(port, protocol)) == (None, None)


@pytest.mark.parametrize("protocol", GREETINGS)
def test_who_refuses_does_not_greet(protocol: str) -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
    assert (_greets(port, protocol), _proves(port, protocol)) == (False, False)


def test_no_greeting_is_known_for_http() -> None:
    with serving(_http) as port:
        assert (_greets(port, "http"), _proves(port, "http")) == (None, None)


def test_mongodb_hello_is_well_formed() -> None:
    question = GREETINGS["mongodb"].opening.question
    assert int.from_bytes(question[:4], "little") == len(question)
    assert int.from_bytes(question[21:25], "little") == len(question) - 21


class TestPostgresql:
    """What follows the one letter."""

    @pytest.mark.parametrize(
        ("message", "verdict"),
        [
            pytest.param(_pg(b"R", b"\0\0\0\x0a" + b"SCRAM-SHA-256\0\0"), True, id="SCRAM"),
            pytest.param(_pg(b"R", b"\0\0\0\x05salt"), True, id="MD5"),
            pytest.param(_pg(b"R", b"\0\0\0\0"), True, id="trust"),
            pytest.param(_pg(b"R", b"\0\0\0\x40"), False, id="no way to log in"),
            pytest.param(REFUSAL, True, id="refused"),
            pytest.param(STARTING, True, id="starting"),
            pytest.param(_pg(b"v", b"\0\3\0\0\0\0\0\0"), True, id="an older version"),
            pytest.param(_pg(b"E", b"Msorry\0\0"), False, id="an error without a code"),
            pytest.param(_pg(b"E", b"SFATAL\0C28\0Mno\0\0"), False, id="half a code"),
            pytest.param(_pg(b"E", b"SFATAL\0C28000\0Mno"), False, id="an error without an end"),
            pytest.param(b"E\x7f\xff\xff\xff", False, id="an error of two gigabytes"),
            pytest.param(b"R\0\0\0\0", False, id="a message of no length"),
            pytest.param(_pg(b"Z", b"I"), False, id="ready at once"),
            pytest.param(_pg(b"N", b"SNOTICE\0C00000\0Mhi\0\0"), False, id="a notice"),
        ],
    )
    def test_which_message_proves_it(self, message: bytes, verdict: bool) -> None:
        assert postgresql_session(message) is verdict
        heard: list[bytes] = []

        def speak(connection: socket.socket) -> None:
            heard.append(connection.recv(1 << 12))
            connection.sendall(b"N")
            heard.append(connection.recv(1 << 12))
            connection.sendall(message)
            while connection.recv(1 << 12):
                pass

        with serving(speak) as port:
            assert _proves(port, "postgresql") is verdict
        assert heard == [SSL_REQUEST, POSTGRESQL_STARTUP]

    def test_only_the_proof_leaves_a_line_in_its_log(self) -> None:
        heard = bytearray()

        def speak(connection: socket.socket) -> None:
            heard.extend(connection.recv(1 << 12))
            connection.sendall(b"N")
            heard.extend(connection.recv(1 << 12))

        with serving(speak) as port:
            assert _greets(port, "postgresql") is True
        assert bytes(heard) == SSL_REQUEST

    @given(st.binary(max_size=60))
    def test_codes_are_codes(self, data: bytes) -> None:
        assert len(sqlstate(b"E" + data)) in (0, 5)


class TestMysql:
    """The end of a talk, without which a server counts an error against this machine."""

    @pytest.mark.parametrize(
        ("replies", "sent"),
        [
            pytest.param([_packet(b"\xff\x15\x04#28000Access denied", 2)], 0, id="refused"),
            pytest.param(
                [
                    _packet(b"\xfemysql_native_password\0saltsaltsaltsaltsalt\0", 2),
                    _packet(b"\xff\x15\x04#28000Access denied", 4),
                ],
                1,
                id="another way to log in",
            ),
            pytest.param([_packet(b"\0\0\0\2\0\0\0", 2)], 1, id="let in"),
        ],
    )
    def test_it_logs_in_as_nobody(self, replies: list[bytes], sent: int) -> None:
        heard: list[bytes] = []

        def speak(connection: socket.socket) -> None:
            connection.sendall(_packet(MYSQL))
            for reply in replies:
                heard.append(connection.recv(1 << 12))
                connection.sendall(reply)
            while data := connection.recv(1 << 12):
                heard.append(data)

        with serving(speak) as port:
            assert _greets(port, "mysql") is True
        login, *more = heard
        assert int.from_bytes(login[:3], "little") == len(login) - 4
        assert login[3] == 1
        assert login[36:].startswith(b"hostshift\0\0caching_sha2_password\0")
        assert len(more) == sent
        if sent:
            assert more[0] in (b"\0\0\0\3", b"\1\0\0\0\1")

    def test_a_server_that_says_no_more_costs_little(self) -> None:
        with serving(_answers(_packet(MYSQL), protocol="mysql")) as port:
            deadline = Deadline(5)
            assert probe.greets([(HERE, port)], "mysql", deadline) == (True,)
            assert deadline.left > 5


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    certificate, key = Authority().sign("localhost")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _only_tls(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    return speak


class TestTls:
    @pytest.mark.parametrize("protocol", [name for name in GREETINGS if name != "mysql"])
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_who_speaks_only_tls_greets_and_proves_nothing(
        self, protocol: str, version: ssl.TLSVersion, tls: ssl.SSLContext
    ) -> None:
        tls.minimum_version = tls.maximum_version = version
        with serving(_only_tls(tls)) as port:
            assert (_greets(port, protocol), _proves(port, protocol)) == (True, None)

    def test_postgresql_behind_its_letter(self, tls: ssl.SSLContext) -> None:
        tls.minimum_version, tls.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

        def speak(connection: socket.socket) -> None:
            connection.recv(8)
            connection.sendall(b"S")
            _only_tls(tls)(connection)

        with serving(speak) as port:
            assert (_greets(port, "postgresql"), _proves(port, "postgresql")) == (True, True)

    def test_who_answers_plain_text_to_tls_is_something_else(self) -> None:
        """It hangs up at what is no request, and says so at what is none either."""

        def speak(connection: socket.socket) -> None:
            if connection.recv(1 << 12)[:1] == b"\x16":
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        with serving(speak) as port:
            assert _greets(port, "redis") is False

    def test_openssl_goes_on_with_the_hello(self, tls: ssl.SSLContext) -> None:
        """It sends a ServerHello and no alert."""
        tls.minimum_version, tls.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        with serving(_only_tls(tls)) as port, socket.create_connection((HERE, port), 5) as asking:
            asking.sendall(client_hello("redis"))
            record = asking.recv(1 << 12)
        assert (record[0], record[5]) == (0x16, 2)


@given(st.binary(max_size=80))
def test_what_is_no_record_is_no_tls(data: bytes) -> None:
    verdict = is_answer(data)
    assert verdict is not True or data[0] in (0x15, 0x16)


def test_an_echo_is_no_tls_server() -> None:
    assert is_answer(client_hello("redis")) is False


def test_an_alert_counts_but_not_one_that_refuses_the_protocol() -> None:
    assert is_answer(b"\x15\3\3\0\2\2\x28") is True
    assert is_answer(b"\x15\3\3\0\2\2\x78") is False


def test_each_hello_is_another() -> None:
    hellos = [client_hello("amqp") for _ in range(3)]
    assert all(one != other and len(one) == len(other) for one, other in pairwise(hellos))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*GREETINGS]), st.integers(0, 2**32))
def test_whatever_is_answered_nothing_is_raised(protocol: str, seed: int) -> None:
    """Random bytes, the right ones changed, cut and split at random, with an end or a reset."""
    chance = random.Random(seed)
    answers = [param.values[1] for param in RIGHT if param.values[0] == protocol]
    right = [answer for answer in answers if isinstance(answer, bytes)] or [b"N"]

    def speak(connection: socket.socket) -> None:
        for _ in range(chance.randrange(4)):
            if select.select([connection], [], [], chance.choice([0, 0.01]))[0]:
                connection.recv(chance.randrange(1, 300))
            data = bytearray(chance.choice([*right, chance.randbytes(chance.randrange(200))]))
            if data and chance.random() < 0.5:
                data[chance.randrange(len(data))] = chance.randrange(256)
            at = chance.randrange(len(data) + 1)
            connection.sendall(data[:at])
            connection.sendall(data[at:])
        if chance.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(speak) as port:
        for ask in (_greets, _proves):
            started = time.monotonic()
            assert ask(port, protocol, 0.2) in (True, False, None)
            assert time.monotonic() - started < 5
