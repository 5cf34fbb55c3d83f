"""The Django integration: system checks, `manage.py hostshift`, and the packages beside it."""

from __future__ import annotations

import json

from tests.integrations.django_project import (
    APP,
    BRIDGE,
    CALL,
    DATABASES,
    HOST,
    OTHERS,
    Project,
)


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
    output = project.manage("check", "pretend('bridge')")
    assert "(hostshift.W001) DATABASES['default']: localhost:5432 stays as it is: " in output
    assert "HINT: Say where it is: HOSTSHIFT_MAP=localhost:5432=HOST:PORT" in output
    assert "(hostshift.W003) HOSTSHIFT_SETTINGS names SERCH, and there is no such" in output
    assert "(hostshift.W003) HOSTSHIFT_SETTINGS names DEBUG, which holds no address" in output
    assert "db.example.com:5432" not in output
    output = project.manage("check", "pretend('host')")
    assert (
        "DATABASES['default']: localhost:5432 cannot be reached: it refuses connections" in output
    )
    assert "HINT: Start it, or say where it is: HOSTSHIFT_MAP=localhost:5432=HOST:PORT" in output
    assert "DATABASES['elsewhere']" not in output


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
    output = project.manage("check")
    stays = "(hostshift.W001) DATABASES['default'] stays as it is: this integration does not know"
    assert stays in output
    assert "DATABASES['default']  stays as it is" in project.manage("hostshift")


def test_the_check_is_content(project: Project) -> None:
    project.write(DATABASES, OTHERS, CALL, APP)
    output = project.manage("check")
    assert "(hostshift.I001) hostshift: " in output
    assert "System check identified 1 issue (0 silenced)" in output
    assert "no issues" in project.manage("check", "pretend('bridge', policy=Policy(mode='off'))")


def test_the_command(project: Project) -> None:
    project.write(DATABASES, OTHERS, APP)
    output = project.manage("hostshift")
    for place in ("DATABASES['full']", "CELERY_BROKER_URL", "CACHES['default']['LOCATION'][0]"):
        assert f"\n{place}\n" in f"\n{output}"
    assert f"  used   redis://:***@{HOST}:6379/1" in output
    assert "DATABASES['socket']  names no host" in output
    assert "CELERY_BEAT_SCHEDULE" not in output


def test_the_command_in_json(project: Project) -> None:
    project.write(DATABASES, OTHERS, CALL, APP)
    printed = json.loads(project.manage("hostshift --json CACHES EMAIL_HOST"))
    found = {one["setting"]: one for one in printed["settings"]}
    assert [name.partition("[")[0] for name in found] == ["CACHES"] * 5 + ["EMAIL_HOST"]
    assert found["EMAIL_HOST"]["before"] == "localhost:1025"
    assert found["EMAIL_HOST"]["after"] == f"{HOST}:1025"
    assert printed["vantage"]["isolation"] == "docker"
    assert printed["left_alone"] == {}
