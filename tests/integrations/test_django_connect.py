"""The Django integration: databases, at the moment when Django connects."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from textwrap import dedent
from typing import TYPE_CHECKING

import django
import pytest
from django.db.utils import ConnectionHandler

from hostshift_django import _connect
from tests.integrations.django_project import (
    APP,
    BRIDGE,
    CALL,
    DATABASES,
    HOST,
    Project,
    addresses,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

POOLS = django.VERSION >= (5, 1)


@pytest.mark.parametrize("way", [APP, CALL])
def test_databases_are_looked_up_when_django_connects(project: Project, way: str) -> None:
    project.write(DATABASES, way)
    seen = addresses(project)
    assert seen["found"] == {
        "default": ["localhost", HOST, "5432"],
        "number": ["127.0.0.1", HOST, 5432],
        "full": ["localhost,db.example.com", f"{HOST},", "5432,5432"],
        "service": ["localhost"],
        "socket": ["/run/postgresql"],
        "elsewhere": ["db.example.com"],
        "file": [],
    }
    assert seen["kept"]["default"] == "localhost"
    assert seen["kept"]["full"] == "localhost,db.example.com"


def test_strict_at_connect_time(project: Project) -> None:
    project.write(DATABASES, APP)
    output = project.run(
        """
        with pretend('bridge', policy=Policy(strict=True)):
            django.setup()
            from django.db import connection
            connection.ensure_connection()
        """,
        fails=True,
    )
    assert "UndecidedError: localhost:5432: " in output


class Server:
    """Accepts and hangs up, and counts: which address a driver dials shows here."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.dialled = 0

    def serve(self) -> None:
        while True:
            try:
                made, _ = self.socket.accept()
            except OSError:
                return
            made.recv(64)
            self.dialled += 1
            made.close()


@contextmanager
def _servers() -> Iterator[list[Server]]:
    servers = [Server(), Server()]
    for server in servers:
        threading.Thread(target=server.serve, daemon=True).start()
    yield servers
    for server in servers:
        server.socket.shutdown(socket.SHUT_RDWR)
        server.socket.close()


MOVE = """
    django.setup()
    from django.db import connection
    from hostshift.resolution import resolver
    again = []
    def dial(port):
        with pretend(policy=Policy(map=f"db:5432=127.0.0.1:{{port}}")):
            resolver.current().look_again = again.append
            try:
                {connect}
            except Exception as error:
                assert type(error).__name__ in ("OperationalError", "PoolTimeout"), error
            else:
                raise AssertionError("connected")
    dial({first})
    dial({second})
    print(len(again))
"""


def test_a_database_that_moved_is_found_by_the_next_connect(project: Project) -> None:
    project.write(DATABASES.replace("localhost", "db"), APP)
    with _servers() as (first, second):
        code = MOVE.format(
            connect="connection.ensure_connection()", first=first.port, second=second.port
        )
        looked = project.run(code)
    assert (first.dialled > 0, second.dialled > 0) == (True, True)
    assert int(looked) == 2, "a connect that fails makes the next one look again"


@pytest.mark.skipif(not POOLS, reason="Django has pools from 5.1 on")
@pytest.mark.parametrize("pool", ["True", "SHORT", "{**SHORT, 'connection_class': Own}"])
def test_a_pool_looks_up_each_connection_that_it_makes(project: Project, pool: str) -> None:
    project.write(
        f"""
        from psycopg import Connection
        class Own(Connection):
            pass
        SHORT = {{"min_size": 1, "max_size": 2, "reconnect_timeout": 0.1, "num_workers": 1}}
        DATABASES = {{"default": {{
            "ENGINE": "django.db.backends.postgresql", "NAME": "d", "HOST": "db",
            "OPTIONS": {{"pool": {pool}}},
        }}}}
        """,
        APP,
    )
    with _servers() as (first, second):
        if pool == "True":  # which tries again only after a second or more
            second = first  # noqa: PLW2901 - one server will do
        code = MOVE.format(
            connect="connection.pool.open(); connection.pool.getconn(timeout=1)",
            first=first.port,
            second=second.port,
        )
        project.run(f"{dedent(code)}\n{POOL_KEPT}\nconnection.close_pool()")
        assert (first.dialled > 0, second.dialled > 0) == (True, True)


POOL_KEPT = """
from django.conf import settings
pool = settings.DATABASES["default"]["OPTIONS"]["pool"]
assert pool is True or not hasattr(pool.get("connection_class"), "hostshift"), pool
assert pool is True or "connection_class" not in pool or (
    issubclass(connection.pool.connection_class, settings.DATABASES["default"]["OPTIONS"]["pool"][
        "connection_class"]))
with pretend(policy=Policy(map="db:5432=10.0.0.1:1")):
    bare = type(connection._connections["default"])(connection.settings_dict, alias="__no_db__")
    assert bare.get_connection_params()["hostaddr"] == "10.0.0.1"
"""


def test_connections_made_of_the_class_are_looked_after(project: Project) -> None:
    """As those by which test databases are made, and copies, and those of other threads."""
    project.write(DATABASES, APP)
    printed = project.run(f"""
        import threading
        with {BRIDGE}:
            django.setup()
            from django.db import connection, connections
            own = type(connections["default"])
            class Own(own):
                def get_connection_params(self):
                    return super().get_connection_params()
            given = connection.settings_dict
            made = [connection.copy(), own(given, alias="__no_db__"), Own(given)]
            found = [one.get_connection_params()["hostaddr"] for one in made]
            there = lambda: found.append(connection.get_connection_params()["hostaddr"])
            for thread in [threading.Thread(target=there) for _ in range(4)]:
                thread.start()
                thread.join()
        print(json.dumps(found))
        """)
    assert json.loads(printed) == [HOST] * 7


def test_an_engine_on_top_of_another_is_not_translated_twice(project: Project) -> None:
    project.write(
        DATABASES.replace('"number": {**PG', '"number": {**PG, "ENGINE": "shop.own"'), APP
    )
    (project.there / "shop" / "own").mkdir()
    (project.there / "shop" / "own" / "__init__.py").touch()
    (project.there / "shop" / "own" / "base.py").write_text(
        dedent("""
            from django.db.backends.postgresql import base
            class DatabaseWrapper(base.DatabaseWrapper):
                def get_connection_params(self):
                    return {**super().get_connection_params(), "application_name": "own"}
            """)
    )
    chain = "localhost:5432=10.0.0.1:1,10.0.0.1:1=10.0.0.2:1,10.0.0.2:1=10.0.0.3:1"
    found = addresses(project, f"pretend(policy=Policy(map={chain!r}))")["found"]
    assert [found["default"], found["number"]] == [
        ["localhost", "10.0.0.1", "1"],
        ["127.0.0.1", "10.0.0.1", 1],
    ]


def test_mysql(project: Project) -> None:
    """PyMySQL in the place of mysqlclient: that one takes ``localhost`` for the socket."""
    project.write(
        """
        import pymysql
        pymysql.version_info = (2, 2, 1, "final", 0)
        pymysql.install_as_MySQLdb()
        MYSQL = {"ENGINE": "django.db.backends.mysql", "NAME": "d", "PORT": "3306"}
        DATABASES = {
            "default": {**MYSQL, "HOST": "localhost"},
            "socket": {**MYSQL, "HOST": "/run/mysqld/mysqld.sock"},
        }
        """,
        APP,
    )
    assert addresses(project)["found"] == {"default": [HOST, 3306], "socket": [3306]}
    output = project.manage("check", "pretend('host')")
    assert "no issues" in output, "MySQL is not dialled: hang-ups count"


def test_libpqs_port_variable_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    project.write(DATABASES.replace("db.example.com", "localhost"), APP)
    stand = "pretend(policy=Policy(map='localhost:5432=10.0.0.1:1,localhost:6543=10.0.0.2:2'))"
    found = addresses(project, stand)["found"]
    assert [found["default"], found["elsewhere"]] == [
        ["localhost", "10.0.0.1", "1"],
        ["localhost", "10.0.0.2", 2],
    ]


WRONG = """
    from hostshift.resolution import resolver
    from hostshift.routing.model import Address, Decision, Target
    django.setup()
    from django.db import connection
    from django.db.utils import OperationalError
    def dial(host, port, protocol=""):
        before = Address(host=host, port=port)
        return Decision(
            before=before, after=before, target=Target(kind="undecided"), certainty="assumed",
            reason="another project answers", misleads=True, settled=False,
        )
    with pretend():
        own, resolver.current().dial = resolver.current().dial, dial
        try:
            {connect}
        except OperationalError as error:
            print(error)
        else:
            raise AssertionError("connected")
        resolver.current().dial = own
        {again}
"""
# A pool waits 1 s, then 2 s, before it tries again by itself: one timeout of it is too short.
LATER = """for _ in range(5):
            try:
                {connect}
            except OperationalError:
                pass"""


def _wrong(project: Project, connect: str) -> str:
    with _servers() as (trap, _):
        project.write(
            f"""
            POOL = {{"min_size": 1, "max_size": 2, "timeout": 1, "num_workers": 1}}
            DATABASES = {{"default": {{
                "ENGINE": "django.db.backends.postgresql", "NAME": "d", "HOST": "127.0.0.1",
                "PORT": {trap.port}, "PASSWORD": "s3cret",
                "OPTIONS": {{"pool": POOL}} if "pool" in {connect!r} else {{}},
            }}}}
            """,
            APP,
        )
        again = LATER.format(connect=connect)
        output = project.run(WRONG.format(connect=connect, again="")) + str(trap.dialled)
        project.run(WRONG.format(connect=connect, again=again))
        assert trap.dialled > 0, "the next connect asks again"
    return output


def test_what_leads_to_another_server_is_djangos_error(project: Project) -> None:
    output = _wrong(project, "connection.ensure_connection()")
    assert "another project answers. Say where it is with HOSTSHIFT_MAP=127.0.0.1:" in output
    assert "HOSTSHIFT_KEEP=127.0.0.1:" in output
    assert output.endswith("\n0")


@pytest.mark.skipif(not POOLS, reason="Django has pools from 5.1 on")
def test_what_leads_to_another_server_in_a_pool(project: Project) -> None:
    """The pool logs it, tries again, and gives up in its time."""
    output = _wrong(project, "connection.pool.open(); connection.ensure_connection()")
    assert output.endswith("\n0")


def test_a_driver_that_is_missing_is_djangos_error(project: Project) -> None:
    project.write(
        """
        DATABASES = {
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
            "other": {"ENGINE": "nowhere.to.be.found", "HOST": "localhost"},
        }
        """,
        APP,
    )
    output = project.manage("hostshift DATABASES")
    assert "DATABASES['other']  its engine cannot be loaded (ImproperlyConfigured)" in output


def test_a_django_that_connects_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connect, "SEAMS", {"ConnectionHandler.gone": (ConnectionHandler, "gone")})
    with pytest.raises(ImportError, match=r"4\.2 and newer.*no ConnectionHandler\.gone"):
        _connect.install()


def test_without_django() -> None:
    code = "import sys; sys.modules['django'] = None; import hostshift_django"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert "MissingExtraError: hostshift_django needs Django: pip install" in ran.stderr
