"""The SQLAlchemy integration: whose certificate is accepted stays what was configured."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from hostshift import Policy
from hostshift.drivers import asyncpg, libpq
from hostshift.tls import PinnedContext, names, pinned
from tests.authority import Authority
from tests.integrations.drivers import stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
LIBPQ = ["psycopg", "psycopg2"]
FULL = {"sslmode": "verify-full"}


class Stop(Exception):  # noqa: N818 - ends a connect before the network
    """Raised in the driver's place."""


def given(url: str, **arguments: Any) -> dict[str, Any]:
    """Connect and return what the driver would have got."""
    make = create_async_engine if "asyncpg" in url or "aio" in url else create_engine
    engine: Any = make(url, plugins=["hostshift"], **arguments)
    seen: list[dict[str, Any]] = []

    def stop(*_: Any, **parameters: Any) -> Any:
        seen.append(parameters)
        raise Stop

    stand_in(engine.dialect, stop)
    with pytest.raises(Stop):
        asyncio.run(_connect(engine)) if make is create_async_engine else engine.connect()
    return seen[0]


async def _connect(engine: Any) -> None:
    async with engine.connect():
        pass


@pytest.mark.parametrize("driver", LIBPQ)
@pytest.mark.parametrize("mode", [None, "disable", "prefer", "require", "verify-full"])
def test_libpq_keeps_the_host_and_dials_a_number(
    driver: str, mode: str | None, pretend: Pretend
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    arguments = {} if mode is None else {"sslmode": mode}
    got = given(f"postgresql+{driver}://app@localhost/shop", connect_args=arguments)
    assert (got["host"], got["hostaddr"], got["port"]) == ("localhost", HOST, 5432)
    assert not {"password", "passfile"} & got.keys()


def test_several_hosts_stay_aligned(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5433"])
    hosts = "host=db.example.com:5432&host=localhost:5433&host=other.example.com:5434"
    got = given(f"postgresql+psycopg://app@/shop?{hosts}", connect_args=FULL)
    assert got["host"] == "db.example.com,localhost,other.example.com"
    assert got["hostaddr"] == f",{HOST},"
    assert got["port"] == "5432,5433,5434"


def test_a_located_name_is_looked_up(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="db.example.com:5432=localhost:6000"))
    got = given("postgresql+psycopg://app@db.example.com/shop", connect_args=FULL)
    numbers = got["hostaddr"].split(",")
    assert all(ip_address(number).is_loopback for number in numbers)
    assert set(got["host"].split(",")) == {"db.example.com"}
    assert len(got["host"].split(",")) == len(numbers) == len(str(got["port"]).split(","))
    assert set(str(got["port"]).split(",")) == {"6000"}


@pytest.mark.parametrize("driver", LIBPQ)
def test_a_name_without_an_address_is_the_drivers_own_error(driver: str, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map="db.example.com:5432=nobody.invalid:5432"))
    url = f"postgresql+{driver}://app:s3cret@db.example.com/shop"
    engine = create_engine(url, plugins=["hostshift"], connect_args=FULL)
    with pytest.raises(OperationalError, match=r"nobody\.invalid") as failed:
        engine.connect()
    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize(
    ("moved", "off"),
    [("localhost:6000", True), ("10.0.0.1:6000", True), ("10.0.0.1:5432", False)],
)
def test_an_async_engine_leaves_to_a_thread_what_blocks(
    moved: str, off: bool, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and another port's password; a number is only written."""
    pretend("bridge", policy=Policy(map=f"db.example.com:5432={moved}"))
    where: list[threading.Thread] = []
    plain = libpq.parameters

    def spy(*arguments: Any) -> dict[str, Any]:
        where.append(threading.current_thread())
        return plain(*arguments)

    monkeypatch.setattr(libpq, "parameters", spy)
    engine = create_async_engine(
        "postgresql+psycopg://app@db.example.com/shop", plugins=["hostshift"]
    )
    stand_in(engine.dialect, _stop)
    with pytest.raises(Stop):
        asyncio.run(_connect(engine))
    assert [thread is not threading.main_thread() for thread in where] == [off]


def _stop(*_: Any, **__: Any) -> Any:
    raise Stop


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("postgresql+asyncpg://app@localhost/shop", "ssl"),
        ("postgresql+pg8000://app@localhost/shop", "ssl_context"),
        ("mysql+aiomysql://app@localhost/shop", "ssl"),
    ],
)
def test_a_context_is_pinned_and_not_changed(url: str, key: str, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432", f"{HOST}:3306"])
    context = ssl.create_default_context()
    got = given(url, connect_args={key: context})
    assert got["host"] == HOST
    assert isinstance(got[key], PinnedContext)
    assert got[key]._context is context
    assert got[key]._checked == {HOST: "localhost"}
    assert type(context) is ssl.SSLContext


def test_a_context_that_verifies_nothing_stays(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    got = given("postgresql+asyncpg://app@localhost/shop", connect_args={"ssl": context})
    assert got["ssl"] is context


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require", True])
@pytest.mark.parametrize("variable", [False, True])
def test_asyncpgs_modes_become_its_own_context(
    mode: str | bool,
    variable: bool,
    pretend: Pretend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    root = tmp_path / "ca.pem"
    root.write_text(Authority().certificate)
    monkeypatch.setenv("PGSSLROOTCERT", str(root))
    if variable and isinstance(mode, str):
        monkeypatch.setenv("PGSSLMODE", mode)
        arguments: dict[str, Any] = {}
    else:
        arguments = {"ssl": mode}
    got = given("postgresql+asyncpg://app@localhost/shop", connect_args=arguments)
    assert got["host"] == HOST
    assert isinstance(got["ssl"], PinnedContext)
    assert got["ssl"]._context.check_hostname is (mode in ("verify-full", True))


@pytest.mark.parametrize("mode", [None, "disable", "prefer", False])
def test_asyncpgs_modes_that_verify_nothing_stay(mode: Any, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:5432"])
    arguments = {} if mode is None else {"ssl": mode}
    got = given("postgresql+asyncpg://app@localhost/shop", connect_args=arguments)
    assert (got["host"], got.get("ssl")) == (HOST, mode)


def test_an_unknown_asyncpg_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, pretend: Pretend
) -> None:
    from asyncpg import connect_utils  # type: ignore[import-untyped,unused-ignore]

    pretend("host")
    monkeypatch.delattr(connect_utils, "_parse_connect_dsn_and_args")
    for _ in range(3):
        assert asyncpg.parameters({"ssl": "verify-full"}, {}) == {}
    assert "Give ssl= an SSLContext" in caplog.text
    assert len(caplog.messages) == 2, "of the TLS context and of the password, once each"


def test_what_cannot_be_kept_apart_is_said_once(
    pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    pretend("bridge", answers=[f"{HOST}:3306"])
    url = "mysql+mysqlconnector://app@localhost/shop"
    for _ in range(2):
        got = given(url, connect_args={"ssl_verify_identity": True})
        assert (got["host"], got["ssl_verify_identity"]) == (HOST, True)
    said = [one for one in caplog.messages if "mysqlconnector" in one]
    assert len(said) == 1
    assert f"a certificate that names {HOST} as well would help" in said[0]
    assert not given(url).get("ssl_verify_identity")


def test_two_names_at_one_address_are_not_guessed() -> None:
    wanted: list[tuple[str, int | None]] = [("a", 1), ("b", 2), ("c", 3)]
    found: list[tuple[str, int | None]] = [("gate", 1), ("gate", 2), ("there", 3)]
    assert names(wanted, found) == {"there": "c"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextmanager
def server(authority: Authority, directory: Path, *certified: str) -> Iterator[int]:
    """Serve TLS on loopback with a certificate for these names; yield the port."""
    chain = directory / "server.pem"
    chain.write_text("".join(authority.sign(*certified)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, context))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            peer = listener.accept()[0]
        except OSError:
            return
        peer.settimeout(5)
        try:
            with context.wrap_socket(peer, server_side=True) as wrapped:
                wrapped.recv(1)
        except OSError:
            peer.close()


def dial(context: ssl.SSLContext, port: int) -> None:
    """Shake hands with 127.0.0.1, as drivers with threads do and as asyncio does."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        wrapped.sendall(b"x")


async def adial(context: ssl.SSLContext, port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"x")
    writer.close()
    with suppress(OSError):  # The server may be faster to hang up.
        await writer.wait_closed()


@pytest.mark.parametrize("way", ["threads", "asyncio"])
@pytest.mark.parametrize(
    ("certified", "accepted"),
    [
        (("db.example.com",), True),
        (("other.example.com",), False),
        (("127.0.0.1",), False),  # the address that is dialled is not the intended server
    ],
)
def test_the_configured_name_is_checked(
    authority: Authority, tmp_path: Path, way: str, certified: tuple[str, ...], accepted: bool
) -> None:
    context = ssl.create_default_context(cadata=authority.certificate)
    context = pinned(context, {"127.0.0.1": "db.example.com"})
    with server(authority, tmp_path, *certified) as port:
        if accepted:
            _shake(way, context, port)
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match=r"db\.example\.com"):
                _shake(way, context, port)


def test_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    context = ssl.create_default_context(cadata=Authority().certificate)
    context = pinned(context, {"127.0.0.1": "db.example.com"})
    with (
        server(authority, tmp_path, "db.example.com") as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        dial(context, port)


def test_round_the_pin_every_server_is_refused(authority: Authority, tmp_path: Path) -> None:
    trusting = ssl.create_default_context(cadata=authority.certificate)
    context = pinned(trusting, {"127.0.0.1": "db.example.com"})
    with (
        server(authority, tmp_path, "127.0.0.1") as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.SSLContext.wrap_socket(context, plain, server_hostname="127.0.0.1")


def _shake(way: str, context: ssl.SSLContext, port: int) -> None:
    asyncio.run(adial(context, port)) if way == "asyncio" else dial(context, port)
