"""The recipes of docs/recipes.md, run as they stand there."""

from __future__ import annotations

import os
import re
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.config import Config
from kombu.exceptions import OperationalError
from sqlalchemy import create_engine, exc, inspect

import hostshift
from tests.recipes import recipe, titles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostshift_pytest import Pretend

pytest_plugins = ["pytester"]

HOST = "172.17.0.1"
PAGE = "recipes.md"


def test_every_recipe_is_run() -> None:
    assert titles(PAGE) == ["Celery", "Alembic", "pytest"]


@contextmanager
def _server(answer: bytes = b"") -> Iterator[tuple[int, list[bytes]]]:
    """Take connections and keep what comes first through each; answer and hang up."""
    first: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                first.append(client.recv(8))
                client.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], first
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _lead(monkeypatch: pytest.MonkeyPatch, place: str, port: int) -> None:
    """Let a place stand for a server on loopback."""
    monkeypatch.setenv("HOSTSHIFT_MAP", f"{place}=127.0.0.1:{port}")
    hostshift.reset()


def _celery() -> Any:
    names: dict[str, Any] = {}
    exec(compile(recipe("Celery", PAGE), "Celery", "exec"), names)
    return names["app"]


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the recipe, which changes the environment, one of its own."""
    names = ("BROKER_URL", "RESULT_BACKEND", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")
    own = {name: value for name, value in os.environ.items() if name not in names}
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", own)
        yield


@pytest.mark.usefixtures("no_variables")
def test_celery_dials_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    with _server() as (port, first):
        _lead(monkeypatch, "localhost:5672", port)
        with _celery().connection_for_write() as connection, pytest.raises(OperationalError):
            connection.ensure_connection(max_retries=1, timeout=5)
    assert first[0].startswith(b"AMQP")


@pytest.mark.usefixtures("no_variables")
def test_celery_and_its_own_variables(monkeypatch: pytest.MonkeyPatch, pretend: Pretend) -> None:
    pretend("bridge", answers=[f"{HOST}:6379", f"{HOST}:5672"])
    app = _celery()
    assert app.connection_for_write().as_uri() == f"amqp://guest:**@{HOST}:5672//"
    assert app.backend.connparams["host"] == HOST
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://localhost:6379/3")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://localhost:6379/4")
    app = _celery()
    broker = app.connection_for_write()
    assert (broker.transport_cls, broker.hostname, broker.virtual_host) == ("redis", HOST, "3")
    assert (app.backend.connparams["host"], app.backend.connparams["db"]) == (HOST, 4)


@pytest.fixture
def migrations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Config:
    """Let Alembic make its files, and put the recipe in place of the function that it is."""
    command.init(Config(str(tmp_path / "alembic.ini")), str(tmp_path / "migrations"))
    capsys.readouterr()
    config = Config()  # without the file, whose logging would silence that of other tests
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    file = tmp_path / "migrations" / "env.py"
    before = file.read_text(encoding="utf-8")
    code = recipe("Alembic", PAGE).replace("\\", "\\\\")
    own = r"def run_migrations_online\(\).*?\n\n\n(?=if )"
    after, count = re.subn(own, f"{code}\n\n", before, flags=re.DOTALL)
    assert count == 1
    file.write_text(after, encoding="utf-8")
    return config


def test_alembic_migrates(migrations: Config, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    migrations.set_main_option("sqlalchemy.url", url)
    made: Any = command.revision(migrations, "first")
    command.upgrade(migrations, "head")
    engine = create_engine(url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert connection.exec_driver_sql("SELECT * FROM alembic_version").scalar() == made.revision
    engine.dispose()


def test_alembic_dials_the_database(migrations: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://app@localhost:5432/shop?connect_timeout=5"
    migrations.set_main_option("sqlalchemy.url", url)
    with _server(b"N") as (port, first):
        _lead(monkeypatch, "localhost:5432", port)
        with pytest.raises(exc.OperationalError):
            command.current(migrations)
    assert first[0] == bytes.fromhex("00000008 04d2162f")  # SSLRequest


def test_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:5432/shop")
    monkeypatch.setenv("HOSTSHIFT_MAP", "localhost:5432=db.example.com:15432")
    pytester.makepyprojecttoml(recipe("pytest", PAGE, "toml"))
    pytester.makeconftest("import os\nURL = os.environ['DATABASE_URL']\n")
    pytester.makepyfile(
        "import conftest\ndef test_it():\n    assert conftest.URL == 'postgresql://db.example.com:15432/shop'\n"
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
