"""The Django integration: texts in settings that it does not know, and what the check prints."""

from __future__ import annotations

import json

import pytest

from tests.integrations.django_project import APP, BRIDGE, CALL, HOST, SECRET, Project

TEXTS = f"""
    REDIS_URL = "redis://:{SECRET}@localhost:6379/4"
    LIVE_CONFIG = {{"connection": {{"url": "redis://localhost:6379/5"}}, "size": 1}}
    RQ_QUEUES = {{"default": {{"URL": "redis://localhost:6379/6", "TIMEOUT": 5}}}}
    READERS = ("postgresql://app:{SECRET}@localhost:5432/a", "postgresql://db.example.com/b")
    DEEP = [[{{"x": ("amqp://localhost//",)}}]]
    REPORTS = "jdbc:mysql://localhost:3306/reports"
    NODES = '["redis://localhost:6379/7", "a", "redis://db.example.com/8"]'
    JWT_SIGNING_KEY = "redis://localhost:6379/0"
    WORKERS = {{"api_token": "redis://localhost:6379/0"}}
    METRICS_BIND = "redis://localhost:6379"
    SEARCH_URL = "http://localhost:9200/"
    CORS_ALLOWED_ORIGINS = ["http://localhost:9200"]
    PLAIN = "localhost:6379"
    DATABASES = {{}}
    TITLE = "a=b"
    NUMBER, NOBODY, OBJECT = 5, None, object()
    AROUND = [1]
    AROUND.append(AROUND)
    lower = "redis://localhost:6379/0"
"""
RESOLVED = {
    "REDIS_URL": f"redis://:...@{HOST}:6379/4",
    "LIVE_CONFIG": {"connection": {"url": f"redis://{HOST}:6379/5"}, "size": 1},
    "RQ_QUEUES": {"default": {"URL": f"redis://{HOST}:6379/6", "TIMEOUT": 5}},
    "READERS": [f"postgresql://app:...@{HOST}:5432/a", "postgresql://db.example.com/b"],
    "DEEP": [[{"x": [f"amqp://{HOST}//"]}]],
    "REPORTS": f"jdbc:mysql://{HOST}:3306/reports",
    "NODES": f'["redis://{HOST}:6379/7", "a", "redis://db.example.com/8"]',
}
STAYS = {
    "JWT_SIGNING_KEY": "redis://localhost:6379/0",
    "WORKERS": {"api_token": "redis://localhost:6379/0"},
    "METRICS_BIND": "redis://localhost:6379",
    "SEARCH_URL": "http://localhost:9200/",
    "CORS_ALLOWED_ORIGINS": ["http://localhost:9200"],
    "PLAIN": "localhost:6379",
    "TITLE": "a=b",
    "NUMBER": 5,
    "NOBODY": None,
}


@pytest.mark.parametrize("way", [APP, CALL, CALL + APP])
def test_every_text_with_a_data_services_scheme_is_resolved(project: Project, way: str) -> None:
    project.write(TEXTS, way)
    assert project.values(" ".join((*RESOLVED, *STAYS))) == {**RESOLVED, **STAYS}


def test_containers_keep_their_kind(project: Project) -> None:
    project.write(
        """
        from collections import OrderedDict, namedtuple
        Own = namedtuple("Own", "url")
        OWN = Own("redis://localhost:6379/0")
        ORDERED = OrderedDict(a="redis://localhost:6379/1", b=OWN)
        FROZEN = frozenset(("redis://localhost:6379/2",))
        """,
        APP,
    )
    printed = project.run(f"""
        with {BRIDGE}:
            django.setup()
            from django.conf import settings as s
            print(json.dumps([type(s.ORDERED).__name__, s.ORDERED["a"], s.OWN.url, list(s.FROZEN)]))
        """)
    assert json.loads(printed) == [
        "OrderedDict",
        f"redis://{HOST}:6379/1",
        f"redis://{HOST}:6379/0",
        [f"redis://{HOST}:6379/2"],
    ]


def test_the_check_says_what_it_resolved_and_what_it_left(project: Project) -> None:
    project.write(TEXTS, APP)
    output = project.manage("check")
    assert "(hostshift.I001) hostshift: 7 addresses are others from here" in output
    for place, port in {
        "REDIS_URL": 6379,
        "LIVE_CONFIG['connection']['url']": 6379,
        "READERS[0]": 5432,
        "REPORTS": 3306,
    }.items():
        assert f"\t{place}: localhost:{port} is {HOST}:{port} from here: " in output
    assert "(hostshift.I002) JWT_SIGNING_KEY stays as it is: by its name it holds a" in output
    assert "(hostshift.I002) METRICS_BIND stays as it is: by its name it is what a server" in output
    web = "SEARCH_URL holds a web address, which stays as it is; from here it would be"
    assert f"(hostshift.I002) {web} {HOST}:9200" in output
    hint = "HINT: To have it resolved all the same, name SEARCH_URL in HOSTSHIFT_SETTINGS."
    assert hint in output
    for nothing in ("CORS_", "PLAIN", "AROUND", "lower", "I003"):
        assert nothing not in output


def test_the_check_of_a_project_that_needs_nothing(project: Project) -> None:
    project.write(TEXTS.replace("localhost", "db.example.com"), APP)
    output = project.manage("check")
    assert "I001" not in output
    assert "SEARCH_URL" not in output


def test_what_is_left_stands_in_the_command_as_well(project: Project) -> None:
    project.write(TEXTS, APP)
    output = project.manage("hostshift")
    assert "METRICS_BIND  stays as it is: by its name it is what a server binds" in output
    assert f"  used   redis://:***@{HOST}:6379/4" in output


def test_what_cannot_be_read_is_named(project: Project) -> None:
    project.write('BROKEN_URL = "redis://:pa#ss@localhost:6379/0"', APP)
    assert "BROKEN_URL stays as it is" in project.manage("check", "pretend('bridge')")


def test_strict_names_the_setting(project: Project) -> None:
    project.write('LIVE = {"url": "redis://localhost:6379/0"}', APP)
    output = project.run(
        "with pretend('bridge', policy=Policy(strict=True)): django.setup()", fails=True
    )
    assert "UndecidedError: LIVE['url']: " in output


@pytest.mark.parametrize("way", [APP, CALL + APP])
def test_celerys_processes_that_load_no_apps(project: Project, way: str) -> None:
    project.write('CELERY_BROKER_URL = "redis://localhost:6379/0"', way)
    output = project.manage("check")
    assert ("(hostshift.I003) CELERY_BROKER_URL: processes that never run" in output) == (
        way == APP
    )
    printed = project.run(f"""
        with {BRIDGE}:
            from django.conf import settings
            print(settings.CELERY_BROKER_URL)
        """)
    assert printed.strip() == f"redis://{'localhost' if way == APP else HOST}:6379/0"


def test_the_package_in_place_of_the_app_is_refused(project: Project) -> None:
    project.write('INSTALLED_APPS = ["django.contrib.contenttypes", "hostshift"]')
    output = project.run("django.setup()", fails=True)
    assert (
        "ImproperlyConfigured: INSTALLED_APPS names 'hostshift', which is no Django app and would"
        " resolve nothing. Write 'hostshift_django' in its place" in output
    )


def test_each_change_is_one_line(project: Project) -> None:
    project.write(
        TEXTS, 'CACHES = {"default": {"BACKEND": "redis", "LOCATION": "redis://localhost"}}', APP
    )
    output = project.run(f"""
        import logging, sys
        form = "%(levelname)s %(message)s"
        logging.basicConfig(level=logging.INFO, stream=sys.stdout, format=form)
        with {BRIDGE}:
            django.setup()
        """)
    lines = [one for one in output.splitlines() if " -> " in one]
    assert len(lines) == len(set(lines)) == 8
    start = f"INFO localhost:6379 -> {HOST}:6379 for the setting "
    assert [one for one in lines if one.startswith(f"{start}REDIS_URL (")]
    assert [one for one in lines if one.startswith(f"{start}CACHES['default']['LOCATION'] (")]


CLIENTS = """
    OPENAI_BASE_URL = "http://localhost:9200/v1"
    AWS_S3_ENDPOINT_URL = "http://localhost:9200"
    MEILISEARCH_HOST, MEILISEARCH_PORT = "localhost", 9200
    ELASTICSEARCH_DSL = {"default": {"hosts": "localhost:9200"}}
    HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "solr", "URL": "http://127.0.0.1:9200/s"}}
    VALKEY_HOST = "localhost"
    DATABASES = {}
    SITE_URL = "http://localhost:9200"
    MEDIA_URL = "http://localhost:9200/media/"
    S3_PUBLIC_ENDPOINT = "http://localhost:9000"
    LOGIN_REDIRECT_URL = "http://localhost:9200"
"""


def test_settings_of_well_known_clients_are_resolved_as_variables_are(project: Project) -> None:
    project.write(CLIENTS, APP)
    assert project.values(
        "OPENAI_BASE_URL AWS_S3_ENDPOINT_URL MEILISEARCH_HOST MEILISEARCH_PORT ELASTICSEARCH_DSL"
        " HAYSTACK_CONNECTIONS VALKEY_HOST SITE_URL MEDIA_URL S3_PUBLIC_ENDPOINT LOGIN_REDIRECT_URL"
    ) == {
        "OPENAI_BASE_URL": f"http://{HOST}:9200/v1",
        "AWS_S3_ENDPOINT_URL": f"http://{HOST}:9200",
        "MEILISEARCH_HOST": HOST,
        "MEILISEARCH_PORT": 9200,
        "ELASTICSEARCH_DSL": {"default": {"hosts": f"{HOST}:9200"}},
        "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "solr", "URL": f"http://{HOST}:9200/s"}},
        "VALKEY_HOST": HOST,
        "SITE_URL": "http://localhost:9200",
        "MEDIA_URL": "http://localhost:9200/media/",
        "S3_PUBLIC_ENDPOINT": "http://localhost:9000",
        "LOGIN_REDIRECT_URL": "http://localhost:9200",
    }
