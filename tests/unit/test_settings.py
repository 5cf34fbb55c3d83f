"""Settings: from variables and files, and errors that say what to do."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, SettingError
from hostshift.base.redaction import shape
from hostshift.config import project as project_module
from hostshift.config import settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a project of its own, two directories deep, with no variable set."""
    (tmp_path / ".git").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("MODE", "report", "mode", "report"),
        ("MODE", "OFF", "mode", "off"),
        ("STRICT", "1", "strict", True),
        ("STRICT", "false", "strict", False),
        ("MAP", "localhost:1=db:2, a=b", "map", Policy(map="localhost:1=db:2,a=b").map),
        ("KEEP", "db,3306,[::1]:80", "keep", Policy(keep="db,3306,[::1]:80").keep),
        ("PREFER", "sibling", "prefer", "sibling"),
        ("HOST_ADDRESS", "192.168.5.2", "host_address", "192.168.5.2"),
        ("HOST_ADDRESS", "fd00::1", "host_address", "fd00::1"),
        ("PROBE", "never", "probe", "never"),
        ("BUDGET", "0.25", "budget", 0.25),
        ("SOURCES", "dns,engine", "sources", ("dns", "engine")),
        ("COMPOSE_FILE", "deploy/compose.yaml", "compose_file", "deploy/compose.yaml"),
        ("TOPOLOGY_FILE", "t.json", "topology_file", "t.json"),
        ("ISOLATION", "docker", "isolation", "docker"),
        ("NETWORK", "Own", "network", "own"),
        ("NAMING", "plain", "naming", "plain"),
        ("MODE", "", "mode", "on"),
    ],
)
def test_variables(
    name: str, value: str, field: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOSTSHIFT_{name}", value)
    assert getattr(settings.load(), field) == expected


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("MODE", "maybe", "on, report, off"),
        ("STRICT", "perhaps", "true or false"),
        ("ISOLATION", "jail", "docker"),
        ("NETWORK", "bridge", "host, own, shared, isolated, unknown"),
        ("NAMING", "bind", "docker, podman, kubernetes"),
        ("MAP", "localhost:5432", "from=to"),
        ("MAP", "a:b=c", "from=to"),
        ("MAP", "::1=db", "from=to"),
        ("KEEP", "a b", "host:port"),
        ("KEEP", "99999", "host:port"),
        ("PREFER", "me", "host, sibling"),
        ("HOST_ADDRESS", "a:1", "without a port"),
        ("PROBE", "sometimes", "auto, never, always"),
        ("BUDGET", "soon", "seconds"),
        ("BUDGET", "-1", "seconds"),
        ("BUDGET", "nan", "seconds"),
        ("SOURCES", "dns,gossip", "engine, saved, compose, dns"),
    ],
)
def test_a_bad_value_is_one_clear_error(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOSTSHIFT_{name}", value)
    with pytest.raises(SettingError) as caught:
        hostshift.resolve("localhost:5432")
    message = str(caught.value)
    assert f"HOSTSHIFT_{name}" in message
    assert f"= {shape(value)} is not allowed" in message
    assert allowed in message
    assert "\n" not in message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "keywords",
    [{"mode": "x"}, {"map": "x"}, {"keep": "x y"}, {"prefer": "x"}, {"probe": "x"}, {"budget": 0}],
)
def test_a_policy_of_ones_own_is_checked_as_well(keywords: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"is n"):
        Policy(**keywords)  # type: ignore[arg-type]


def test_pyproject(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[tool.hostshift]\nmap = ["localhost:1=db:2"]\nkeep = [3306, "db"]\nstrict = true\n'
    )
    found = settings.load()
    assert found == Policy(map="localhost:1=db:2", keep="3306,db", strict=True)


def test_a_pyproject_of_another_tool_is_not_even_parsed(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other\n")
    assert settings.load() == Policy()


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ('[tool]\nhostshift = { mode = "off" }\n', "off"),
        ('[tool."hostshift"]\nmode = "off"\n', "off"),
        ('[project]\ndependencies = ["hostshift"]\n', "on"),
    ],
)
def test_the_table_however_it_is_written(project: Path, text: str, mode: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert settings.load().mode == mode


def test_a_broken_pyproject_is_heard_of(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.hostshift]\nmode = \n")
    with pytest.raises(SettingError, match="is not TOML"):
        settings.load()


def test_a_file_of_its_own_and_variables_before_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "hostshift.toml").write_text('mode = "report"\nbudget = 2\n')
    (project / "pyproject.toml").write_text("[tool.hostshift]\nstrict = true\n")
    monkeypatch.setenv("HOSTSHIFT_BUDGET", "0.5")
    assert settings.load() == Policy(mode="report", budget=0.5)


def test_a_wrong_file_names_itself(project: Path) -> None:
    file = project / "hostshift.toml"
    file.write_text('moed = "on"\n')
    with pytest.raises(SettingError, match=r"hostshift\.toml: moed.*did you mean mode"):
        settings.load()
    file.write_text('mode = "maybe"\n')
    with pytest.raises(SettingError, match=r"mode in .*hostshift\.toml = 'xxxxx'"):
        settings.load()
    file.write_text("mode = \n")
    with pytest.raises(SettingError, match="is not TOML"):
        settings.load()


def test_a_variable_that_is_no_setting_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOSTSHIFT_MPA", "localhost:1=db:2")
    caplog.set_level(logging.WARNING)
    settings.load()
    assert "did you mean HOSTSHIFT_MAP" in caplog.text


class TestTrust:
    """A settings file can redirect credentials: not every file is believed."""

    def test_only_the_nearest_root_counts(self, project: Path) -> None:
        (project / "hostshift.toml").write_text('mode = "off"\n')
        (project / "a" / "pyproject.toml").write_text("")
        assert settings.load() == Policy()

    def test_no_root_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(project_module, "ROOT_MARKS", ("no-such-mark",))
        (tmp_path / "hostshift.toml").write_text('mode = "off"\n')
        assert settings.settings_file(str(tmp_path)) is None

    @pytest.mark.parametrize(("mode", "group"), [(0o666, -1), (0o646, -1), (0o664, 54321)])
    def test_others_may_not_write_it(
        self, mode: int, group: int, project: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = project / "hostshift.toml"
        file.write_text('mode = "off"\n')
        if group >= 0 and os.geteuid() != 0:
            pytest.skip("only root gives a file to a group that it is not in")
        os.chown(file, -1, group)
        file.chmod(mode)
        assert settings.load() == Policy()
        assert "is not used" in caplog.text

    def test_others_may_not_replace_it(self, project: Path) -> None:
        (project / "hostshift.toml").write_text('mode = "off"\n')
        project.chmod(0o777)
        assert settings.load() == Policy()
        project.chmod(0o1777)  # others could have moved a file of this user there
        assert settings.load() == Policy()
        project.chmod(0o1755)
        assert settings.load() == Policy(mode="off")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")
    def test_it_may_not_belong_to_another(
        self, project: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        file = project / "hostshift.toml"
        file.write_text('mode = "off"\n')
        os.chown(file, 12345, 12345)
        assert settings.load() == Policy()
        assert "is not used: it belongs to user 12345" in caplog.text
        assert "if you trust it: chown" in caplog.text


def test_a_name_is_compared_as_dns_does() -> None:
    """In any case, and with or without the dot of the root."""
    for written in ("bkdb", "BKDB", "bkdb."):
        policy = Policy(keep=written, map=f"{written}=other")
        for host in ("bkdb", "Bkdb", "bkdb.", "BKDB."):
            assert policy.kept(host, 5432) is not None
            assert policy.declared(host, 5432) is not None
        for host in ("bkdb..", "bkdb.x", "bkd", "."):
            assert policy.kept(host, 5432) is None
    for host in ("localhost.", "127.0.0.1", "::1"):
        assert Policy(keep="localhost.").kept(host, 1) is not None
    assert Policy(keep="127.0.0.1").kept("127.0.0.1.", 1) is None
