"""The pymongo integration: where the clients dial their seeds."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from hostshift import Policy, UndecidedError
from hostshift_pymongo import AsyncMongoClient, MongoClient, _connection

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"


def _seeds(*arguments: Any, **options: Any) -> set[tuple[str, int]]:
    client = MongoClient[dict[str, Any]](*arguments, connect=False, **options)
    with client:
        return _dialled(client)


def _dialled(client: Any) -> set[tuple[str, int]]:
    """Ask where the seeds are dialled: the driver itself keeps those that are configured."""
    dials = _connection.of(client.options.pool_options)
    assert dials is not None
    return {dials.locate(*seed) for seed in client._topology_settings.seeds}


def test_the_driver_keeps_what_is_configured(pretend: Pretend) -> None:
    """A database that moves is found at the next dial, and TLS checks the configured name."""
    pretend("bridge", answers=[f"{HOST}:27017"])
    with MongoClient[dict[str, Any]]("localhost", connect=False) as client:
        assert client._topology_settings.seeds == {("localhost", 27017)}
        assert _dialled(client) == {(HOST, 27017)}
        pretend("bridge+host-gateway", answers=["host.docker.internal:27017"])
        assert _dialled(client) == {("host.docker.internal", 27017)}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (None,),
        ("localhost",),
        ("127.0.0.1:27017",),
        (["localhost", "127.0.0.1:27017"],),
        ("mongodb://localhost",),
        ("mongodb://localhost:27017/localhost?appName=localhost",),
        (["mongodb://localhost/x"],),
        ("localhost", 27017),
    ],
    ids=repr,
)
def test_every_form_of_the_seeds(arguments: tuple[Any, ...], pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:27017"])
    assert _seeds(*arguments) == {(HOST, 27017)}


def test_the_ports_argument_is_the_default_port(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:27018"])
    for host in (None, "localhost", "mongodb://localhost/x"):
        assert _seeds(host, 27018) == {(HOST, 27018)}
    assert _seeds("mongodb://localhost:27017", 27018) == {("localhost", 27017)}


def test_a_mapped_port(pretend: Pretend) -> None:
    pretend("host", policy=Policy(map="localhost:27017=db:27018"))
    for host in (None, "localhost", ["localhost"], "mongodb://localhost/x"):
        assert _seeds(host) == {("db", 27018)}


def test_others_stay(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:27017"])
    seeds = _seeds("mongodb://db.example.com,localhost/x")
    assert seeds == {("db.example.com", 27017), (HOST, 27017)}


def test_credentials_and_options_stay(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:27017"])
    url = "mongodb://u%40:p+%2B@localhost/db?authSource=localhost&retryWrites=false"
    with MongoClient[dict[str, Any]](url, connect=False) as client:
        assert client.options._options["retrywrites"] is False
        credentials = client.options.pool_options._credentials
        assert credentials is not None
        assert (credentials.username, credentials.password) == ("u@", "p +")


def test_it_is_pymongos_own_client(pretend: Pretend) -> None:
    pretend("host")
    with MongoClient[dict[str, Any]](connect=False) as client:
        assert isinstance(client, pymongo.MongoClient)


def test_the_asynchronous_client(pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:27017"])

    async def seeds() -> set[tuple[str, int]]:
        async with AsyncMongoClient[dict[str, Any]]("mongodb://localhost/x") as client:
            return _dialled(client)

    assert asyncio.run(seeds()) == {(HOST, 27017)}


def test_off_and_strict(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(mode="off"), answers=[f"{HOST}:27017"])
    assert _seeds() == {("localhost", 27017)}
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError, match="localhost:27017"):
        _seeds("mongodb://u:s3cret@localhost/x")


def test_without_pymongo_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hostshift_pymongo")
    monkeypatch.setitem(sys.modules, "pymongo", None)
    with pytest.raises(ImportError, match=r"hostshift\[pymongo\]"):
        __import__("hostshift_pymongo")
