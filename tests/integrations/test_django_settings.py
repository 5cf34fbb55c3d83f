"""The Django integration: caches, brokers, mail and what else the settings hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integrations.django_project import (
    APP,
    BRIDGE,
    CALL,
    DATABASES,
    HOST,
    OTHERS,
    SECRET,
    Project,
    addresses,
)


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
    assert addresses(project, stand)["found"] == {"default": ["db", "10.0.0.1", 15432]}
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
    assert shown == "<Originals BROKER_URL, CELERY_BROKER_URL>"


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
    assert addresses(project, stand)["found"]["default"] == ["localhost", "5432"]
    seen = project.values("CELERY_RESULT_BACKEND EMAIL_HOST SEARCH", stand)
    assert list(seen.values()) == ["redis://localhost/0", "localhost", "localhost:9200"]


def test_strict_names_the_setting(project: Project) -> None:
    project.write(f'CELERY_BROKER_URL = "amqp://app:{SECRET}@localhost//"', CALL)
    code = "with pretend('bridge', policy=Policy(strict=True)):\n    django.setup()\n"
    output = project.run(code, fails=True)
    assert "UndecidedError: CELERY_BROKER_URL: " in output
    assert "localhost:5672" in output


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
    output = project.run("django.setup()", fails=True)
    assert "SettingError: HOSTSHIFT_SETTINGS is a list of names" in output
