"""The redis-py integration with real servers: where plain clients dial, and whom TLS trusts."""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
import sys
import threading
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis import asyncio as redis_asyncio
from redis import retry
from redis.asyncio import retry as asyncio_retry
from redis.backoff import NoBackoff

import hostshift_redis
from hostshift import Policy, UndecidedError
from hostshift.drivers.dialer import Dialer
from hostshift.errors import MissingExtraError
from hostshift.resolution import resolver
from hostshift_redis import _connection
from hostshift_redis import asyncio as ours_asyncio
from tests.integrations.redis_servers import Servers, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hostshift_pytest import Pretend
    from tests.lab.engine import Engine

DB = "db.example.com"
URL = f"redis://{DB}:6379/0"
CERTIFIED = {"right": ["localhost", DB], "wrong": ["other.example.com"]}


@pytest.fixture(scope="module")
def servers(engine: Engine, lab_image: str) -> Iterator[Servers]:
    with serving(engine, lab_image, ["one", "other"], CERTIFIED) as running:
        yield running


@pytest.fixture
def installed() -> Iterator[None]:
    hostshift_redis.install()
    yield
    hostshift_redis.uninstall()


def _mapped(servers: Servers, name: str, host: str = f"{DB}:6379") -> Policy:
    return Policy(map=f"{host}={servers.address(name)}")


def _who(client: Any) -> str:
    """Ask a client of either kind who serves it; it keeps the name that was configured."""
    if isinstance(client, redis_asyncio.Redis):
        return asyncio.run(_awho(client))
    with client:
        said: bytes = client.get("who")
    return said.decode()


async def _awho(client: Any) -> str:
    try:
        said: bytes = await client.get("who")
    finally:
        close = getattr(client, "aclose", client.close)  # from 5.0.1
        await close(close_connection_pool=True)
    return said.decode()


def _tries(loop: str, again: int) -> Any:
    kinds: dict[str, Any] = {"sync": retry.Retry, "async": asyncio_retry.Retry}
    return kinds[loop](NoBackoff(), again)


FORMS: dict[str, Callable[[Any], Any]] = {
    "host": lambda kinds: kinds.Redis(host=DB, port=6379),
    "url": lambda kinds: kinds.Redis.from_url(URL),
    "pool": lambda kinds: kinds.Redis(connection_pool=kinds.ConnectionPool.from_url(URL)),
    "blocking": lambda kinds: kinds.Redis(
        connection_pool=kinds.BlockingConnectionPool.from_url(URL)
    ),
    "single": lambda kinds: kinds.Redis(host=DB, single_connection_client=True),
}
OURS = {"sync": hostshift_redis, "async": ours_asyncio}
PLAIN: dict[str, Any] = {"sync": redis, "async": redis_asyncio}


@pytest.mark.parametrize("loop", OURS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form(servers: Servers, pretend: Pretend, form: str, loop: str) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    client = FORMS[form](OURS[loop])
    assert isinstance(client, PLAIN[loop].Redis)
    assert client.connection_pool.connection_kwargs["host"] == DB
    assert _who(client) == "one"


@pytest.mark.parametrize("loop", OURS)
def test_a_pool_of_other_code_is_covered(servers: Servers, pretend: Pretend, loop: str) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    pool = PLAIN[loop].ConnectionPool.from_url(URL)
    assert _who(OURS[loop].Redis(connection_pool=pool)) == "one"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("loop", OURS)
@pytest.mark.parametrize("form", FORMS)
def test_clients_of_other_code(servers: Servers, pretend: Pretend, form: str, loop: str) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    assert _who(FORMS[form](PLAIN[loop])) == "one"


def test_install_and_back(servers: Servers, pretend: Pretend) -> None:
    classes = (redis.ConnectionPool, redis.RedisCluster, redis.Sentinel, redis_asyncio.Sentinel)
    before = [kind.__init__ for kind in classes]
    signature = inspect.signature(redis.ConnectionPool)
    hostshift_redis.install()
    hostshift_redis.install()
    assert redis.ConnectionPool.__init__ is not before[0]
    assert inspect.signature(redis.ConnectionPool) == signature
    hostshift_redis.uninstall()
    hostshift_redis.uninstall()
    assert [kind.__init__ for kind in classes] == before
    here = f"localhost:{servers.ports['one']}"
    pretend("host", policy=_mapped(servers, "other", here))
    assert _who(redis.Redis("localhost", servers.ports["one"])) == "one"
    assert _who(hostshift_redis.Redis("localhost", servers.ports["one"])) == "other"


@pytest.mark.parametrize(("mode", "who"), [("on", "other"), ("report", "one"), ("off", "one")])
@pytest.mark.parametrize("loop", OURS)
def test_only_mode_on_changes_anything(
    servers: Servers, pretend: Pretend, loop: str, mode: str, who: str
) -> None:
    here = f"localhost:{servers.ports['one']}"
    pretend("host", policy=_mapped(servers, "other", here).replace(mode=mode))
    assert _who(OURS[loop].Redis(host="localhost", port=servers.ports["one"])) == who


def test_the_driver_keeps_its_names(servers: Servers, pretend: Pretend) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    with hostshift_redis.Redis(host=DB) as client:
        made: Any = client.connection_pool.make_connection()  # type: ignore[no-untyped-call,unused-ignore]
        made.connect()
        assert (made.host, made.port) == (DB, 6379)
        kind = type(made)
        made.disconnect()
        assert issubclass(kind, redis.Connection)


def test_the_driver_keeps_its_names_while_it_connects(
    servers: Servers, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other code reads them meanwhile, for metrics and errors."""
    pretend("host", policy=_mapped(servers, "one"))
    with hostshift_redis.Redis(host=DB) as client:
        made: Any = client.connection_pool.make_connection()  # type: ignore[no-untyped-call,unused-ignore]
        seen: list[tuple[str, str, int]] = []
        own = socket.getaddrinfo

        def spy(host: str, *arguments: Any, **named: Any) -> Any:
            seen.append((host, made.host, made.port))
            return own(host, *arguments, **named)

        monkeypatch.setattr(socket, "getaddrinfo", spy)
        made.connect()
        monkeypatch.undo()
        made.disconnect()
    assert ("127.0.0.1", DB, 6379) in seen


def test_a_client_is_made_once(
    servers: Servers, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that takes its connection at once."""
    pretend("host", policy=_mapped(servers, "one"))
    made: list[Any] = []
    own = redis.Redis.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        made.append(self)
        own(self, *arguments, **named)

    monkeypatch.setattr(redis.Redis, "__init__", init)
    with hostshift_redis.Redis(host=DB, single_connection_client=True) as client:
        assert client.get("who") == b"one"
    assert len(made) == 1


def test_what_moved_is_found_at_the_next_connect(servers: Servers, pretend: Pretend) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    with hostshift_redis.Redis(host=DB) as client:
        assert client.get("who") == b"one"
        pretend("host", policy=_mapped(servers, "other"))
        pool: Any = client.connection_pool
        pool.disconnect()
        assert client.get("who") == b"other"


@pytest.mark.parametrize("loop", OURS)
def test_after_a_failure_it_is_looked_again(
    servers: Servers, pretend: Pretend, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    """The next connect then finds the server: in new releases the driver's own."""
    nobody = Policy(map=f"{DB}:6379=127.0.0.1:1")
    pretend("host", policy=nobody)

    def look_again(*_: object) -> None:
        pretend("host", policy=_mapped(servers, "one"))

    monkeypatch.setattr(resolver.current(), "look_again", look_again)
    with pytest.raises(redis.ConnectionError):
        _who(OURS[loop].Redis(host=DB, retry=_tries(loop, 0)))
    assert _who(OURS[loop].Redis(host=DB, retry=_tries(loop, 0))) == "one"


def test_asyncio_looks_up_off_the_loop(
    servers: Servers, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("host", policy=_mapped(servers, "one"))
    where: list[threading.Thread] = []
    own = Dialer.decide

    def spy(*arguments: Any) -> Any:
        where.append(threading.current_thread())
        return own(*arguments)

    monkeypatch.setattr(Dialer, "decide", spy)
    assert _who(ours_asyncio.Redis(host=DB)) == "one"
    assert where
    assert threading.main_thread() not in where


@pytest.mark.parametrize("loop", OURS)
def test_strict_refuses_without_a_secret(pretend: Pretend, loop: str) -> None:
    pretend("bridge", policy=Policy(strict=True))
    client = OURS[loop].Redis(host="localhost", password="s3cret", retry=_tries(loop, 0))
    # redis-py for asyncio makes every error of a connect its own.
    with pytest.raises((UndecidedError, redis.ConnectionError), match="localhost:6379") as refused:
        _who(client)
    assert UndecidedError in {type(refused.value), type(refused.value.__cause__)}
    assert "s3cret" not in "".join(format_exception(refused.value))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("loop", OURS)
def test_a_unix_socket_is_untouched(loop: str) -> None:
    own = PLAIN[loop].UnixDomainSocketConnection
    for kinds in (OURS[loop], PLAIN[loop]):
        client = kinds.Redis(unix_socket_path="/run/redis.sock")
        assert client.connection_pool.connection_class is own


@pytest.mark.parametrize("host", ["localhost", DB])
@pytest.mark.parametrize("loop", OURS)
class TestCertificates:
    """The certificate is checked against the configured name; 127.0.0.1 is in none."""

    def test_the_configured_name_is_accepted(
        self, servers: Servers, pretend: Pretend, tmp_path: Path, loop: str, host: str
    ) -> None:
        pretend("host", policy=_mapped(servers, "right", f"{host}:6379"))
        assert self._ping(servers, tmp_path, loop, host)

    def test_another_name_is_refused(
        self, servers: Servers, pretend: Pretend, tmp_path: Path, loop: str, host: str
    ) -> None:
        pretend("host", policy=_mapped(servers, "wrong", f"{host}:6379"))
        with pytest.raises(redis.ConnectionError) as refused:
            self._ping(servers, tmp_path, loop, host)
        assert "mismatch" in self._reason(refused.value)

    def test_who_checks_no_name_is_not_made_to(
        self, servers: Servers, pretend: Pretend, tmp_path: Path, loop: str, host: str
    ) -> None:
        pretend("host", policy=_mapped(servers, "wrong", f"{host}:6379"))
        assert self._ping(servers, tmp_path, loop, host, ssl_check_hostname=False)

    def test_another_authority_is_refused(
        self, servers: Servers, pretend: Pretend, loop: str, host: str
    ) -> None:
        pretend("host", policy=_mapped(servers, "right", f"{host}:6379"))
        with pytest.raises(redis.ConnectionError) as refused:
            self._ping(servers, None, loop, host)
        assert "issuer certificate" in self._reason(refused.value)

    @staticmethod
    def _reason(refused: BaseException) -> str:
        """Return the reason of TLS; the driver's own error leaves it out in old releases."""
        said = refused.__context__
        assert isinstance(said, ssl.SSLCertVerificationError)
        return said.verify_message

    @staticmethod
    def _ping(
        servers: Servers, directory: Path | None, loop: str, host: str, **options: Any
    ) -> bool:
        options = {"ssl": True, "ssl_check_hostname": True, "retry": _tries(loop, 0), **options}
        if directory is not None:
            ca = directory / "ca.pem"
            ca.write_text(servers.certificate)
            options["ssl_ca_certs"] = str(ca)
        client = OURS[loop].Redis(host=host, port=6379, **options)

        async def ping() -> bool:
            async with client:
                return bool(await client.ping())

        if loop == "async":
            return asyncio.run(ping())
        with client:
            return bool(client.ping())


@pytest.mark.parametrize("seam", _connection.SEAMS)
def test_a_seam_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch, seam: str) -> None:
    kind, method = _connection.SEAMS[seam]
    for owner in kind.__mro__:
        if method in vars(owner):
            monkeypatch.delattr(owner, method)
    said = rf"redis-py 5\.0 and newer.*{seam}"
    for make in (hostshift_redis.install, hostshift_redis.Redis, ours_asyncio.Redis):
        with pytest.raises(MissingExtraError, match=said):
            make()
    for cluster in (hostshift_redis.RedisCluster, ours_asyncio.RedisCluster):
        with pytest.raises(MissingExtraError, match=said):
            cluster(host="localhost")


def test_without_redis_py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hostshift_redis")
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"hostshift\[redis\]"):
        __import__("hostshift_redis")
