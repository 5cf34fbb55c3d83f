"""What could not be read is unknown: never another runtime, never another network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift import detect
from hostshift.detect import capture, evidence, facts, sources, vantage
from hostshift.detect.evidence import platform_variables
from hostshift.detect.evidence.noting import Noting
from hostshift.detect.facts import Facts
from hostshift.detect.rootfs import NAMESPACE_FILES, RootFs
from hostshift.detect.sources import INTERFACES, LISTENERS, SOURCES
from tests.unit.programs import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from hostshift import Vantage

MACHINES = sorted(path.parent for path in Path(__file__).parents[1].glob("machines/*/vantage.json"))

FILES = {INTERFACES: sources.INTERFACES_FILE, LISTENERS: "proc/net/tcp"}
"""Where a captured root keeps what is no file on a live machine."""

NAMES = sorted({*NAMESPACE_FILES.values(), *(name for names in SOURCES.values() for name in names)})

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc on this system")


def _closer(root: str) -> Facts:
    return facts.read_network(facts.read(root))


def _without(around: Facts, names: Iterable[str]) -> Facts:
    """Return surroundings of which some sources were not read."""
    gone = frozenset(names)
    kinds = {kind for kind, file in NAMESPACE_FILES.items() if file in gone}
    sysctls = SOURCES["initial_sysctls"][: around.initial_sysctls]
    return around.replace(
        texts={name: text for name, text in around.texts.items() if name not in gone},
        namespaces={kind: ns for kind, ns in around.namespaces.items() if kind not in kinds},
        initial_sysctls=len(set(sysctls) - gone),
        somaxconn=around.somaxconn and not gone.intersection(SOURCES["somaxconn"]),
        marks=around.marks - gone,
        environ={} if "proc/self/environ" in gone else around.environ,
        interfaces=None if INTERFACES in gone else around.interfaces,
        embedded_dns=around.embedded_dns and LISTENERS not in gone,
        unread=tuple(sorted(gone)),
    )


def _is_careful(before: Vantage, after: Vantage) -> None:
    """Fail where less was read and something else, or more, is claimed."""
    for question in ("isolation", "network", "naming", "platform"):
        assert getattr(after, question) in (getattr(before, question), "unknown"), question
    assert before.has_host_beyond or not after.has_host_beyond
    assert set(after.host_address) <= set(before.host_address)
    assert set(after.maybe_host) <= set(before.maybe_host)
    assert after.loopback_names <= before.loopback_names
    if before.network != "host":
        assert set(after.host_names) <= set(before.host_names)
        assert after.own_addresses <= before.own_addresses
        assert set(after.subnets) <= set(before.subnets)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_one_source_that_cannot_be_read(machine: Path, tmp_path: Path) -> None:
    """A link to itself is there and cannot be read, not even by root."""
    copy = tmp_path / "copy"
    shutil.copytree(machine, copy)
    whole = _closer(str(machine))
    before = vantage.judge(whole)
    for name in NAMES:
        path = copy / FILES.get(name, name)
        with _unreadable(path):
            around = _closer(str(copy))
        assert name in around.unread
        after = vantage.judge(around)
        assert any(one.startswith(FILES.get(name, name)) for one in after.odd)
        _is_careful(before, after)
        # So the tests of several sources may leave them out without touching files.
        assert _claims(vantage.judge(_without(whole, [name]))) == _claims(after), name


@contextmanager
def _unreadable(path: Path) -> Iterator[None]:
    """Put a link to itself in a file's place for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)
    try:
        yield
    finally:
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)


def _claims(stands: Vantage) -> tuple[object, ...]:
    names = ("isolation", "network", "naming", "platform", "host_address", "maybe_host")
    return tuple(getattr(stands, name) for name in (*names, "loopback_names", "host_names"))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_two_sources_that_cannot_be_read(machine: Path) -> None:
    around = _closer(str(machine))
    before = vantage.judge(around)
    for names in combinations(_said(around), 2):
        _is_careful(before, vantage.judge(_without(around, names)))


def _said(around: Facts) -> list[str]:
    """List the sources that say something on a machine."""
    files = {*around.texts, *(NAMESPACE_FILES[kind] for kind in around.namespaces)}
    single = {name for name, one in SOURCES.items() if name not in around.texts and len(one) == 1}
    more = {SOURCES[name][0] for name in single if getattr(around, name)}
    return sorted({*files, *more, *around.marks, *SOURCES["initial_sysctls"]})


@given(st.sampled_from(MACHINES), st.frozensets(st.sampled_from(NAMES), min_size=3))
def test_any_sources_that_cannot_be_read(machine: Path, names: frozenset[str]) -> None:
    around = _closer(str(machine))
    _is_careful(vantage.judge(around), vantage.judge(_without(around, names)))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_nothing_that_can_be_read_is_unknown(machine: Path) -> None:
    found = vantage.judge(_without(_closer(str(machine)), NAMES))
    assert {found.isolation, found.network, found.naming} == {"unknown"}
    assert found.unsure >= {"isolation", "network", "naming"}
    assert not found.has_host_beyond
    assert found.host_address == found.maybe_host == ()


def test_what_was_read_still_decides() -> None:
    """A source that cannot say anything else leaves the answer as it is."""
    machine = Path(__file__).parents[1] / "machines" / "docker-user-network"
    around = _without(_closer(str(machine)), ["proc/sys/net/ipv4/ip_local_port_range"])
    found = vantage.judge(around)
    assert (found.isolation, found.network, found.naming) == ("docker", "own", "docker")
    assert found.unsure == frozenset()
    assert found.unread == ("proc/sys/net/ipv4/ip_local_port_range",)
    host = Path(__file__).parents[1] / "machines" / "host"
    found = vantage.judge(_without(_closer(str(host)), ["etc/resolv.conf"]))
    assert (found.isolation, found.network, found.naming) == ("none", "host", "host")


def test_the_evidence_names_what_was_not_read() -> None:
    machine = Path(__file__).parents[1] / "machines" / "docker-pid-ipc-uts-cgroup-host"
    around = _without(_closer(str(machine)), ["proc/self/mountinfo"])
    found = vantage.judge(around)
    assert found.isolation == "unknown"  # all its other signs are a host's
    (said,) = [one for one in found.evidence if one.question == "isolation"]
    assert said.weight == "unread"
    assert "proc/self/mountinfo" in said.seen


@linux
def test_this_machine_without_any_two_of_its_sources() -> None:
    around = facts.read_network(facts.read())
    before = vantage.judge(around)
    for names in (*((name,) for name in NAMES), *combinations(NAMES, 2)):
        _is_careful(before, vantage.judge(_without(around, names)))


def test_every_fact_has_its_sources() -> None:
    """A fact that a sign looks at without a source could hide that it was not read."""
    known = {"root", "system", "live", "odd", "unread", "passing", "closer"}
    parsed = {name for name, one in vars(Facts).items() if hasattr(one, "_parse")}
    named = {*Facts._fields, *parsed} - known - {"texts", "namespaces"}
    assert named == set(SOURCES)


def test_a_look_is_noted_wherever_it_is_made() -> None:
    around = facts.read("/nowhere/at/all").replace(unread=("etc/hosts", "proc/self/ns/net"))
    looks: tuple[tuple[Callable[[Any], object], list[str]], ...] = (
        (lambda one: one.hosts, ["etc/hosts"]),
        (lambda one: one.namespaces.get("net"), ["proc/self/ns/net"]),
        (lambda one: "net" in one.namespaces, ["proc/self/ns/net"]),
        (lambda one: one.namespaces.get("pid"), []),
        (lambda one: one.texts.get("etc/hosts"), ["etc/hosts"]),
        (lambda one: one.resolver, []),
    )
    for look, missed in looks:
        noting = Noting(around)
        look(noting.as_facts)
        assert noting.missed == missed


def test_a_nested_table_passes_on_what_it_missed() -> None:
    """The naming of a Podman network rests on the isolation, which rests on the mounts."""
    machine = Path(__file__).parents[1] / "machines" / "podman-user-network"
    around = _closer(str(machine))
    text = "nameserver 10.89.0.1\nsearch shop.test\n"
    around = around.replace(texts={**around.texts, "etc/resolv.conf": text})
    assert vantage.judge(around).naming == "podman"
    assert vantage.judge(_without(around, ["proc/self/mountinfo"])).naming == "unknown"


def test_a_file_of_any_kind_in_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "hosts").mkdir()
    (tmp_path / "proc" / "self" / "ns").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "ns" / "net").write_text("pid of something")
    (tmp_path / "proc" / "self" / "mountinfo").symlink_to("mountinfo")
    found = facts.read(str(tmp_path))
    assert set(found.unread) == {"etc/hosts", "proc/self/ns/net", "proc/self/mountinfo"}
    assert not found.passing


def test_a_capture_keeps_what_was_not_read(tmp_path: Path) -> None:
    for machine in MACHINES[10:40:20]:
        for name in NAMES:
            around = _without(_closer(str(machine)), [name])
            there = tmp_path / f"{machine.name}-{NAMES.index(name)}"
            capture.write(str(there), around, vantage.judge(around))
            assert _claims(detect.detect(str(there))) == _claims(vantage.judge(around)), name


SCRIPT = """
import json, os, resource, sys
from hostshift import detect
from hostshift.detect import facts, kernel_facts, netlink, vantage
import hostshift.detect.evidence.noting, json, ipaddress
before = detect.detect()
{limit}
try:
    around = facts.read_network(facts.read())
    found = vantage.judge(around)
finally:
    {release}
print(json.dumps([found.as_dict(), found.passing, before.as_dict(), list(found.unread)]))
"""


def _run(script: str, *before: str, **more: object) -> list[object]:
    found: list[object] = answered([*before, sys.executable, "-P", "-c", script], **more)
    return found


def _same_or_unknown(before: object, after: object) -> None:
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    for question in ("isolation", "network", "naming"):
        assert after[question] in (before[question], "unknown")


@linux
def test_no_descriptor_is_left() -> None:
    limit = "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))"
    release = "resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))"
    found, passing, before, unread = _run(SCRIPT.format(limit=limit, release=release))
    _same_or_unknown(before, found)
    assert passing
    assert isinstance(unread, list)
    assert {"proc/self/mountinfo", "etc/hosts", INTERFACES, LISTENERS} <= set(unread)


@linux
@pytest.mark.parametrize("free", range(6))
def test_few_descriptors_are_left(free: int) -> None:
    limit = (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8, 4096))\n"
        f"held = [os.dup(0) for _ in range(5 - {free})]"
    )
    found, _, before, _ = _run(SCRIPT.format(limit=limit, release="pass"))
    _same_or_unknown(before, found)


WITHOUT = """
import json, os, resource, sys
import hostshift
from hostshift import Policy; from hostshift.resolution import resolver
texts = json.loads(sys.argv[1])
hostshift.resolve("localhost:1")
warm = sys.argv[2:]
if "warm" in warm:
    hostshift.resolve(texts[0]), hostshift.explain("postgresql://bkdb/x")
hostshift.reset()
hostshift.resolution.resolver.current()._policy = policy = Policy()
held = [os.dup(0)]
resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, 4096))

def asked():
    found = [hostshift.explain(text) for text in texts]
    vantage = hostshift.vantage()
    now = resolver.current()
    dials = [now.dial(*at) for at in (("localhost", 5432), ("bkdb", 5432), ("127.0.0.1", 1))]
    same = hostshift.resolve_environ({"DB_HOST": "bkdb", "URL": texts[0]})
    assert [hostshift.resolve(text) for text in texts] == texts
    hostshift.from_env("NOPE", texts[0])
    str(found[0].notes)
    return [one.after for one in found], [one.reason for one in found], vantage.network, [
        one.after.host for one in dials], same

first = asked()
try:
    hostshift.resolve("nats://bkdb:4222", policy=Policy(strict=True))
except hostshift.UndecidedError as error:
    strict = str(error)
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
print(json.dumps([first, strict, [one.reason for one in map(hostshift.explain, texts)],
                  hostshift.vantage().network]))
"""

TEXTS = [
    "mysql://a@localhost/x",
    "host=localhost user=x",
    "jdbc:postgresql://localhost/x",
    "amqp://localhost",
    "localhost:6379,password=x",
]


@linux
@pytest.mark.parametrize("state", ["cold", "warm"])
def test_no_descriptor_is_left_to_load_a_module_with(state: str, tmp_path: Path) -> None:
    """Modules are loaded where they are needed: there it is that nobody could say."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT, json.dumps(TEXTS), state],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (after, reasons, network, hosts, environ), strict, later, stands = json.loads(done.stdout)
    assert after == TEXTS
    assert hosts == ["localhost", "bkdb", "127.0.0.1"]
    assert environ == {"DB_HOST": "bkdb", "URL": TEXTS[0]}
    assert network in ("unknown", stands)
    assert "Too many open files" in reasons[1]
    assert "Too many open files" in strict
    assert later == [""] * len(TEXTS)  # none of it was remembered


@linux
def test_no_home_and_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    limit = f"os.environ.pop('HOME', None); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    found, _, before, _ = _run(SCRIPT.format(limit=limit, release="pass"))
    assert found == before


def _own_mounts(command: str) -> tuple[str, ...]:
    """Return how to run something after a command in a mount namespace of its own."""
    start = ("unshare", "--user", "--map-root-user", "--mount")
    try:
        done = subprocess.run([*start, "sh", "-c", command], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if done.returncode:
        pytest.skip(f"no mounts of our own here: {done.stderr.decode().strip()}")
    return (*start, "sh", "-c", f'{command} && exec "$@"', "sh")


@linux
def test_no_proc() -> None:
    before = _own_mounts("mount -t tmpfs none /proc")
    script = SCRIPT.format(limit="", release="pass")
    found, passing, _, unread = _run(script, *before)
    assert isinstance(found, dict)
    assert (found["network"], found["isolation"]) == ("unknown", "unknown")
    assert "proc (it is not mounted here)" in found["odd"]
    assert not passing
    assert isinstance(unread, list)
    assert "proc/self/ns/net" in unread


@pytest.mark.parametrize("where", ["", "missing", "file"])
def test_roots_that_hold_nothing(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    around = _closer(str(tmp_path / where))
    found = vantage.judge(around)
    assert (found.isolation, found.network, found.naming) == ("unknown",) * 3
    assert found.host_address == ()


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), OSError(24, "Too many")])
def test_whatever_fails_is_noted(error: Exception) -> None:
    at = RootFs("/")
    at.could_not("etc/hosts", error)
    assert at.unread == {"etc/hosts": not isinstance(error, RecursionError)}
    assert at.odd[0].startswith("etc/hosts (")


def test_platform_variables_are_all_in_the_table() -> None:
    """What the table looks at is read, and nothing else is."""
    names = {
        name
        for one in platform_variables.CONTRACTS
        for name in (one.sets, *one.besides, *one.never)
    }
    environ = dict.fromkeys(names, "x")
    assert platform_variables.variables({**environ, "SECRET": "x"}).keys() == names
    assert platform_variables.variables({"K_REVISION": "x", "SECRET": "x"}) == {}


def test_every_platform_is_an_answer_that_can_be_set() -> None:
    answers = {row.answer for row in evidence.ISOLATION}
    assert {one.platform for one in platform_variables.CONTRACTS} <= answers
