"""The saved topology: what it holds, and which files are not believed."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.cli import main, topology
from hostshift.discovery import saved, saved_format
from hostshift.discovery.budget import Budget
from hostshift.discovery.model import Container, Membership, Publication, Service, Topology

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostshift.config.policy import Policy

ID = "70c760101f4b" + "0" * 52


def _db(name: str = "shop-db-1", published: int | None = 15432) -> Container:
    return Container(
        name=name,
        id=ID,
        memberships=(
            Membership(
                network="shop_default", names=(name, "db", ID[:12]), addresses=("172.29.0.2",)
            ),
        ),
        publications=(
            Publication(port=5432, published=published, address="127.0.0.1"),
            Publication(port=53, published=None, protocol="udp"),
        ),
        exposed=(5432,),
        healthy=True,
    )


def _service(name: str, *containers: Container, project: str = "shop") -> Service:
    return Service(
        service=name, project=project, containers=containers, certainty="known", source="engine"
    )


SHOP = Topology(
    services=(
        _service("web"),
        _service("db", _db()),
        _service("db", _db("other-db-1"), project="other"),
        _service("side", Container(name="shop-side-1", network_mode="container:shop-db-1")),
    ),
    project="shop",
    engine="/var/run/docker.sock",
)


def _write(at: Path, said: Any) -> Path:
    at.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    at.chmod(0o644)
    return at


@pytest.fixture
def project(tmp_path: Path) -> Path:
    at = tmp_path / "shop"
    at.mkdir()
    (at / "hostshift.toml").touch()
    return at


def test_what_is_written_is_what_is_read(project: Path) -> None:
    _write(project / saved.FILE, saved.dumped(saved.document(SHOP)))
    (project / "deep").mkdir()
    for directory in (project, project / "deep"):
        found = saved.read(str(directory))
        assert (found.project, found.notes, found.engine) == ("shop", (), "")
        assert (found.gaps, found.listed) == ((), True)
        assert [service.service for service in found.services] == ["db", "side", "web"]
        assert {(one.certainty, one.source) for one in found.services} == {("intended", "saved")}
        (db,) = found.services[0].containers
        assert set(db.publications) == set(_db().publications)
        assert db.memberships == (Membership(network="shop_default", names=("db", "shop-db-1")),)
        assert (db.exposed, db.id, db.healthy) == ((5432,), "", None)
        assert found.services[1].containers[0].network_mode == "container:shop-db-1"
        assert saved.document(found) == saved.document(SHOP)


def test_nothing_in_it_differs_from_run_to_run() -> None:
    text = saved.dumped(saved.document(SHOP))
    for part in (ID[:12], "172.29", "docker.sock", "other", "healthy"):
        assert part not in text
    assert text.endswith("}\n")
    turned = SHOP.replace(services=tuple(reversed(SHOP.services)))
    assert saved.dumped(saved.document(turned)) == text


def test_there_is_none(tmp_path: Path, project: Path) -> None:
    assert saved.read(str(project)) == Topology()
    _write(tmp_path / saved.FILE, saved.document(SHOP))
    assert saved.read(str(project)) == Topology()  # not in the project's own root
    (note,) = saved.read(str(project), file="there.json").notes
    assert "cannot be read" in note.what


def test_one_that_is_named(tmp_path: Path, project: Path) -> None:
    at = _write(tmp_path / "other.json", saved.document(SHOP))
    assert saved.read(str(project), file=str(at)).project == "shop"
    assert saved.read(str(project), file="../other.json").project == "shop"


def _note(found: Topology) -> str:
    assert (found.services, found.project, found.listed) == ((), None, False)
    (note,), (gap,) = found.notes, found.gaps
    assert note.source == "saved"
    assert (gap.source, gap.where, gap.what) == (note.source, note.where, note.what)
    assert gap.fix
    return str(note)


@pytest.mark.parametrize(("mode", "group"), [(0o664, 54321), (0o646, -1), (0o666, -1)])
def test_others_may_write_it(mode: int, group: int, project: Path) -> None:
    at = _write(project / saved.FILE, saved.document(SHOP))
    if group >= 0 and os.geteuid() != 0:
        pytest.skip("only root gives a file to a group that it is not in")
    os.chown(at, -1, group)
    at.chmod(mode)
    assert "not believed" in _note(saved.read(str(project)))


GOOD = saved.document(SHOP)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('{\n"format": 1,\n oops', f"{saved.FILE}:3: is not JSON"),
        ("", f"{saved.FILE}:1: is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "it: expected an object"),
        ({**GOOD, "format": 2}, "format 2, which needs a newer hostshift"),
        ({"format": 99, "servers": 7}, "format 99, which needs a newer"),
        ({**GOOD, "format": "1"}, "format: expected 1"),
        ({**GOOD, "format": True}, "format: expected 1"),
        ({**GOOD, "more": 1}, "it: only format, project, services are allowed"),
        ({**GOOD, "project": None}, "project: expected a name"),
        ({**GOOD, "services": []}, "services: expected an object"),
        ({**GOOD, "services": {"db": {}}}, "services.db.containers: expected a list"),
        (
            {**GOOD, "services": {"db": {"containers": [{"name": "a\nb"}]}}},
            "services.db.containers[0].name: expected a name",
        ),
        (
            {**GOOD, "services": {"db": {"containers": [{"name": "a", "ports": [{"port": 0}]}]}}},
            "services.db.containers[0].ports[0].port: expected a port",
        ),
    ],
)
def test_one_that_is_wrong(said: Any, what: str, project: Path) -> None:
    _write(project / saved.FILE, said)
    assert what in _note(saved.read(str(project)))


def test_a_huge_one(project: Path) -> None:
    _write(project / saved.FILE, " " * (50 << 20))
    assert "larger than" in _note(saved.read(str(project)))


@pytest.mark.parametrize("kind", ["directory", "fifo", "broken link", "not UTF-8"])
def test_no_plain_file(kind: str, project: Path) -> None:
    at = project / saved.FILE
    if kind == "directory":
        at.mkdir()
    elif kind == "fifo":
        os.mkfifo(at)
    elif kind == "broken link":
        at.symlink_to("nowhere")
    else:
        at.write_bytes(b'{"format": "\xff"}')
    assert str(at) in _note(saved.read(str(project)))


def _paths(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield from _paths(tree[key], (*at, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(path=st.sampled_from([path for path in _paths(GOOD) if path]), value=JSON)
def test_any_other_value_anywhere(path: Any, value: Any) -> None:
    """It is refused, or it can be read and written again."""
    said: Any = copy.deepcopy(GOOD)
    at = said
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    try:
        checked = saved_format.check(said, Budget(None))
    except saved.Problem:
        return
    assert checked == said
    again = saved.document(saved._topology(checked))
    assert saved_format.check(json.loads(saved.dumped(again)), Budget(None)) == again


def test_differences() -> None:
    now = SHOP.replace(
        services=(
            _service("web", _db("shop-web-1")),
            _service("db", _db(published=15433)),
            _service("cache"),
        )
    )
    assert list(saved.differences(GOOD, saved.document(now))) == [
        "cache: is new",
        "db: ports changed",
        "side: no longer exists",
        "web: containers changed",
    ]
    other = SHOP.replace(project="other")
    assert next(saved.differences(GOOD, saved.document(other))) == "the project is other, not shop"
    assert list(saved.differences(GOOD, GOOD)) == []


# --- the command --------------------------------------------------------------------------------

COMPOSE = """
name: shop
services:
  db:
    image: postgres
    environment: {POSTGRES_PASSWORD: s3cret}
    ports: ["15432:5432"]
"""


@pytest.fixture
def composed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a project that has a compose file, and ask no engine."""
    _write(project / "compose.yaml", COMPOSE)
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "saved,compose")
    return project


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(("topology", *arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_what_is_around(composed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys)
    assert (code, err) == (0, "")
    for part in ("compose (intended)", "shop-db-1", "shop_default", "5432 published as *:15432"):
        assert part in out
    assert "s3cret" not in out
    found = json.loads(_run(capsys, "--json")[1])
    assert found["project"] == "shop"
    assert found["services"][0]["containers"][0]["ports"][0]["published"] == 15432
    assert composed


def test_what_was_wrong_with_which_file_and_line(
    composed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(composed / saved.FILE, '{\n"format": 1,\n oops')
    _write(composed / "compose.yaml", "services:\n  db: [\n")
    code, out, _ = _run(capsys)
    assert code == 0
    assert "nothing is known" in out
    assert f"saved: {composed / saved.FILE}:3: is not JSON" in out
    assert f"compose: {composed / 'compose.yaml'}:3: " in out


def test_save_and_check(composed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = composed / saved.FILE
    code, _, err = _run(capsys, "--check")
    assert code == 1
    assert "hostshift topology --save writes it" in err
    before = os.umask(0o002)
    try:
        assert _run(capsys, "--save")[0] == 0
    finally:
        os.umask(before)
    assert at.stat().st_mode & 0o777 == 0o644
    assert "s3cret" not in at.read_text(encoding="utf-8")
    assert _run(capsys, "--check")[0] == 0
    assert "saved (intended)" in _run(capsys)[1]
    _write(composed / "compose.yaml", COMPOSE.replace("15432", "15433"))
    code, out, err = _run(capsys, "--check")
    assert (code, out) == (1, "")
    assert "db: ports changed" in err
    assert _run(capsys, "--save", "elsewhere.json")[0] == 0
    assert _run(capsys, "--check", "elsewhere.json")[0] == 0


def test_nothing_to_save(composed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (composed / "compose.yaml").unlink()
    for option in ("--save", "--check"):
        code, _, err = _run(capsys, option)
        assert code == 2
        assert "no source describes this project" in err
    assert not (composed / saved.FILE).exists()


@pytest.mark.parametrize("option", ["--save", "--check"])
def test_where_compose_could_not_say_no_other_source_is_asked(
    option: str, composed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine may describe something else, and neither a file nor "stale" is made of that."""
    own, asked = topology._configured, []

    def configured(source: str, policy: Policy) -> Topology:
        asked.append(source)
        return SHOP if source == "engine" else own(source, policy)

    monkeypatch.setattr(topology, "_configured", configured)
    monkeypatch.setenv("HOSTSHIFT_SOURCES", "engine,compose")
    assert _run(capsys, "--save")[0] == 0
    before = (composed / saved.FILE).read_bytes()
    _write(composed / "compose.yaml", "services:\n  db: [\n")
    code, out, err = _run(capsys, option)
    assert (code, out) == (2, "")
    assert err.count(f"compose: {composed / 'compose.yaml'}:3") == 1
    assert "so it is not known which services this project has" in err
    assert (composed / saved.FILE).read_bytes() == before
    assert "engine" not in asked
    (composed / "compose.yaml").unlink()
    assert _run(capsys, option)[0] == (0 if option == "--save" else 1)


def test_nowhere_to_save(
    tmp_path: Path, composed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _run(capsys, "--save", str(tmp_path / "no" / "x.json"))
    assert code == 2
    assert "cannot be written" in err
    assert composed
