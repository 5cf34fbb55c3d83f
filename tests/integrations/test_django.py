"""The Django plug: real projects, each in a process of its own, as Django has one settings."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.db.utils import ConnectionHandler

from hostshift_django import _connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "172.17.0.1"
SECRET = "s3cret"
PORTS = (1025, 3306, 5432, 5672, 6379, 9200, 11211, 26379)
BRIDGE = f"pretend('bridge', answers=[f'{HOST}:{{port}}' for port in {PORTS}])"
POOLS = django.VERSION >= (5, 1)

DATABASES = f"""
    PG = {{"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "USER": "app",
          "PASSWORD": "{SECRET}"}}
    DATABASES = {{
        "default": {{**PG, "HOST": "localhost", "PORT": "5432"}},
        "number": {{**PG, "HOST": "127.0.0.1", "PORT": 5432}},
        "full": {{
            **PG, "HOST": "localhost,db.example.com", "OPTIONS": {{"sslmode": "verify-full"}}
        }},
        "service": {{**PG, "HOST": "localhost", "OPTIONS": {{"service": "shop"}}}},
        "socket": {{**PG, "HOST": "/run/postgresql"}},
        "elsewhere": {{**PG, "HOST": "db.example.com"}},
        "file": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    }}
"""
OTHERS = f"""
    CACHES = {{
        "default": {{
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": ["redis://:{SECRET}@localhost:6379/1", "redis://cache.example.com/1"],
        }},
        "one": {{
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://localhost:6379/1,redis://127.0.0.1:6379/2",
        }},
        "memcached": {{
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": "localhost:11211;unix:/run/memcached.sock",
        }},
        "table": {{
            "BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "localhost"
        }},
        "sentinel": {{
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://localhost/0",
            "OPTIONS": {{"SENTINELS": [("localhost", 26379)]}},
        }},
    }}
    CELERY_BROKER_URL = "amqp://app:{SECRET}@localhost//"
    CELERY_RESULT_BACKEND = "redis://localhost/0"
    CELERY_BEAT_SCHEDULE = {{"visit": {{"task": "visit", "args": ("redis://localhost/0",)}}}}
    CELERY_TASK_DEFAULT_QUEUE = "localhost:5672"
    CHANNEL_LAYERS = {{"default": {{
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {{
            "hosts": [
                ("localhost", 6379),
                "redis://:{SECRET}@localhost:6379/2",
                {{"address": "redis://localhost:6379/3"}},
                {{"host": "localhost", "port": 6379, "password": "{SECRET}"}},
                {{"sentinels": [("localhost", 26379)], "master_name": "localhost"}},
            ],
            "channel_capacity": {{"localhost": 6379}},
        }},
    }}}}
    EMAIL_HOST = "localhost"
    EMAIL_PORT = 1025
    SEARCH = "localhost:9200"
    INDEX_HOST = "localhost"
    INDEX_PORT = "9200"
    HOSTSHIFT_SETTINGS = ["SEARCH", "INDEX_HOST"]
    SITE = "http://localhost:8000"
    CSRF_TRUSTED_ORIGINS = ["http://localhost:8000"]
"""
APP = 'INSTALLED_APPS = ["hostshift_django"]\n'
CALL = "import hostshift_django\nhostshift_django.settings(globals())\n"


class Project:
    """A Django project in a directory."""

    def __init__(self, there: Path) -> None:
        self.there = there
        (there / "shop").mkdir()
        (there / "shop" / "__init__.py").touch()

    def write(self, *settings: str, file: str = "settings.py") -> None:
        """Write a module of the project: parts of it in order."""
        text = "\n".join(dedent(part) for part in settings)
        (self.there / "shop" / file).write_text(f'SECRET_KEY = "{SECRET}"\nUSE_TZ = True\n{text}')

    def run(self, code: str, *, fails: bool = False, **environment: str) -> str:
        """Run a program after ``django.setup()``; nothing that it prints holds the secret."""
        imports = "import json, django\nfrom hostshift import Policy\n"
        pretend = "from hostshift.testing import pretend\n"
        ran = subprocess.run(
            [
                sys.executable,
                "-P",
                "-W",
                "error",
                "-W",
                "ignore:The EMAIL_",
                "-c",
                f"{imports}{pretend}{dedent(code)}",
            ],
            cwd=self.there,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "shop.settings",
                "PYTHONPATH": os.pathsep.join((os.environ.get("PYTHONPATH", ""), str(self.there))),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode != 0) == fails, ran.stderr
        assert SECRET not in ran.stdout + ran.stderr
        return ran.stderr if fails else ran.stdout

    def manage(self, command: str, stand: str = BRIDGE) -> str:
        """Run a command of ``manage.py`` while standing somewhere."""
        return self.run(f"""
            import sys
            sys.argv[1:] = {command.split()!r}
            from django.core.management import execute_from_command_line
            if sys.argv[1:] == ["check"]:
                sys.stderr = sys.stdout
            with {stand}:
                execute_from_command_line(["manage.py", *sys.argv[1:]])
            """)

    def values(self, names: str, stand: str = BRIDGE) -> Any:
        """Return settings as the project sees them, secrets masked."""
        printed = self.run(f"""
            with {stand}:
                django.setup()
                from django.conf import settings
                found = {{name: getattr(settings, name, None) for name in {names.split()!r}}}
                print(json.dumps(found).replace("{SECRET}", "..."))
            """)
        return json.loads(printed)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _addresses(project: Project, stand: str = BRIDGE) -> dict[str, Any]:
    """Return what each alias tells its driver of where to connect."""
    printed = project.run(f"""
        with {stand}:
            django.setup()
            from django.conf import settings
            from django.db import connections
            found = {{}}
            for alias in connections:
                given = connections[alias].get_connection_params()
                keys = ("host", "hostaddr", "port")
                found[alias] = [given[key] for key in keys if key in given]
            kept = {{alias: one["HOST"] for alias, one in settings.DATABASES.items()}}
        print(json.dumps([found, kept]))
        """)
    found, kept = json.loads(printed)
    return {"found": found, "kept": kept}


@pytest.mark.parametrize("way", [APP, CALL])
def test_databases_are_looked_up_when_django_connects(project: Project, way: str) -> None:
    project.write(DATABASES, way)
    seen = _addresses(project)
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


@pytest.mark.parametrize("way", [APP, CALL])
def test_the_other_settings(project: Project, way: str) -> None:
    project.write(OTHERS, way)
    seen = project.values(
        "CACHES CELERY_BROKER_URL CELERY_RESULT_BACKEND CELERY_BEAT_SCHEDULE CHANNEL_LAYERS SITE"
        " EMAIL_HOST EMAIL_PORT SEARCH INDEX_HOST INDEX_PORT CELERY_TASK_DEFAULT_QUEUE"
    )
    assert {alias: one["LOCATION"] for alias, one in seen["CACHES"].items()} == {
        "default": [f"redis://:...@{HOST}:6379/1", "redis://cache.example.com/1"],
        "one": f"redis://{HOST}:6379/1,redis://{HOST}:6379/2",
        "memcached": f"{HOST}:11211;unix:/run/memcached.sock",
        "table": "localhost",
        "sentinel": "redis://localhost/0",
    }
    assert seen["CACHES"]["sentinel"]["OPTIONS"] == {"SENTINELS": [[HOST, 26379]]}
    assert seen["CELERY_BROKER_URL"] == f"amqp://app:...@{HOST}//"
    assert seen["CELERY_RESULT_BACKEND"] == f"redis://{HOST}/0"
    assert seen["CELERY_BEAT_SCHEDULE"]["visit"]["args"] == ["redis://localhost/0"]
    assert seen["CELERY_TASK_DEFAULT_QUEUE"] == "localhost:5672"
    assert seen["CHANNEL_LAYERS"]["default"]["CONFIG"] == {
        "hosts": [
            [HOST, 6379],
            f"redis://:...@{HOST}:6379/2",
            {"address": f"redis://{HOST}:6379/3"},
            {"host": HOST, "port": 6379, "password": "..."},
            {"sentinels": [[HOST, 26379]], "master_name": "localhost"},
        ],
        "channel_capacity": {"localhost": 6379},
    }
    assert [seen["EMAIL_HOST"], seen["EMAIL_PORT"]] == [HOST, 1025]
    assert [seen["SEARCH"], seen["INDEX_HOST"], seen["INDEX_PORT"]] == [
        f"{HOST}:9200",
        HOST,
        "9200",
    ]
    assert seen["SITE"] == "http://localhost:8000"


def test_ports_move_with_their_hosts(project: Project) -> None:
    project.write(
        """
        EMAIL_HOST = "mail"
        EMAIL_PORT = "1025"
        DATABASES = {
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "d", "HOST": "db"},
        }
        CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.x", "CONFIG": {
            "hosts": [{"host": "cache"}, ("cache", 6379)]}}}
        """,
        APP,
    )
    moved = "db:5432=10.0.0.1:15432,mail:1025=10.0.0.2:2525,cache:6379=10.0.0.3:16379"
    stand = f"pretend(policy=Policy(map={moved!r}))"
    assert _addresses(project, stand)["found"] == {"default": ["db", "10.0.0.1", 15432]}
    seen = project.values("EMAIL_HOST EMAIL_PORT CHANNEL_LAYERS", stand)
    assert [seen["EMAIL_HOST"], seen["EMAIL_PORT"]] == ["10.0.0.2", "2525"]
    hosts = seen["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    assert hosts == [{"host": "10.0.0.3", "port": 16379}, ["10.0.0.3", 16379]]


@pytest.mark.parametrize(
    ("backend", "becomes"),
    [
        (
            "elasticsearch://localhost:9200/shop/results",
            f"elasticsearch://{HOST}:9200/shop/results",
        ),
        ("db+postgresql://localhost/d", f"db+postgresql://{HOST}/d"),
        ("sentinel://localhost:26379;sentinel://b:1", f"sentinel://{HOST}:26379;sentinel://b:1"),
        (["redis://localhost", "redis://b"], [f"redis://{HOST}", "redis://b"]),
        ("db+sqlite:///results.db", "db+sqlite:///results.db"),
        ("django-db", "django-db"),
    ],
)
def test_results_of_any_kind(project: Project, backend: Any, becomes: Any) -> None:
    project.write(f"CELERY_RESULT_BACKEND = {backend!r}", APP)
    stand = BRIDGE.removesuffix(")") + ", policy=Policy(strict=True))"
    assert list(project.values("CELERY_RESULT_BACKEND", stand).values()) == [becomes]


@pytest.mark.parametrize("backend", ["console", "smtp"])
def test_mail_that_does_not_go_by_smtp_is_left_alone(project: Project, backend: str) -> None:
    project.write(
        f'EMAIL_BACKEND = "django.core.mail.backends.{backend}.EmailBackend"',
        'EMAIL_HOST = "localhost"\nEMAIL_PORT = 1025',
        APP,
    )
    assert project.values("EMAIL_HOST")["EMAIL_HOST"] == (
        HOST if backend == "smtp" else "localhost"
    )


def test_mailers(project: Project) -> None:
    """What Django 6.1 has in the place of ``EMAIL_…``; an older one does not look at it."""
    options = '"OPTIONS": {"host": "localhost", "port": 1025}'
    project.write(
        f"""
        MAILERS = {{
            "default": {{{options}}},
            "console": {{"BACKEND": "django.core.mail.backends.console.EmailBackend", {options}}},
        }}
        """,
        APP,
    )
    seen = project.values("MAILERS")["MAILERS"]
    assert {alias: one["OPTIONS"]["host"] for alias, one in seen.items()} == {
        "default": HOST,
        "console": "localhost",
    }


def test_djangos_own_default_is_not_resolved(project: Project) -> None:
    project.write(APP)
    stand = "pretend('bridge', policy=Policy(strict=True))"
    assert project.values("EMAIL_HOST", stand) == {"EMAIL_HOST": "localhost"}


def test_a_value_is_resolved_once(project: Project) -> None:
    """Settings in two modules that both end with the call, and the app besides."""
    project.write('CELERY_BROKER_URL = "amqp://a:1//"', 'SEARCH = "a:1"', CALL, file="base.py")
    project.write(
        'from shop.base import *\nSEARCH = "c:1"\nHOSTSHIFT_SETTINGS = ["SEARCH"]', CALL, APP
    )
    stand = "pretend(policy=Policy(map='a:1=b:1,b:1=c:1,c:1=d:1'))"
    seen = project.values("CELERY_BROKER_URL SEARCH", stand)
    assert seen == {"CELERY_BROKER_URL": "amqp://b:1//", "SEARCH": "d:1"}


def test_each_settings_object_knows_what_it_was_configured_with(project: Project) -> None:
    """What is an answer in one is what somebody configured in another; a reset changes neither."""
    project.write()
    printed = project.run("""
        import hostshift, hostshift_django
        names = ("CELERY_BROKER_URL", "EMAIL_HOST", "EMAIL_PORT")
        one = {"CELERY_BROKER_URL": "amqp://a:1//", "EMAIL_HOST": "mail"}
        other = {"CELERY_BROKER_URL": "amqp://b:1//", "EMAIL_HOST": "10.0.0.2", "EMAIL_PORT": 2525}
        def shown(settings):
            return [settings.get(name) for name in names]
        def resolved(moved):
            hostshift.reset()
            with pretend(policy=Policy(map=moved)):
                hostshift_django.settings(one)
                hostshift_django.settings(other)
            return [shown(one), shown(other)]
        chain = "a:1=b:1,b:1=c:1,mail:25=10.0.0.2:2525,10.0.0.2:2525=10.0.0.3:3535"
        print(json.dumps([resolved(chain), resolved(chain), resolved("a:1=d:1"), resolved("")]))
        """)
    first, again, moved, back = json.loads(printed)
    chained = [["amqp://b:1//", "10.0.0.2", 2525], ["amqp://c:1//", "10.0.0.3", 3535]]
    assert [first, again] == [chained, chained]
    configured = [["amqp://a:1//", "mail", 25], ["amqp://b:1//", "10.0.0.2", 2525]]
    assert moved == [["amqp://d:1//", *configured[0][1:]], configured[1]]
    assert back == configured


def test_a_setting_made_of_what_was_written_for_another(project: Project) -> None:
    """Of Celery's variable, which was resolved when the first settings were."""
    project.write()
    printed = project.run("""
        import os, hostshift, hostshift_django
        os.environ["CELERY_BROKER_URL"] = "amqp://a:1//"
        seen, made = [], []
        for moved in ("a:1=b:1,b:1=c:1", "a:1=d:1", ""):
            hostshift.reset()
            with pretend(policy=Policy(map=moved)):
                for _ in range(2):
                    made.append({"CELERY_BROKER_URL": os.environ["CELERY_BROKER_URL"]})
                    hostshift_django.settings(made[-1])
                for one in made:
                    hostshift_django.settings(one)
            seen.append([one["CELERY_BROKER_URL"] for one in made])
        print(json.dumps(seen))
        """)
    assert json.loads(printed) == [["amqp://b:1//"] * 2, ["amqp://d:1//"] * 4, ["amqp://a:1//"] * 6]


def test_two_settings_objects_of_django(project: Project) -> None:
    """Settings on top of others, as tests override them, have their values, and go with theirs."""
    project.write('CELERY_BROKER_URL = "amqp://a:1//"\nBROKER_URL = "amqp://b:1//"', APP)
    printed = project.run("""
        with pretend(policy=Policy(map="a:1=b:1,b:1=c:1")):
            django.setup()
            from django.conf import settings
            from django.test import override_settings
            from hostshift_django import _settings
            names = ("BROKER_URL", "CELERY_BROKER_URL")
            seen = [_settings.configured()]
            with override_settings(CELERY_BROKER_URL="amqp://c:1//"):
                seen.append(_settings.configured())
            seen.append(_settings.configured())
            print(json.dumps([[one[name] for name in names] for one in seen]))
            print(repr(settings.HOSTSHIFT_GIVEN))
        """)
    seen, shown = printed.splitlines()
    own = ["amqp://b:1//", "amqp://a:1//"]
    assert json.loads(seen) == [own, ["amqp://b:1//", "amqp://c:1//"], own]
    assert shown == "<Given BROKER_URL, CELERY_BROKER_URL>"


@pytest.mark.parametrize("way", [APP, CALL, CALL + APP])
def test_what_celery_reads_itself(project: Project, way: str) -> None:
    """Celery prefers this variable to the setting that is made of it."""
    project.write('import os\nCELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]', way)
    code = """
        with pretend(policy=Policy(map='a:1=b:1,b:1=c:1')):
            django.setup()
            from celery import Celery
            app = Celery("shop")
            app.config_from_object("django.conf:settings", namespace="CELERY")
            print(app.conf.broker_url)
        """
    assert project.run(code, CELERY_BROKER_URL="amqp://a:1//") == "amqp://b:1//\n"


@pytest.mark.parametrize("mode", ["off", "report"])
def test_the_modes_that_change_nothing(project: Project, mode: str) -> None:
    project.write(DATABASES, OTHERS, APP)
    stand = BRIDGE.removesuffix(")") + f", policy=Policy(mode='{mode}'))"
    assert _addresses(project, stand)["found"]["default"] == ["localhost", "5432"]
    seen = project.values("CELERY_RESULT_BACKEND EMAIL_HOST SEARCH", stand)
    assert list(seen.values()) == ["redis://localhost/0", "localhost", "localhost:9200"]


def test_strict_names_the_setting(project: Project) -> None:
    project.write(f'CELERY_BROKER_URL = "amqp://app:{SECRET}@localhost//"', CALL)
    code = "with pretend('bridge', policy=Policy(strict=True)):\n    django.setup()\n"
    said = project.run(code, fails=True)
    assert "UndecidedError: CELERY_BROKER_URL: " in said
    assert "localhost:5672" in said


def test_what_holds_no_address_is_not_refused(project: Project) -> None:
    project.write(
        """
        REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
        CACHES = {
            "default": {**REDIS, "LOCATION": "unix:///run/redis.sock?db=1"},
            "other": {**REDIS, "BACKEND": "x.memcached.Y", "LOCATION": ["/run/m.sock"]},
            "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        }
        CELERY_BROKER_URL = "memory://"
        CELERY_RESULT_BACKEND = "rpc://"
        CELERY_CACHE_BACKEND = "django-cache"
        """,
        APP,
    )
    stand = "pretend('bridge', policy=Policy(strict=True))"
    assert project.values("CELERY_BROKER_URL", stand) == {"CELERY_BROKER_URL": "memory://"}


def test_a_text_is_no_list_of_names(project: Project) -> None:
    project.write('HOSTSHIFT_SETTINGS = "CACHES"', APP)
    said = project.run("django.setup()", fails=True)
    assert "SettingError: HOSTSHIFT_SETTINGS is a list of names" in said


def test_strict_at_connect_time(project: Project) -> None:
    project.write(DATABASES, APP)
    said = project.run(
        """
        with pretend('bridge', policy=Policy(strict=True)):
            django.setup()
            from django.db import connection
            connection.ensure_connection()
        """,
        fails=True,
    )
    assert "UndecidedError: localhost:5432: " in said


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
    from hostshift import resolver
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
    found = _addresses(project, f"pretend(policy=Policy(map={chain!r}))")["found"]
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
    assert _addresses(project)["found"] == {"default": [HOST, 3306], "socket": [3306]}
    said = project.manage("check", "pretend('host')")
    assert "no issues" in said, "MySQL is not dialled: hang-ups count"


def test_libpqs_port_variable_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    project.write(DATABASES.replace("db.example.com", "localhost"), APP)
    stand = "pretend(policy=Policy(map='localhost:5432=10.0.0.1:1,localhost:6543=10.0.0.2:2'))"
    found = _addresses(project, stand)["found"]
    assert [found["default"], found["elsewhere"]] == [
        ["localhost", "10.0.0.1", "1"],
        ["localhost", "10.0.0.2", 2],
    ]


def test_with_the_packages_that_read_urls(project: Project) -> None:
    project.write(
        """
        import dj_database_url, environ, environs
        one, other = environ.Env(), environs.Env()
        DATABASES = {
            "default": dj_database_url.config(),
            "second": one.db("DATABASE_URL"),
            "third": other.dj_db_url("DATABASE_URL"),
        }
        CACHES = {"default": one.cache("CACHE_URL")}
        CELERY_BROKER_URL = other.str("BROKER_URL")
        vars().update(one.email("EMAIL_URL"))
        """,
        APP,
    )
    variables = """
        import os
        os.environ["DATABASE_URL"] = "postgres://app:pw@localhost:5432/shop?sslmode=prefer"
        os.environ["CACHE_URL"] = "rediscache://localhost:6379/1"
        os.environ["BROKER_URL"] = "amqp://localhost//"
        os.environ["EMAIL_URL"] = "smtp://localhost:1025"
    """
    printed = project.run(f"""{variables}
        with {BRIDGE}:
            django.setup()
            from django.conf import settings
            from django.db import connections
            print(json.dumps([
                [connections[alias].get_connection_params()["hostaddr"] for alias in connections],
                settings.CACHES["default"]["LOCATION"],
                settings.CELERY_BROKER_URL,
                [settings.EMAIL_HOST, settings.EMAIL_PORT],
            ]))
        """)
    assert json.loads(printed) == [
        [HOST] * 3,
        f"redis://{HOST}:6379/1",
        f"amqp://{HOST}//",
        [HOST, 1025],
    ]


def test_celery_reads_what_was_resolved(project: Project) -> None:
    """The usual module, which is imported before the app is loaded."""
    project.write(OTHERS, APP)
    (project.there / "shop" / "__init__.py").write_text(
        "from celery import Celery\n"
        'app = Celery("shop")\n'
        'app.config_from_object("django.conf:settings", namespace="CELERY")\n'
        "app.conf.task_always_eager = not app.conf.broker_url\n"
    )
    printed = project.run(f"""
        with {BRIDGE}:
            django.setup()
            from shop import app
            print(app.connection().hostname, app.conf.result_backend)
        """)
    assert printed.split() == [HOST, f"redis://{HOST}/0"]


def test_the_check_warns_with_the_mend(project: Project) -> None:
    project.write(DATABASES, 'HOSTSHIFT_SETTINGS = ["SERCH", "DEBUG"]', APP)
    said = project.manage("check", "pretend('bridge')")
    assert "(hostshift.W001) DATABASES['default']: localhost:5432 stays as it is: " in said
    assert "HINT: Say where it is: HOSTSHIFT_MAP=localhost:5432=HOST:PORT" in said
    assert "(hostshift.W003) HOSTSHIFT_SETTINGS names SERCH, and there is no such" in said
    assert "(hostshift.W003) HOSTSHIFT_SETTINGS names DEBUG, which holds no address" in said
    assert "db.example.com:5432" not in said
    said = project.manage("check", "pretend('host')")
    assert "DATABASES['default']: localhost:5432 cannot be reached: it refuses connections" in said
    assert "HINT: Start it, or say where it is: HOSTSHIFT_MAP=localhost:5432=HOST:PORT" in said
    assert "DATABASES['elsewhere']" not in said


def test_an_engine_that_is_not_known_is_said(project: Project) -> None:
    """As Oracle's, which tells its driver by a text of its own."""
    (project.there / "shop" / "own").mkdir()
    (project.there / "shop" / "own" / "__init__.py").touch()
    (project.there / "shop" / "own" / "base.py").write_text(
        "from django.db.backends.sqlite3.base import *\n"
    )
    project.write(
        'DATABASES = {"default": {"ENGINE": "shop.own", "NAME": ":memory:", "HOST": "localhost"}}',
        APP,
    )
    said = project.manage("check")
    assert "(hostshift.W001) DATABASES['default'] stays as it is: this plug does not know" in said
    assert "DATABASES['default']  stays as it is" in project.manage("hostshift")


def test_the_check_is_content(project: Project) -> None:
    project.write(DATABASES, OTHERS, APP)
    assert "no issues" in project.manage("check")
    assert "no issues" in project.manage("check", "pretend('bridge', policy=Policy(mode='off'))")


def test_the_command(project: Project) -> None:
    project.write(DATABASES, OTHERS, APP)
    said = project.manage("hostshift")
    for place in ("DATABASES['full']", "CELERY_BROKER_URL", "CACHES['default']['LOCATION'][0]"):
        assert f"\n{place}\n" in f"\n{said}"
    assert f"  used   redis://:***@{HOST}:6379/1" in said
    assert "DATABASES['socket']  names no host" in said
    assert "CELERY_BEAT_SCHEDULE" not in said


def test_the_command_in_json(project: Project) -> None:
    project.write(DATABASES, OTHERS, CALL, APP)
    printed = json.loads(project.manage("hostshift --json CACHES EMAIL_HOST"))
    found = {one["setting"]: one for one in printed["settings"]}
    assert [name.partition("[")[0] for name in found] == ["CACHES"] * 5 + ["EMAIL_HOST"]
    assert found["EMAIL_HOST"]["before"] == "localhost:1025"
    assert found["EMAIL_HOST"]["after"] == f"{HOST}:1025"
    assert printed["vantage"]["isolation"] == "docker"
    assert printed["left_alone"] == {}


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
    said = project.manage("hostshift DATABASES")
    assert "DATABASES['other']  its engine cannot be loaded (ImproperlyConfigured)" in said


def test_a_django_that_connects_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connect, "SEAMS", ((ConnectionHandler, "gone"),))
    with pytest.raises(ImportError, match=r"4\.2 and newer.*no ConnectionHandler\.gone"):
        _connect.install()


def test_without_django() -> None:
    code = "import sys; sys.modules['django'] = None; import hostshift_django"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert "MissingExtraError: hostshift_django needs Django: pip install" in ran.stderr
