"""Compose files: which are believed, which are not, and what a service is called then."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hostshift.topology import (
    Container,
    Membership,
    Neighbourhood,
    Publication,
    Service,
    compose,
)
from hostshift.topology.compose import files, load, project
from tests.unit.compose_cases import Case, cases, facts_of, oracle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "hunter2"
SMALL = "services: {a: {image: x}}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project's root."""
    made = tmp_path / "shop"
    made.mkdir()
    (made / "pyproject.toml").touch()
    return made


def read(
    at: Path, text: str | None = None, *, file: str | None = None, **environ: str
) -> Neighbourhood:
    """Read the files of a directory, with a compose.yaml of this text."""
    if text is not None:
        (at / "compose.yaml").write_text(text, encoding="utf-8")
    return compose.read(str(at), {"PATH": os.devnull, **environ}, file=file, seconds=60)


def why(found: Neighbourhood) -> str:
    """Return why files count as absent; they must."""
    assert (found.services, found.project) == ((), None)
    (note,) = found.notes
    return str(note)


# --- the model ----------------------------------------------------------------------------------


def test_a_service_whole(root: Path) -> None:
    found = read(
        root,
        """
name: shop
services:
  db:
    image: postgres
    ports: ["127.0.0.1:15432:5432", "9187"]
    expose: [5432]
    networks:
      back: {aliases: [database], ipv4_address: 10.0.0.5}
  web:
    build: .
    scale: 2
    ports: ["8080-8081:80"]
    links: ["db:pg"]
    networks: [back, default]
networks:
  back: {name: common}
""",
    )
    db, web = found.services
    assert db == Service(
        service="db",
        project="shop",
        containers=(
            Container(
                name="shop-db-1",
                memberships=(
                    Membership(
                        network="common",
                        names=("shop-db-1", "db", "database"),
                        addresses=("10.0.0.5",),
                    ),
                ),
                publications=(
                    Publication(port=5432, published=15432, address="127.0.0.1"),
                    Publication(port=9187, published=None),
                ),
                exposed=(5432,),
            ),
        ),
        certainty="intended",
        source="compose",
        linked=("pg",),
    )
    assert (db.name, db.container, db.aliases) == ("db", "shop-db-1", ("db", "database"))
    assert [container.name for container in web.containers] == ["shop-web-1", "shop-web-2"]
    assert web.networks == ("common", "shop_default")
    assert web.names == ("shop-web-1", "web", "shop-web-2")
    # The file does not say which replica gets which port, so each has them all.
    assert web.publications == (Publication(port=80, published=None),)
    assert {container.publications for container in web.containers} == {web.publications}


def test_a_service_that_no_name_answers_for(root: Path) -> None:
    found = read(
        root,
        """
services:
  a: {image: x, network_mode: host, ports: ["81:80"], expose: [90]}
  b: {image: x, network_mode: bridge, container_name: box}
  c: {image: x, network_mode: other}
  d: {image: x, network_mode: "service:b"}
  e: {image: x, networks: [h]}
  f: {image: x, scale: 0}
networks:
  h: {external: true, name: host}
""",
    )
    host, bridge, other, beside, external, none = found.services
    assert (host.containers[0].network_mode, host.memberships) == ("host", ())
    assert (host.publications, host.containers[0].exposed) == ((), (90, 80))
    assert host.name == "shop-a-1"
    assert bridge.memberships == (Membership(network="bridge", names=()),)
    assert bridge.name == "box"
    # compose gives no alias on a network that it does not manage.
    assert other.memberships == (Membership(network="other", names=("shop-c-1",)),)
    assert beside.containers[0].network_mode == "container:box"
    assert external.containers[0].network_mode == "host"
    assert (none.containers, none.name, none.container) == ((), "f", "f")


def test_links_that_differ_name_nobody(root: Path) -> None:
    found = read(
        root,
        """
services:
  one: {image: x}
  two: {image: x}
  a: {image: x, links: ["one:db", "two:b", "one:uno"]}
  b: {image: x, links: ["two:db", "one:uno", "one"]}
""",
    )
    assert {service.service: service.linked for service in found.services} == {
        "one": ("uno",),
        "two": (),
        "a": (),
        "b": (),
    }


def test_compatibility_names_containers_the_old_way(root: Path) -> None:
    (service,) = read(root, SMALL, COMPOSE_COMPATIBILITY="true").services
    assert service.container == "shop_a_1"


def test_no_file_is_no_note(root: Path) -> None:
    assert read(root) == Neighbourhood()


def test_the_working_directory_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(root)
    assert compose.read(None, {}, seconds=60).project == "shop"


def test_a_directory_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert compose.read(None, {}, seconds=60) == Neighbourhood()


# --- what is believed ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["compose.yaml", "compose.override.yaml", ".env"])
def test_others_may_write_it(root: Path, name: str) -> None:
    for made in {"compose.yaml", name}:
        (root / made).write_text("" if made == ".env" else SMALL, encoding="utf-8")
    assert not read(root).notes
    (root / name).chmod(0o666)
    assert "is not believed" in why(read(root))
    assert name in why(read(root))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_it_belongs_to_somebody_else(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    os.chown(root / "compose.yaml", 65534, 65534)
    assert "is not believed" in why(read(root))


def test_a_link_to_what_others_may_write(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").symlink_to(tmp_path / "other.yaml")
    assert not read(root).notes
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    (open_to_all / "other.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").unlink()
    (root / "compose.yaml").symlink_to(open_to_all / "other.yaml")
    assert "is not believed" in why(read(root))


def test_above_the_projects_root(root: Path) -> None:
    (root.parent / "compose.yaml").write_text(SMALL, encoding="utf-8")
    assert "outside of the project's root" in why(read(root))
    assert read(root, COMPOSE_FILE="../compose.yaml").services
    assert read(root, file="../compose.yaml").services


def test_without_a_projects_root(tmp_path: Path) -> None:
    assert "no project's root" in why(read(tmp_path, SMALL))
    assert read(tmp_path, file="compose.yaml").services
    assert read(tmp_path, COMPOSE_FILE="compose.yaml").services


def test_a_variable_file_outside_of_any_project(tmp_path: Path) -> None:
    """Compose would read it, hostshift does not: so what the file says is not known."""
    (tmp_path / ".env").write_text("A=1", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "compose.yaml").write_text(SMALL, encoding="utf-8")
    assert "lies in no project's root" in why(read(tmp_path, COMPOSE_FILE="sub/compose.yaml"))


@pytest.mark.parametrize("other", ["sub/b.yaml", "sub/.env"])
def test_a_file_that_another_one_names(root: Path, other: str) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "b.yaml").write_text("services: {b: {image: x}}", encoding="utf-8")
    (root / "sub" / ".env").write_text("", encoding="utf-8")
    path = str(oracle().parent)
    found = read(root, f"include: [sub/b.yaml]\n{SMALL}", PATH=path)
    assert {service.service for service in found.services} == {"a", "b"}
    (root / other).chmod(0o666)
    assert "is not believed" in why(read(root, PATH=path))


def test_a_file_that_an_extended_one_names(root: Path) -> None:
    path = str(oracle().parent)
    (root / "b.yaml").write_text(
        "services: {b: {extends: {file: c.yaml, service: c}}}", encoding="utf-8"
    )
    (root / "c.yaml").write_text("services: {c: {image: x, ports: [80]}}", encoding="utf-8")
    text = "services: {a: {extends: {file: b.yaml, service: b}}}"
    (service,) = read(root, text, PATH=path).services
    assert service.publications == (Publication(port=80, published=None),)
    (root / "c.yaml").chmod(0o666)
    assert "is not believed" in why(read(root, PATH=path))


def test_a_file_that_is_not_there(root: Path) -> None:
    text = "services: {a: {extends: {file: b.yaml, service: b}}}"
    assert "not there" in why(read(root, text, PATH=str(oracle().parent)))


def test_files_in_a_circle(root: Path) -> None:
    path = str(oracle().parent)
    (root / "b.yaml").write_text("include: [compose.yaml]", encoding="utf-8")
    assert "it refuses the file" in why(read(root, f"include: [b.yaml]\n{SMALL}", PATH=path))


def test_a_compose_that_never_answers(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "docker-compose"
    program.write_text("#!/bin/sh\n/bin/sleep 60 &\nwait\n", encoding="utf-8")
    program.chmod(0o755)
    (root / "compose.yaml").write_text("services: {a: {extends: b}}", encoding="utf-8")
    started = time.monotonic()
    found = compose.read(str(root), {"PATH": str(tmp_path)}, seconds=0.5)
    assert "too long" in why(found)
    assert time.monotonic() - started < 30  # generous: the machine may be busy


@pytest.mark.parametrize("printed", ["", "[]", "{", "null", '{"services": 5}'])
def test_a_compose_that_prints_nonsense(root: Path, tmp_path: Path, printed: str) -> None:
    program = tmp_path / "docker-compose"
    program.write_text(f"#!/bin/sh\necho '{printed}'\n", encoding="utf-8")
    program.chmod(0o755)
    assert why(read(root, "services: {a: {extends: b}}", PATH=str(tmp_path)))


def test_the_plugin_is_asked_first(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = compose ] && shift && exec {oracle()} "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    text = "services: {b: {image: x}, a: {extends: b}}"
    assert len(read(root, text, PATH=str(tmp_path)).services) == 2


# --- bad input ----------------------------------------------------------------------------------


def test_the_line_is_told(root: Path) -> None:
    found = read(root, "services:\n  a:\n    image: x\n    ports:\n      - ${X:?}:80\n")
    (note,) = found.notes
    assert note.where == f"{root}/compose.yaml:5"
    assert note.what == "the variable X has to be set"
    (note,) = read(root, "services:\n  a: [\n").notes
    assert note.where == f"{root}/compose.yaml:3"
    (root / ".env").write_text("A=1\n\nB C=2\n", encoding="utf-8")
    (note,) = read(root, SMALL).notes
    assert note.where == f"{root}/.env:3"


def _a_directory(path: Path) -> None:
    path.mkdir()


def _a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _no_text(path: Path) -> None:
    path.write_bytes(b"services: {a: {image: \xff\xfe\xfa}}")


def _control_characters(path: Path) -> None:
    path.write_bytes(b"services: {a: {image: \x00\x01}}")


def _huge(path: Path) -> None:
    path.write_bytes(b"a: b\n" * (10 << 20))


def _a_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_a_directory, "is a directory"),
        (_a_pipe, "not a plain file"),
        (_no_text, "not valid YAML"),
        (_control_characters, "not valid YAML"),
        (_huge, "larger than 8 MB"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_what_is_no_file(
    root: Path, make: Callable[[Path], None], reason: str, *, named: bool
) -> None:
    make(root / "compose.yaml")
    assert reason in why(read(root, file="compose.yaml" if named else None))


def test_a_link_to_nowhere_is_no_file(root: Path) -> None:
    _a_broken_link(root / "compose.yaml")
    assert read(root) == Neighbourhood()
    assert "cannot be read" in why(read(root, file="compose.yaml"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read(root: Path) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    (root / "compose.yaml").chmod(0)
    assert "cannot be read" in why(read(root))


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_path_that_is_none(root: Path, path: str) -> None:
    assert why(read(root, file=path))
    assert not compose.read(f"{root}/{path}", {}, seconds=60).services


def test_the_standard_input_is_not_read(root: Path) -> None:
    assert "standard input" in why(read(root, COMPOSE_FILE="-"))


def test_a_switch_that_is_none(root: Path) -> None:
    assert "neither true nor false" in why(read(root, SMALL, COMPOSE_DISABLE_ENV_FILE="maybe"))


BOMB = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGE_BOMB = (
    "x-a: &a {" + ", ".join(f"k{n}: v" for n in range(2000)) + "}\n"
    "x-b:\n" + "".join(f"  b{n}: {{<<: [{', '.join(['*a'] * 20)}]}}\n" for n in range(50))
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases that stand for more"),
        (MERGE_BOMB, "aliases that stand for more"),
        ("x: " + "[" * 100_000, "within each other"),
        ("x: " + "{a: " * 100_000, "within each other"),
        ("- " * 100_000, "within each other"),
        ("services: {a: {image: x, scale: 999999999}}", "more than 10,000 containers"),
        ("services: {a: {image: x, ports: ['1-65535', '1-65535']}}", "more than 70,000 ports"),
        ("services: {a: {image: x, expose: ['1-65535', '1-65535']}}", "more than 70,000 ports"),
        (f"services: {{a: {{image: x, ports: ['{'9' * 5000}']}}}}", "a port is a number"),
        (f"services: {{a: {{image: x, scale: {'9' * 5000}}}}}", "not a whole number"),
        ("services: {a: {image: '" + "${A:-" * 5000 + "}" * 5000 + "'}}", "within each other"),
        ("? [a]\n: b\n", "a key that is a mapping or a list"),
        ("{a: b}: c\n", "a key that is a mapping or a list"),
        ("x: &x [a]\n*x : b\n", "a key that is not a text"),
    ],
)
def test_what_is_too_much(root: Path, text: str, reason: str) -> None:
    started = time.monotonic()
    assert reason in why(read(root, text))
    assert time.monotonic() - started < 20  # generous: without the limits it would be hours


def test_a_long_variable_many_times(root: Path) -> None:
    text = f"services: {{a: {{image: '{'$A' * 10_000}'}}}}"
    assert "too long" in why(read(root, text, A="x" * 100_000))


def test_the_time_is_kept(root: Path) -> None:
    services = "".join(f"  s{n}: {{image: x}}\n" for n in range(20_000))
    (root / "compose.yaml").write_text(f"services:\n{services}", encoding="utf-8")
    assert "takes longer" in why(compose.read(str(root), {}, seconds=0.001))


def test_without_pyyaml(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert "hostshift[compose]" in why(read(root, SMALL))


def test_another_kind_of_value_wherever_one_stands(root: Path) -> None:
    """Whatever stands for whatever else: a reason, and no exception."""
    keys = "build container_name depends_on deploy expose image labels links network_mode"
    keys += " networks ports profiles provider scale extends"
    values = ["", "5", "x", "true", "[]", "{}", "[[]]", "[{}]", "{a: []}", "{a: {b: {}}}", "[null]"]
    for key in keys.split():
        for value in values:
            text = f"services: {{a: {{image: x, {key}: {value}}}}}"
            if key == "image":
                text = f"services: {{a: {{image: {value}}}}}"
            read(root, text)
    for key in ("services", "networks", "name", "include", "version", "x-a"):
        for value in values:
            read(root, f"{key}: {value}\n" + ("" if key == "services" else SMALL))
    for value in values:
        read(root, f"{SMALL}\nnetworks: {{default: {{external: {value}, name: {value}}}}}")


# --- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"services: {{a: {{image: x, environment: {{P: {SECRET}}}, ports: ['{SECRET}:80']}}}}",
        f"services: {{a: {{image: x, ports: ['80:80/{SECRET}']}}}}",
        f"services: {{a: {{image: x, container_name: '{SECRET} '}}}}",
        f"services: {{a: {{image: x, scale: {SECRET}}}}}",
        f"services: {{a: {{image: x, labels: ['${{X:?{SECRET}}}']}}}}",
        f"services: {{a: {{image: x, labels: '{SECRET}'}}}}",
        f"services: {{a: {{image: x, labels: {{a: '{SECRET}${{'}}}}}}",
        f"services: {{a: {{image: x, command: [*{SECRET}]}}}}",
        f"services: {{a: {{image: !{SECRET} x}}}}",
        f"services: {{a: {{image: x, networks: {{default: {{ipv4_address: {SECRET}}}}}}}}}",
        f"services:\n  {SECRET}!: {{image: x}}",
        f"services: [{SECRET}",
        f'services: "\\q{SECRET}"',
        f"%{SECRET}\n---\na: b",
        f"a: !b!{SECRET} c",
        f"services: {{a: {{image: x, environment: {{P: {SECRET}}}, command: [{SECRET}]}}}}",
        f"services: {{a: {{extends: b, environment: {{P: {SECRET}}}}}, b: {{image: x}}}}",
    ],
)
def test_no_value_is_kept_or_told(
    root: Path, text: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    for path in (os.devnull, str(oracle().parent)):
        found = read(root, text, PATH=path, UNRELATED=SECRET)
        assert SECRET not in repr(found)
        assert SECRET not in "".join(map(str, found.notes))
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


def test_a_variable_file_is_not_told(root: Path) -> None:
    for text in (f"A={SECRET}", f"A B={SECRET}", f"A='{SECRET}", f"{SECRET}!=1", f"A=${{{SECRET}"):
        (root / ".env").write_text(text, encoding="utf-8")
        assert SECRET not in repr(read(root, SMALL))


# --- speed --------------------------------------------------------------------------------------

LEAN = "services:\n" + "".join(
    f"  s{n}: {{image: x, ports: ['{10000 + n}:5432']}}\n" for n in range(1000)
)
RICH = "services:\n" + "".join(
    f"""  svc{n}:
    image: "registry.example/app:{n}"
    restart: unless-stopped
    ports:
      - "{10000 + n}:5432"
      - 127.0.0.1:{20000 + n}:8080/tcp
    environment:
      DATABASE_URL: postgres://app:${{PASS:-x}}@db:5432/app
      DEBUG: "true"
    networks:
      back:
        aliases: [alias{n}, other{n}]
      default:
    labels:
      com.example.tier: backend
    depends_on: [{f"svc{n - 1}" if n else ""}]
"""
    for n in range(1000)
)
RICH += "networks:\n  back: {}\n"


@pytest.mark.parametrize("text", [LEAN, RICH], ids=["lean", "rich"])
def test_a_thousand_services_cost_little_more_than_their_yaml(root: Path, text: str) -> None:
    """The whole reading, against yaml.load alone; the best of several in turn."""
    import yaml

    (root / "compose.yaml").write_text(text, encoding="utf-8")
    data, at = text.encode(), str(root)
    assert len(compose.read(at, {}, seconds=60).services) == 1000
    ratios = []
    for _ in range(3):
        ours, theirs = [], []
        for _ in range(8):
            ours.append(_took(lambda: compose.read(at, {}, seconds=60)))
            theirs.append(_took(lambda: yaml.load(data, Loader=yaml.CSafeLoader)))
        ratios.append(min(ours) / min(theirs))
    assert min(ratios) <= 1.25, ratios


def _took(work: Callable[[], object]) -> float:
    started = time.process_time()  # other processes do not count
    work()
    return time.process_time() - started


SHAPES: dict[str, Callable[[int], str]] = {
    "many services": lambda n: (
        "services:\n" + "".join(f"  s{at}: {{image: x, ports: ['80']}}\n" for at in range(n // 30))
    ),
    "many variables": lambda n: f"x-a: '{'${A:-b}' * (n // 8)}'\n{SMALL}",
    "variables on lines": lambda n: "x-a: |\n" + "  ${A:-b} }\n" * (n // 11) + SMALL,
    "open variables": lambda n: f"x-a: '{'${A:-{' * (n // 6)}}}'\n{SMALL}",
    "braces": lambda n: f"x-a: '${{A:-{'{x' * (n // 2)}}}'\n{SMALL}",
    "dollars": lambda n: f"x-a: '{'$' * n}'\n{SMALL}",
    "many aliases": lambda n: "x-a: &a {b: c}\nx-b:\n" + "- *a\n" * (n // 5) + SMALL,
    "many merges": lambda n: "x-a: &a {b: c}\nx-b:\n" + "- {<<: *a}\n" * (n // 11) + SMALL,
    "many ports": lambda n: f"services: {{a: {{image: x, ports: [{'80, ' * (n // 4)}]}}}}",
    "colons": lambda n: f"services: {{a: {{image: x, ports: ['{':' * n}']}}}}",
    "dashes": lambda n: f"services: {{a: {{image: x, ports: ['1{'-1' * (n // 2)}']}}}}",
    "a long scalar": lambda n: f"x-a: 0x{'1' * n}\n{SMALL}",
    "underscores": lambda n: f"x-a: 1{'_' * n}\n{SMALL}",
    "many labels": lambda n: f"services: {{a: {{image: x, labels: [{'a=b, ' * (n // 5)}]}}}}",
}
ENV_SHAPES: dict[str, Callable[[int], str]] = {
    "many lines": lambda n: "A=b\n" * (n // 4),
    "comments": lambda n: "#\n" * (n // 2),
    "blank": lambda n: "\n" * n + "#",
    "spaces": lambda n: "A=" + " " * n + "b",
    "an open quote": lambda n: "A='" + "x" * n,
    "backslashes": lambda n: 'A="' + "\\" * n,
    "a long key": lambda n: "A" * n + "=b",
    "exports": lambda n: "export " * (n // 7) + "A=b",
    "keys alone": lambda n: "A\n" * (n // 2),
    "quoted": lambda n: "A='b' " * (n // 6),
    "variables": lambda n: "A=$A$A\n" * (n // 7),
}


def _ratio(root: Path, name: str, shape: Callable[[int], str], size: int) -> float:
    """Return how much longer eight times the text takes."""
    best = []
    for length in (size, 8 * size):
        (root / name).write_text(shape(length), encoding="utf-8")
        best.append(min(_took(lambda: read(root)) for _ in range(4)))
    return best[1] / best[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear_in_the_file(root: Path, shape: str) -> None:
    """Eight times the text: a quadratic reader would take 64 times the time."""
    ratio = min(_ratio(root, "compose.yaml", SHAPES[shape], 8_000) for _ in range(3))
    assert ratio < 8 * 2.3


@pytest.mark.parametrize("shape", ENV_SHAPES)
def test_time_is_linear_in_the_variable_file(root: Path, shape: str) -> None:
    (root / "compose.yaml").write_text(SMALL, encoding="utf-8")
    ratio = min(_ratio(root, ".env", ENV_SHAPES[shape], 8_000) for _ in range(3))
    assert ratio < 8 * 2.3


# --- the other parser ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in cases() if not case.beyond], ids=lambda c: c.id)
def test_the_same_without_libyaml(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, environ = str(case.lay_out(tmp_path / "shop")), case.environment(os.devnull)
    fast = compose.read(at, environ, file=case.file, seconds=60)
    monkeypatch.setattr(load, "_parser", load._python_parser)
    slow = compose.read(at, environ, file=case.file, seconds=60)
    assert facts_of(slow) == facts_of(fast)
    assert [note.what.partition(":")[0] for note in slow.notes] == [
        note.what.partition(":")[0] for note in fast.notes
    ]


def test_the_limits_are_as_documented() -> None:
    assert (files.LIMIT, load.EXPANDED, project.MOST) == (8 << 20, 1_000_000, 10_000)
