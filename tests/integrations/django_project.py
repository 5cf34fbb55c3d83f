"""A real Django project in a directory, run in a process of its own: Django has one settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOST = "172.17.0.1"
SECRET = "s3cret"
PORTS = (1025, 3306, 5432, 5672, 6379, 9200, 11211, 26379)
BRIDGE = f"pretend('bridge', answers=[f'{HOST}:{{port}}' for port in {PORTS}])"

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


def addresses(project: Project, stand: str = BRIDGE) -> dict[str, Any]:
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
