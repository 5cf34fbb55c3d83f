"""A capture judges as its machine did, and tells nothing about whose machine it was."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift import detect
from hostshift.cli import main
from hostshift.detect import capture, facts, sources, vantage
from hostshift.detect.anonymize import Scrubber
from hostshift.detect.facts import Facts
from hostshift.detect.interface import Interface
from hostshift.errors import CaptureError

if TYPE_CHECKING:
    from collections.abc import Mapping

MACHINES = sorted(path.parent for path in Path(__file__).parents[1].glob("machines/*/vantage.json"))
ID = "2837bb78fbba7558051e626cd542efabf4dd7382ccfad72c765172622e2477f8"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_a_captured_machine_is_judged_as_it_was(machine: Path) -> None:
    """Each was captured in the lab, where the answers were checked against what was set up."""
    found = detect.detect(str(machine)).as_dict()
    answers = json.loads((machine / "vantage.json").read_text())
    assert {name: answer for name, answer in found.items() if name in answers} == answers


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.name)
def test_a_capture_of_a_capture_is_the_same(machine: Path, tmp_path: Path) -> None:
    around, stands = detect.detect_closely(facts.read(str(machine)))
    capture.write(str(tmp_path / "again"), around, stands)
    assert _files(tmp_path / "again") == _files(machine)


def test_there_are_machines_of_every_runtime_of_the_lab() -> None:
    found = {
        json.loads((machine / "vantage.json").read_text())["isolation"] for machine in MACHINES
    }
    assert found >= {"none", "docker", "podman", "nspawn", "lxc", "gvisor", "sandbox"}


def _files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, answers = str(tmp_path / "new"), []
    for more in (["--capture", new], ["--root", new]):
        assert main(["vantage", "--json", *more]) == 0
        found = json.loads(capsys.readouterr().out)
        answers.append([found[name] for name in ("isolation", "network", "naming")])
    assert answers[0] == answers[1]


def test_a_directory_that_holds_something_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("keep")
    assert main(["vantage", "--capture", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    around, stands = detect.detect_closely(facts.read(str(tmp_path)))
    with pytest.raises(CaptureError, match="cannot be written"):
        capture.write(str(tmp_path / "file" / "below"), around, stands)


@pytest.mark.parametrize("name", ["missing", "file", "", "looped"])
@pytest.mark.parametrize("more", [[], ["--json"], ["--capture", "new"]])
def test_a_root_that_cannot_be_read_is_an_error(
    name: str,
    more: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "looped").symlink_to("looped")
    assert main(["vantage", "--root", name, *more]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert f"--root {name or repr(name)}: cannot be read (" in error
    assert "--capture DIR" in error
    assert not (tmp_path / "new").exists()


def test_an_empty_root_is_judged_and_said_to_be_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vantage", "--root", str(tmp_path)]) == 0
    out, error = capsys.readouterr()
    assert "network    unknown" in out
    assert "is an empty directory" in error


def test_link_local_addresses_stay_link_local() -> None:
    """Pasta's address of the host, and a router's: both tell what can be reached."""
    scrubber = Scrubber()
    assert scrubber.address("169.254.1.2") == "169.254.1.2"
    assert scrubber.address("fe80::5054:ff:fe12:3456") == "fe80::1"
    assert scrubber.address("fe80::1") == "fe80::2"


# Everything that people name is built from this word, so that it must not be found again.
SECRET = "acmecorp"
NAMED = st.sampled_from(
    [SECRET, f"{SECRET}-db", f"{SECRET}.example.com", f"x{SECRET}", "localhost"]
)
KNOWN = st.sampled_from(
    [
        "docker",
        "containers",
        "kubepods",
        "lxc.payload.x",
        f"docker-{ID}.scope",
        ID,
        "userdata",
        "etc",
    ]
)
PATHS = st.lists(NAMED | KNOWN, max_size=5).map(lambda parts: "/" + "/".join(parts))
POINTS = st.sampled_from([*sources.TELLING_POINTS, f"/{SECRET}"])
MOUNTS = st.builds(
    "1 0 0:1 {} {} rw - {} {} rw,upperdir={},lowerdir=/{}".format,
    *(PATHS, POINTS, st.sampled_from(["overlay", "ext4", "fuse.lxcfs"])),
    *(st.sampled_from(["overlay", f"/dev/mapper/{SECRET}", "kataShared"]), PATHS, NAMED),
)
ADDRESSES = st.sampled_from(["10.0.0.1", "127.0.0.11", "198.51.101.7", "8.8.8.8", "::1", "2600::7"])
TEXTS: Mapping[str, st.SearchStrategy[str]] = {
    "proc/self/mountinfo": st.lists(MOUNTS, max_size=6).map("\n".join),
    "proc/self/cgroup": st.lists(PATHS.map("3:cpu:{}".format), max_size=3).map("\n".join),
    "proc/self/uid_map": st.sampled_from(["0 0 4294967295\n", "0 1000 1\n", SECRET]),
    "etc/hosts": st.lists(
        st.builds("{} {} # {}".format, ADDRESSES, NAMED, NAMED)
        | st.sampled_from(
            [f"# Kubernetes-managed hosts file. {SECRET}", "10.0.0.1 host.lima.internal"]
        ),
        max_size=4,
    ).map("\n".join),
    "etc/resolv.conf": st.lists(
        ADDRESSES.map("nameserver {}".format)
        | NAMED.map("search {0} {0}.svc.cluster.local dns.podman".format)
        | NAMED.map("# Based on host file: '/{}' (internal resolver)".format)
        | NAMED.map("# ExtServers: [host(192.168.65.7) {}]".format),
        max_size=4,
    ).map("\n".join),
    "proc/net/route": st.sampled_from(["eth0", f"wg-{SECRET}", SECRET, "br-1"]).map(
        "Iface\n{0} 00000000 010011AC 0003 0 0 0 00000000\n{0} 000011AC 0 1 0 0 0 0000FFFF".format
    ),
    "proc/net/dev": st.sampled_from([f"h\nh\n lo: 0\n {SECRET}0: 0\n", "h\nh\n lo: 0\n eth0: 0\n"]),
    "proc/sys/kernel/osrelease": st.sampled_from(
        [f"6.1-{SECRET}", "6.6-linuxkit", f"6.1.7{SECRET}"]
    ),
    "proc/version": NAMED.map("Linux version 6.1 ({}@build) #1 SMP".format),
    "run/systemd/container": st.sampled_from(["", "docker", "lxc", SECRET]),
}


def _named(name: str) -> tuple[Interface, ...]:
    kind = "veth" if name != SECRET else SECRET.upper()
    networks = ("172.17.0.0/16", "2600::/64")
    return (
        Interface(name=name, kind=kind, addresses=("172.17.0.2", "2600::1"), networks=networks),
    )


AROUND = st.builds(
    Facts,
    root=st.just("/"),
    system=st.just("linux"),
    live=st.just(False),
    texts=st.fixed_dictionaries({}, optional=dict(TEXTS)),
    namespaces=st.sampled_from([{}, {"net": 4026531833, "pid": 4026531836}, {"pid": 4026532406}]),
    initial_sysctls=st.sampled_from([0, 4]),
    somaxconn=st.booleans(),
    marks=st.frozensets(st.sampled_from(sources.MARKS)),
    environ=st.sampled_from([{}, {"container": SECRET}, {"DYNO": SECRET}, {"container": "lxc"}]),
    interfaces=st.none() | st.sampled_from(["eth0", SECRET, f"tun-{SECRET}"]).map(_named),
    embedded_dns=st.booleans(),
)


@given(AROUND)
def test_no_name_shows_and_the_answers_stay(around: Facts) -> None:
    written = capture.files(around, Scrubber())
    for name, text in written.items():
        assert SECRET not in text.lower(), name
        assert "2600:" not in text
        assert "8.8.8.8" not in text
    again = _read(written)
    before, after = vantage.judge(around), vantage.judge(again)
    for question in ("isolation", "network", "naming", "platform"):
        assert getattr(before, question) == getattr(after, question), question
    assert len(before.host_address) == len(after.host_address)


def _read(written: Mapping[str, str]) -> Facts:
    with tempfile.TemporaryDirectory(prefix="capture-") as directory:
        for name, text in written.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return facts.read_network(facts.read(directory))
