"""Any text at all: no exception, and the same answer as the real docker-compose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostshift.discovery import Topology, compose
from hostshift.discovery.compose import dotenv, ports, scalars, yaml_events
from hostshift.discovery.compose.interpolate import Interpolator
from hostshift.discovery.compose.problems import Problem
from tests.unit.compose_cases import (
    Case,
    budget,
    comparable,
    config,
    facts_of,
    facts_of_config,
    oracle,
    plenty,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.discovery.compose.values import Value

ENOUGH = 2
"""Examples that have to get past the refusal, of a hundred. A tenth of them does at the least:
fewer than two are seen once in many thousand runs."""
VARIABLES = {"A": "81", "B": "", "C1": "${A}", "d": "x y"}
ORACLE_EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))


def _made_of(pieces: str, size: int) -> st.SearchStrategy[str]:
    """Make texts of pieces that spaces divide here; _ is a space, and escapes are escapes."""
    parts = [part.replace("_", " ").encode().decode("unicode_escape") for part in pieces.split()]
    return st.lists(st.sampled_from(parts), max_size=size).map("".join)


# The second-last piece of the first folds to an s, which names of variables may have.
templates = _made_of(r"$ ${ } { A B C1 d E : - + ? :- _ \n 7 x \u017f ${A:-", 14)
specs = _made_of("8 80 0 1 : - / tcp UDP [::1] 127.0.0.1 :: [ ] x _ 65535", 9)
env_files = _made_of(r"A B NEW OUT = : ' \x22 # _ \n \t \\ $ ${A} export_ x 1 \xfc n \r \x0b 0", 18)
plain_scalars = st.text("0123456789_+-.eExXoObB:~nul ", min_size=1, max_size=6)
places = st.sampled_from(
    ["command: %s", "x-a: %s", "labels: {a: %s}", "container_name: %s", "ports: [%s]", "%s"]
)
WHOLE = "services: {a: {image: x, %s}}"
yaml_texts = st.text(max_size=80) | _made_of(
    r"services: a: _ __ \n &a *a <<: [ ] { } , -_ ' \x22 x !reset_ !!str_ |\n ---\n ports: "
    "image:_x ?_ % @ #",
    40,
)


def _some_pass(examples: st.SearchStrategy[Any], work: Callable[[Any], object]) -> None:
    """Check that nothing but Problem is raised, and that enough examples get past the refusal.

    A reader that refuses everything raises nothing else either.
    """
    passed: list[object] = []

    @given(examples)
    def run(example: object) -> None:
        with suppress(Problem):
            work(example)
            passed.append(example)

    run()
    assert len(passed) >= ENOUGH


def test_interpolation_raises_nothing_else() -> None:
    def replaced(text: str) -> None:
        assert isinstance(Interpolator(VARIABLES.get, budget()).text(text), str)

    _some_pass(st.one_of(st.text(), templates), replaced)
    pieces = ["${A}", "${B:-x}", "$d", "${E-$A}", "${C1:+{}}", "}", "$$", "${", "x", "\n"]
    _some_pass(st.lists(st.sampled_from(pieces), min_size=2, max_size=8).map("".join), replaced)


def test_ports_raise_nothing_else() -> None:
    values = st.one_of(st.text(), specs, st.lists(specs), st.none(), st.integers())
    published = values | st.integers(0, 65_535).map(str)
    with_published = st.builds(lambda value: [{"target": "80", "published": value}], published)
    lists = st.builds(lambda value: [value], specs | st.integers(1, 70_000))
    for entries in (lists, with_published):
        _some_pass(entries, lambda value: ports.publications(value, "ports"))
    _some_pass(lists, lambda value: ports.exposed(value, "expose"))

    @given(values)
    def others(value: Value) -> None:
        entries: list[Value] = [value, [value], [{"target": value}]]
        for entry in entries:
            with suppress(Problem):
                ports.publications(entry, "ports")
            with suppress(Problem):
                ports.exposed(entry, "expose")

    others()


def test_env_files_raise_nothing_else() -> None:
    data = st.one_of(st.binary(), st.text().map(str.encode), env_files.map(str.encode))

    def variables(text: bytes) -> None:
        if not dotenv.parse(text, VARIABLES, {}, budget()):
            raise Problem("nothing is set")  # an empty file is no example that passes

    _some_pass(data, variables)


def test_files_raise_nothing_else() -> None:
    data = st.one_of(st.binary(), yaml_texts.map(lambda text: text.encode("utf-8", "replace")))

    def trees(text: bytes) -> None:
        if not any(document.tree for document in yaml_events.documents(text, "c.yaml", budget())):
            raise Problem("nothing is in it")

    _some_pass(data, trees)


def test_nothing_comes_out_of_a_reading() -> None:
    """Whole files: what is read is a project, and what is not has its reason and next step."""
    values = yaml_texts | st.text(max_size=20).map(json.dumps) | specs.map(json.dumps)
    files = st.builds(lambda place, value: WHOLE % (place % value), places, values)

    def project(text: str) -> None:
        with tempfile.TemporaryDirectory() as made:
            Path(made, "hostshift.toml").touch()
            Path(made, "compose.yaml").write_text(text, encoding="utf-8", errors="replace")
            found = compose.read(made, {"PATH": os.devnull}, deadline=plenty())
        if found.gaps:
            assert why(found)
            raise Problem("it could not be read")
        assert found.project

    _some_pass(files, project)

    @given(yaml_texts)
    def others(text: str) -> None:
        with suppress(Problem):
            project(text)

    others()


@given(st.text("0123456789_+-.eExXoObB:~nul", max_size=12))
def test_scalars_raise_nothing(text: str) -> None:
    scalars.plain(text)
    scalars.is_text(text)


# --- against the real compose -------------------------------------------------------------------


def _both(text: str, environ: dict[str, str], env_file: str | None = None) -> tuple[object, object]:
    """Return the container's aliases and ports as the real compose and as hostshift read them."""
    with tempfile.TemporaryDirectory() as made:
        Path(made, "hostshift.toml").touch()
        Path(made, "compose.yaml").write_text(text, encoding="utf-8")
        if env_file is not None:
            Path(made, ".env").write_bytes(env_file.encode())
        variables = {"PATH": os.devnull, "COMPOSE_PROJECT_NAME": "fuzz", **environ}
        done = subprocess.run(
            [oracle(), "config", "--format", "json"],
            cwd=made,
            env={**variables, "HOME": made},
            capture_output=True,
            check=False,
            timeout=60,
        )
        found = compose.read(made, variables, deadline=plenty())
    return _said(done.stdout) if done.returncode == 0 else None, _ours(found)


def _said(printed: bytes) -> object:
    service = json.loads(printed)["services"]["a"]
    aliases = (service["networks"]["default"] or {}).get("aliases", ())
    published = {
        (port["target"], port.get("published", ""), port.get("host_ip", ""), port["protocol"])
        for port in service.get("ports", ())
    }
    return {alias.replace("$$", "$") for alias in aliases}, {_chosen(port) for port in published}


def _chosen(port: tuple[int, str, str, str]) -> tuple[int, int | None, str, str]:
    target, published, address, protocol = port
    fixed = "-" not in published and published not in ("", "0")
    return target, int(published) if fixed else None, address, protocol


def _ours(found: Topology) -> object:
    if found.notes:
        return None
    (service,) = found.services
    published = {
        (port.port, port.published, port.address, port.protocol) for port in service.publications
    }
    return set(service.names) - {"a", "fuzz-a-1"}, published


def _with_aliases(aliases: str) -> str:
    return f"services: {{a: {{image: x, networks: {{default: {{aliases: [{aliases}]}}}}}}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


@settings(max_examples=ORACLE_EXAMPLES)
@given(templates)
def test_interpolation_is_compose_s(text: str) -> None:
    file = _with_aliases(_quoted(f"{text}z"))
    said, found = _both(file, VARIABLES)
    assert found == said


@settings(max_examples=ORACLE_EXAMPLES)
@given(specs)
def test_ports_are_compose_s(spec: str) -> None:
    said, found = _both(f"services: {{a: {{image: x, ports: [{_quoted(spec)}]}}}}", {})
    # Only hostshift minds a port 0 inside.
    assert found == said or (found is None and "0" in spec)


@settings(max_examples=ORACLE_EXAMPLES)
@given(plain_scalars)
def test_plain_scalars_are_compose_s(text: str) -> None:
    file = f"services:\n  a:\n    image: x\n    ports:\n    - {text}\n"
    said, found = _both(file, {})
    assert found == said or (found is None and "0" in text)


@settings(max_examples=ORACLE_EXAMPLES)
@given(env_files)
def test_env_files_are_compose_s(text: str) -> None:
    names = ("A", "B", "NEW", "OUT", "x")
    aliases = ", ".join(f"'{name}<${{{name}-none}}>'" for name in names)
    file = _with_aliases(aliases)
    said, found = _both(file, {"OUT": "o"}, text)
    assert found == said


def test_the_oracle_is_there() -> None:
    """Without it the comparison would compare nothing."""
    assert shutil.which(oracle())
    said, found = _both("services: {a: {image: x, ports: ['80:80']}}", {})
    assert said == found == (set(), {(80, 80, "", "tcp")})
    with pytest.raises(AssertionError):
        assert _both("services: {a: {image: x, ports: ['81:80']}}", {})[1] == said


# --- whole projects -----------------------------------------------------------------------------

NAMES = ("a", "b", "c")
_short_ports = st.sampled_from(
    [
        "80",
        "80:80",
        "0.0.0.0:80:80",
        "127.0.0.1:80:80",
        "81:80/udp",
        "90-91:90-91",
        80,
        "0:80",
        "5-9:80",
    ]
)
_long_ports = st.fixed_dictionaries(
    {"target": st.sampled_from([80, "80", 90])},
    optional={
        "published": st.sampled_from(["80", "81", "", "80-85"]),
        "host_ip": st.sampled_from(["127.0.0.1", "0.0.0.0", "::1"]),
        "protocol": st.sampled_from(["tcp", "udp"]),
    },
)
_aliases = st.lists(st.sampled_from(["x", "y", "z", "a"]), unique=True, max_size=3)
_attachments = st.none() | st.fixed_dictionaries(
    {}, optional={"aliases": _aliases, "ipv4_address": st.sampled_from(["10.0.0.5", "10.0.0.6"])}
)
_network_keys = st.sampled_from(["default", "n", "m"])
_services = st.fixed_dictionaries(
    {},
    optional={
        "ports": st.none() | st.lists(_short_ports | _long_ports, max_size=3),
        "expose": st.lists(st.sampled_from(["1", "2-3", 4]), unique=True, max_size=2),
        "networks": st.lists(_network_keys, unique=True, max_size=2)
        | st.dictionaries(_network_keys, _attachments, max_size=2),
        "profiles": st.lists(st.sampled_from(["p", "q"]), unique=True, max_size=2),
        "labels": st.sampled_from(
            [
                [],
                {},
                None,
                ["hostshift.ignore=true"],
                {"hostshift.ignore": False},
                ["hostshift.ignore=false"],
            ]
        ),
        "scale": st.sampled_from([0, 1, 2, "2", None]),
        "deploy": st.sampled_from([{}, None, {"replicas": 2}, {"replicas": None}]),
        "container_name": st.sampled_from(["box", "crate", None]),
    },
)
_modes = st.fixed_dictionaries(
    {}, optional={"network_mode": st.sampled_from(["host", "none", "service:a", "bridge"])}
)
_needs = st.fixed_dictionaries(
    {},
    optional={
        "depends_on": st.sampled_from(
            [["a"], {"a": {"condition": "service_started", "required": False}}, ["nobody"], []]
        ),
        "links": st.sampled_from([["a"], ["a:other"], []]),
    },
)
_bases = st.sampled_from(NAMES)
_extends = st.one_of(
    _bases,
    st.fixed_dictionaries({"service": _bases}, optional={"file": st.just("base.yaml")}),
)
_networks = st.dictionaries(
    _network_keys,
    st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["one", "two"]),
            "external": st.sampled_from([True, False, "yes", {"name": "one"}]),
        },
    ),
    max_size=3,
)


@st.composite
def _files(draw: st.DrawFn, *, first: bool) -> str:
    services = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=int(first))):
        said = {**draw(_services), **({"image": "i"} if first else {})}
        if draw(st.integers(0, 4)) == 0:
            said.update(draw(_modes))
        extended = {"extends": draw(_extends)} if draw(st.integers(0, 4)) == 0 else {}
        services[name] = {**said, **extended, **draw(_needs)}
    tree = {"services": services, "networks": {"n": {}, "m": {}, **draw(_networks)}}
    if draw(st.integers(0, 4)) == 0:
        tree["name"] = draw(st.sampled_from(["shop", "-Shop 1", ""]))
    return json.dumps(tree)


def _used(base: str, mains: tuple[str, ...]) -> str:
    """Return a file with only those services that others extend, directly or by one another."""
    tree = json.loads(base)
    services = tree["services"]
    left = [
        one["extends"]["service"]
        for main in mains
        for one in json.loads(main).get("services", {}).values()
        if isinstance(one.get("extends"), dict) and "file" in one["extends"]
    ]
    used: dict[str, object] = {}
    while left:
        name = left.pop()
        if name in used or name not in services:
            continue
        used[name] = services[name]
        extended = services[name].get("extends")
        left += (
            [extended] if isinstance(extended, str) else [extended["service"]] if extended else []
        )
    return json.dumps({**tree, "services": used or services})


@settings(max_examples=2 * ORACLE_EXAMPLES)
@given(
    _files(first=True),
    st.none() | _files(first=False),
    _files(first=True),
    st.sampled_from([{}, {"COMPOSE_PROFILES": "p"}, {"COMPOSE_PROFILES": "*"}]),
)
def test_projects_are_compose_s(
    main: str, override: str | None, base: str, environ: dict[str, str]
) -> None:
    texts = {"compose.yaml": main, **({"compose.override.yaml": override} if override else {})}
    texts["base.yaml"] = base
    case = Case(id="", why="", files=texts, environ=environ)
    with tempfile.TemporaryDirectory() as made:
        at = case.lay_out(Path(made, "shop"))
        said = config(case, at)
        found = compose.read(str(at), case.environment(os.devnull), deadline=plenty())
    if said is None and not found.notes:
        # hostshift reads no service of another file that nothing extends; compose refuses those.
        texts["base.yaml"] = _used(base, (main, override or "{}"))
        with tempfile.TemporaryDirectory() as made:
            case = Case(id="", why="", files=texts, environ=environ)
            said = config(case, case.lay_out(Path(made, "shop")))
    if said is None or found.notes:
        assert (said is None) == bool(found.notes), [str(note) for note in found.notes]
        return
    assert found.project == said["name"]
    wanted, got = comparable(facts_of_config(said), facts_of(found))
    assert got == wanted
