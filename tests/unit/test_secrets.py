"""A password shows nowhere: not in what is printed, logged, raised or reported."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import dsn
from hostshift.cli import main
from hostshift.config import settings
from hostshift.config.settings_file import SettingsFile
from hostshift.discovery.compose.included_files import _Place
from hostshift.discovery.engine.chosen import Choice
from hostshift.machine.answers import _Key

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift.base.record import Record
    from hostshift_pytest import Pretend

SECRET = "hunter2-xyzzy"
TEXTS = [
    f"postgresql://app:{SECRET}@localhost:5432/shop",
    f"postgresql://app:{SECRET}@x@localhost:5432/shop",
    f"postgresql://app:{SECRET}#x@localhost:5432/shop",
    f"postgresql://app:12/{SECRET}@localhost:5432/shop",
    f"mongodb://app:{SECRET}@localhost:27017,other/shop",
    f"mongodb://app:{SECRET}@@localhost:27017/shop",
    f"mongodb://localhost/?tlsCertificateKeyFilePassword={SECRET}",
    f"mongodb+srv://app:{SECRET}@cluster.example/shop",
    f"redis://:{SECRET}@localhost:6379/0",
    f"redis://localhost:6379/0?password={SECRET}",
    f"redis://u:12#{SECRET}@localhost:6379/0",
    f"redis://{SECRET}@localhost:6379/0",
    f"https://{SECRET}@localhost/",
    f"https://localhost/?X-Amz-Signature={SECRET}",
    f"https://localhost/?access_token={SECRET}",
    f"https://localhost:99999/?x={SECRET}",
    f"mssql+pyodbc:///?odbc_connect=SERVER%3Dlocalhost%3BPWD%3D{SECRET}",
    *(
        f"{scheme}://u:a@/{SECRET}@localhost:8000/x"
        for scheme in ("https", "bolt", "mqtt", "ldap", "smtp", "amqp", "redis", "clickhouse")
    ),
    f"https://u:a@?{SECRET}@localhost:8000/x",
    f"https://u:a@#/{SECRET}@localhost:8000/x",
    f"sqlserver://localhost:1433;database=d;user=sa;password=My@{SECRET}",
    f"sqlserver://sa:x@localhost:1433;password=My@{SECRET}",
    f"mssql://localhost;password=My@{SECRET}",
    f"mssql://localhost;password=My@{SECRET}/d",
    f"mssql+pymssql://localhost;password=My@{SECRET}/d",
    f"db2://localhost:50000;user=a;password=My@{SECRET}",
    *(
        text.format(SECRET)
        for text in (
            "nats://{}#x@localhost:4222",
            "https://{}/x@localhost/1",
            "redis://localhost,localhost:6380,password=a@{}",
            "redis://{}?x@localhost/0",
            "redis://{}:12/x@localhost/0",
            "mongodb://{}:12/5@db/x",
            "mongodb://u:pa@{}/w@db/x",
            "amqp://{}:12#5@db/x",
            "clickhouse://{}/x@db",
            "postgresql://{}/x@db/d",
            "postgresql+psycopg://u:a@{}/w@db/d",
            "mysql://app:My@{}/x@localhost/app",
            "jdbc:mysql://{}:12/34@localhost/app",
            "jdbc:postgresql://{}/x@localhost/app",
            "http://e:a@es1:9200/,http://e:b/{}@es2:9200/",
            "nats://a/{}@h1:4222,nats://b@h2:4222",
        )
    ),
    f"https://hooks.localhost/services/T0/B0/{SECRET}",
    f"https://localhost/cb?code={SECRET}",
    f"wss://localhost?{SECRET}",
    f"http://localhost#{SECRET}",
    f"http://a:9200/x,http://localhost:9200/{SECRET}",
    *(
        text.format(SECRET)
        for text in (
            "gotify://localhost:8080/{}",
            "gotifys://localhost/push/{}?priority=high",
            "mmost://localhost:8065/{}",
            "mattermost://me@localhost:8065/{}/channel",
            "generic+https://localhost:8080/{}?x=1",
            "jsons://localhost/{}",
            "mqtt://u:p@localhost:1883/{}",
            "opsgenie://localhost:8080/{}",
            "https://{}:x-oauth-basic@localhost:8080/x.git",
            "https://{0}:{0}@localhost:8080/x",
            "smtp://b7b0c1de-{0}:b7b0c1de-{0}@localhost:587",
            "redis://b7b0c1de12-{0}:b7b0c1de12-{0}@localhost:6379",
            "git+https://{}:x-oauth-basic@localhost:8080/x.git",
            "https://{}:api_token@localhost:8080/",
            "https://{}:@localhost:8080/",
            "https://sk_live_{}:pw@localhost:8080/",
            "http://0123456789ab{}:pw@localhost:8080/",
        )
    ),
    f"elasticsearch://localhost/{SECRET}",
    f"jdbc:h2:tcp://localhost/d;USER=sa;PASSWORD=Hor?{SECRET}",
    f"jdbc:h2:tcp://localhost/d;USER=sa;PASSWORD=Hor&{SECRET};IFEXISTS=TRUE",
    f"jdbc:hsqldb:hsql://localhost/d;user=sa;password=a?b&{SECRET}",
    f"jdbc:ch://localhost/d?password=a;{SECRET}",
    f"jdbc:mysql://(host=localhost,port=1,user=a,password=b,{SECRET})/d",
    f"jdbc:mysql://(host=localhost,user=a,password=b,{SECRET}=c)/d",
    f"host=localhost password={SECRET}",
    f"app:{SECRET}@localhost:5432",
    f"{SECRET}\0",
    f"evil\\{SECRET}@localhost",
]
HOSTLESS = [
    text.format(SECRET)
    for text in (
        "slack://{}/B/C",
        "slack://A/B/{}",
        "slack://bot@A/{}/C",
        "discord://{}@123456",
        "tgram://123456:{}/12",
        "telegram://123456:{}@telegram?chats=1",
        "pover://user@{}",
        "fcm://{}/device",
        "pushover://shoutrrr:{}@user/",
        "teams://group@tenant/{}/owner",
        "opsgenie://{}",
        "sendgrid://SG.a.{}:me@example.com/you@example.com",
        "ntfy://{}",
        "ntfy://ntfy.lan/{}",
    )
]
"""Texts of services on the internet, of which STRICT refuses none."""
WRONG = [
    f"u:{SECRET}@localhost:443/db?protocol=http",
    f"u:{SECRET}@localhost/db?protocol=http",
    f"u:{SECRET}@127.0.0.1:5672/vhost",
    f"gotify://localhost:8080/{SECRET}",
    f"slack://{SECRET}/B/C",
    f"https://{SECRET}:x-oauth-basic@localhost:8080/",
]
"""Texts for which a caller may have named any dialect."""
PLACES = ["host", "bridge", "bridge+host-gateway", "user-network", "pod", "none"]


@pytest.mark.parametrize("dialect", sorted(dsn.DIALECTS))
@pytest.mark.parametrize("text", WRONG)
def test_what_is_shown_under_any_dialect(text: str, dialect: str, pretend: Pretend) -> None:
    pretend("bridge", answers=["172.17.0.1:8080"])
    found = hostshift.explain(text, dialect=dialect)
    shown = [str(found), repr(found), json.dumps(found.as_dict()), repr(found.decisions)]
    assert [part for part in shown if SECRET in part] == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", [*TEXTS, *HOSTLESS])
def test_what_is_shown(
    text: str, place: str, pretend: Pretend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pretend(place, answers=["172.17.0.1:5432"], siblings={"db": [5432, 27017, 6379]})
    found = hostshift.explain(text)
    assert hostshift.resolve(text) == found.after
    shown = [
        str(found),
        repr(found),
        f"{found}",
        json.dumps(found.as_dict()),
        repr(found.decisions),
        repr(found.reading),
        repr(found.vantage),
        caplog.text,
    ]
    assert [part for part in shown if SECRET in part] == []


# Clients dial no host here, or one that is certain, so that nothing is raised.
CERTAIN = ("u:a@", "hooks.localhost", "http://a:9200", "mongodb+srv")


@pytest.mark.parametrize("text", [text for text in TEXTS if not any(c in text for c in CERTAIN)])
def test_what_is_raised(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=hostshift.Policy(strict=True))
    with pytest.raises(hostshift.UndecidedError) as caught:
        hostshift.resolve(text)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in shown


@pytest.mark.parametrize("text", [*TEXTS, *HOSTLESS])
@pytest.mark.parametrize("options", [["explain"], ["explain", "--json"], ["-v", "explain"]])
def test_what_the_command_prints(
    text: str, options: list[str], pretend: Pretend, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend("bridge")
    assert main([*options, "--", text]) == 0
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err


def test_a_setting_that_holds_a_string(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTSHIFT_MAP", f"postgresql://app:{SECRET}@localhost/x")
    with pytest.raises(hostshift.SettingError) as caught:
        hostshift.resolve("localhost:1")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_answer_itself_is_whole(pretend: Pretend) -> None:
    pretend("bridge", answers=["172.17.0.1:5432"])
    found = hostshift.explain(TEXTS[0])
    assert found.before == TEXTS[0]
    assert found.after == f"postgresql://app:{SECRET}@172.17.0.1:5432/shop"


URL = f"postgresql://app:{SECRET}@localhost/x"


@pytest.mark.parametrize("field", ["compose_file", "topology_file"])
def test_a_policy_shows_no_string_in_the_place_of_a_path(field: str) -> None:
    policy = hostshift.Policy(**{field: URL})  # type: ignore[arg-type]
    assert SECRET not in f"{policy!r} {policy}"
    assert getattr(policy, field) == URL
    assert f"{field}='deploy/local.yml'" in repr(hostshift.Policy(**{field: "deploy/local.yml"}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [
        Choice(where="DOCKER_HOST", url=URL),
        _Place(directory="/", variables={"PGPASSWORD": SECRET}),
        SettingsFile(path="/x", table={"map": URL}),
        _Key(kind="around", looking=hostshift.Policy(compose_file=URL).looking()),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_was_read_does_not_show(record: Record) -> None:
    assert SECRET not in f"{record!r} {record}"


@pytest.mark.parametrize(
    "text",
    [
        f'[tool.x."{URL}"]\na = 1\n[tool.x."{URL}"]\nb = 1\n',
        f'[tool.x]\n"{URL}" = {{a = 1}}\n"{URL}".c = 2\n',
        f'[tool.x]\n"{URL}" = {{a = 1}}\n[tool.x."{URL}".z]\nb = 1\n',
        f'a = "{URL}\n',
    ],
    ids=["table", "inline table", "its part", "no end"],
)
@pytest.mark.parametrize("ours", ["[tool.hostshift]\n", "# hostshift\n"], ids=["error", "log"])
def test_a_broken_file_of_settings_is_not_quoted(
    text: str,
    ours: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "pyproject.toml").write_text(f"{ours}{text}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = ""
    try:
        settings.load()
    except hostshift.SettingError as error:
        shown = "".join(traceback.format_exception(error))
    shown += caplog.text
    assert SECRET not in shown
    assert "is not TOML (at line " in shown
