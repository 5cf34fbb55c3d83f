"""A thousand marked secrets: in each place that a dialect, a container or a file has."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import Policy, dsn
from hostshift.base.deadline import Deadline
from hostshift.cli import main
from hostshift.discovery import engine
from hostshift.discovery.engine import snapshot
from hostshift.discovery.engine.reading import Reading
from hostshift.discovery.engine.wire import Endpoint, Turn
from tests.unit.fake_engine import INSPECTED, LISTED, PLENTY, Call, fake_engine, truthful

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift_pytest import Pretend

VECTORS = Path(__file__).parents[1] / "vectors"
MARK = "Zq9vXk"
"""The beginning of each secret: no text, name or message has it."""
PLACES = ("host", "bridge", "user-network", "none")


def _marked() -> Iterator[tuple[str, str, str | None]]:
    """Yield texts with a marked secret in the place of each that is hidden."""
    for file in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(file.read_text(encoding="utf-8")):
            text, dialect = vector["text"], vector.get("dialect")
            found = dsn.read(text, dialect)
            if found.trouble or not found.dialect:
                continue
            for number, (start, end) in enumerate(sorted(set(found.secrets))):
                inner = [at for at in range(start, end) if text[at].isalnum()]
                if not inner or any(_within(one, start, end) for one in found.endpoints):
                    continue
                secret = f"{MARK}{number}"
                made = text[: inner[0]] + secret + text[inner[-1] + 1 :]
                again = dsn.read(made, dialect)
                if not again.trouble and MARK not in dsn.mask(made, again):
                    yield f"{vector['id']}-{number}", made, dialect


def _within(endpoint: dsn.Endpoint, start: int, end: int) -> bool:
    return start < endpoint.host_at.end and endpoint.host_at.start < end


TEXTS = list(_marked())


def test_there_are_hundreds_of_texts() -> None:
    assert len(TEXTS) * len(PLACES) > 1000


def _all_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize(
    ("text", "dialect"), [one[1:] for one in TEXTS], ids=[one[0] for one in TEXTS]
)
def test_no_output_shows_it(
    text: str,
    dialect: str | None,
    pretend: Pretend,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for place in PLACES:
        shown: list[object] = []
        for policy in (Policy(), Policy(map="localhost=db.test"), Policy(strict=True)):
            pretend(place, policy=policy, answers=["172.17.0.1:5432"])
            found = hostshift.explain(text, dialect=dialect)
            shown += [found, repr(found), found.as_dict(), found.decisions, found.reading]
            try:
                hostshift.resolve(text, dialect=dialect)
            except hostshift.HostshiftError as error:
                shown.append(_all_of(error))
            try:
                hostshift.resolve_environ({"DATABASE_URL": text, "A_HOST": text})
            except hostshift.HostshiftError as error:
                shown.append(_all_of(error))
        words = ["--dialect", dialect] if dialect else []
        for options in (["explain"], ["-v", "explain", "--json"]):
            main([*options, *words, "--", text])
        printed = capsys.readouterr()
        leaks = [str(one) for one in shown if MARK in str(one)]
        assert leaks == []
        assert MARK not in printed.out + printed.err
    assert MARK not in caplog.text


# --- containers and files -----------------------------------------------------------------------

SECRET = f"{MARK}-of-a-container"


def _with_secrets(call: Call) -> None:
    """Answer with a secret in each place of a container that nobody of us needs."""
    inspected: dict[str, Any] = json.loads(json.dumps(INSPECTED))
    inspected["Config"] |= {"Env": [f"PASSWORD={SECRET}"], "Cmd": ["run", SECRET]}
    inspected["Config"]["Labels"] |= {"com.example.token": SECRET}
    inspected |= {"Args": [SECRET], "Path": SECRET, "ResolvConfPath": SECRET}
    inspected["Mounts"] = [{"Type": "volume", "Name": SECRET, "Source": SECRET}]
    listed = {**LISTED, "Command": SECRET, "Labels": {**LISTED["Labels"], "x": SECRET}}
    truthful(call, listed=listed, inspected=inspected)


@pytest.fixture
def _engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    with fake_engine(tmp_path / "docker.sock", _with_secrets):
        yield


@pytest.mark.usefixtures("_engine", "no_usual_engine")
def test_nothing_of_a_container_that_nobody_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    at = str(tmp_path / "docker.sock")
    endpoint = Endpoint(name=at, path=at)
    taken = snapshot.snapshot(endpoint, Turn(Deadline(PLENTY, PLENTY)), Reading(at))
    around = engine.read((), {"DOCKER_HOST": f"unix://{at}"}, deadline=Deadline(PLENTY, PLENTY))
    assert around.services
    found = hostshift.explain("postgresql://a:b@shop-db-1:5432/c")
    assert found.changed
    for shown in (taken, around, around.services, found, found.as_dict(), found.decisions):
        assert MARK not in repr(shown) + str(shown)
    for words in (
        ["topology"],
        ["topology", "--json"],
        ["-v", "explain", "redis://shop-db-1:5432"],
    ):
        assert main(words) == 0
    assert main(["topology", "--save", "saved.json"]) in (0, 2)
    assert main(["vantage", "--capture", str(tmp_path / "captured")]) == 0
    printed = capsys.readouterr()
    assert MARK not in printed.out + printed.err + caplog.text
    written = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert written
    assert [one for one in written if MARK.encode() in one.read_bytes()] == []


BROKEN = {
    "compose.yaml": f"services:\n  db: {{image: x, environment: {{PASSWORD: {SECRET}}}\n",
    ".env": f"PASSWORD='{SECRET}\n",
    "hostshift.toml": f"map = '{SECRET}\n",
    "pyproject.toml": f"[tool.hostshift]\nmap = '{SECRET}'\n",
    "hostshift.topology.json": f'{{"format": 1, "x": "{SECRET}",,\n',
}


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_of_a_broken_file(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "saved,compose")
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text("services: {db: {image: x}}", encoding="utf-8")
    (tmp_path / name).write_text(BROKEN[name], encoding="utf-8")
    shown = []
    try:
        found = hostshift.explain("postgresql://a:b@db:5432/c")
        shown = [str(found), repr(found)]
    except hostshift.HostshiftError as error:
        shown = [_all_of(error)]
    main(["topology"])
    main(["-v", "explain", "redis://db:6379"])
    printed = capsys.readouterr()
    assert MARK not in "".join(shown) + printed.out + printed.err + caplog.text
