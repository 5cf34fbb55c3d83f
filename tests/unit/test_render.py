"""`hostshift render` and `exec --render`: whole files or none, and no secret in a message."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from hostshift import Policy
from hostshift.cli import main, render
from hostshift.documents import yaml_text
from hostshift.environment import resolve
from hostshift.errors import RenderError
from hostshift.trust import new_file, regular_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift_pytest import Pretend

COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)
MAP = {"HOSTSHIFT_MAP": "localhost:5432=db.example.com:15432"}
BEFORE = b"# \xc3\xbc\r\nurl: postgresql://u:s3cret@localhost:5432/d  # x\r\n"
AFTER = b"# \xc3\xbc\r\nurl: postgresql://u:s3cret@db.example.com:15432/d  # x\r\n"


def _run(
    *words: str, cwd: Path, given: bytes | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *words],
        cwd=cwd,
        env={"PATH": PATH, **MAP, **env},
        capture_output=True,
        check=False,
        timeout=30,
        input=given,
    )


def _file(directory: Path, name: str = "app.yml", data: bytes = BEFORE, mode: int = 0o644) -> Path:
    path = directory / name
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


# --- the command --------------------------------------------------------------------------------


def test_it_prints_the_file_and_nothing_else(tmp_path: Path) -> None:
    _file(tmp_path)
    ran = _run("render", "app.yml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, AFTER, b"")


def test_a_file_without_an_address_is_printed_byte_by_byte(tmp_path: Path) -> None:
    data = b"a=\xe9\r\n\r\n\tb : c\\\n   d"
    _file(tmp_path, "a.properties", data)
    ran = _run("render", "a.properties", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, data, b"")


def test_standard_input_needs_a_format(tmp_path: Path) -> None:
    ran = _run("render", "-", "--format", "yaml", cwd=tmp_path, given=BEFORE)
    assert (ran.returncode, ran.stdout) == (0, AFTER)
    ran = _run("render", "-", cwd=tmp_path, given=BEFORE)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"pass --format (dotenv, ini, json" in ran.stderr


def test_a_format_overrides_the_name(tmp_path: Path) -> None:
    _file(tmp_path, "app.json")
    ran = _run("render", "app.json", "--format", "yaml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, AFTER)


def test_the_log_names_what_changes_and_what_stays(tmp_path: Path) -> None:
    _file(tmp_path, data=BEFORE + b"other: redis://:s3cret@localhost/${N}\n")
    ran = _run("-v", "render", "app.yml", cwd=tmp_path)
    assert b"URL: localhost:5432 -> db.example.com:15432" in ran.stderr
    assert b"OTHER stays as it is: it is a template" in ran.stderr
    assert b"s3cret" not in ran.stderr


def test_strict_ends_with_1_and_writes_nothing(
    pretend: Pretend, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pretend("bridge", policy=Policy(strict=True))
    path = _file(tmp_path, data=b"a: redis://:s3cret@localhost:6379\n")
    assert main(["render", str(path), "-o", str(tmp_path / "out.yml")]) == 1
    shown = capfd.readouterr()
    assert "\nhostshift: A: left undecided" in shown.err
    assert "s3cret" not in shown.err
    assert _names(tmp_path) == ["app.yml"]


@pytest.mark.parametrize("mode", ["off", "report"])
def test_other_modes_copy_the_file(tmp_path: Path, mode: str) -> None:
    _file(tmp_path)
    assert _run("render", "app.yml", cwd=tmp_path, HOSTSHIFT_MODE=mode).stdout == BEFORE


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_the_new_file_has_the_mode_of_the_old_one(tmp_path: Path, mode: int) -> None:
    _file(tmp_path, mode=mode)
    ran = _run("render", "app.yml", "-o", "out.yml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert (tmp_path / "out.yml").read_bytes() == AFTER
    assert _mode(tmp_path / "out.yml") == mode
    assert _names(tmp_path) == ["app.yml", "out.yml"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root has all groups")
@pytest.mark.parametrize("may", [True, False])
@pytest.mark.parametrize(("mode", "without"), [(0o640, 0o600), (0o644, 0o644), (0o664, 0o644)])
def test_the_group_of_a_directory_gets_nothing_that_is_for_the_group_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, without: int, *, may: bool
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    os.chown(tmp_path, -1, 54321)
    tmp_path.chmod(0o2755)
    if not may:
        monkeypatch.setattr(os, "fchown", refused)
    new_file.replace(str(tmp_path / "out"), b"s3cret", mode, 54322)
    found = (tmp_path / "out").stat()
    expected = (54322, mode) if may else (54321, without)
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == expected


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root has all groups")
def test_the_new_file_has_the_group_of_the_old_one(tmp_path: Path) -> None:
    os.chown(_file(tmp_path, mode=0o640), -1, 54322)
    (tmp_path / "out").mkdir()
    os.chown(tmp_path / "out", -1, 54321)
    (tmp_path / "out").chmod(0o2755)
    assert _run("render", "app.yml", "-o", "out/out.yml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out/out.yml").stat().st_gid == 54322
    assert _mode(tmp_path / "out/out.yml") == 0o640


def _list(*entries: tuple[int, int, int]) -> bytes:
    """Return an access control list as the kernel takes it: tag, rights, user (acl(5))."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _set_list(path: Path, name: str, *, group: int) -> None:
    none = 0xFFFFFFFF
    entries = ((1, 6, none), (2, 4, 54321), (4, group, none), (16, 4, none), (32, 0, none))
    try:
        os.setxattr(path, name, _list(*entries))
    except OSError as error:
        pytest.skip(f"this file system has no access control lists: {error.strerror}")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other lists")
def test_a_list_of_the_source_gives_its_group_nothing(tmp_path: Path) -> None:
    """The group's bits of such a file's mode are a mask: 0640, and the group may not read."""
    _set_list(_file(tmp_path, mode=0o600), "system.posix_acl_access", group=0)
    assert _mode(tmp_path / "app.yml") == 0o640
    assert _run("render", "app.yml", "-o", "out.yml", cwd=tmp_path).returncode == 0
    assert _mode(tmp_path / "out.yml") == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other lists")
@pytest.mark.parametrize(
    ("shut_out", "mode"),
    [
        ((2, 0, 54321), 0o600),
        ((8, 0, 54321), 0o600),
        ((2, 4, 54321), 0o644),
        ((2, 6, 54321), 0o644),
    ],
    ids=["a user", "a group", "a reader", "a writer"],
)
def test_nobody_whom_a_list_shuts_out_gets_the_result(
    tmp_path: Path, shut_out: tuple[int, int, int], mode: int
) -> None:
    none = 0xFFFFFFFF
    others = [(1, 6, none), (4, 4, none), (16, 6, none), (32, 4, none)]
    file = _file(tmp_path, mode=0o644)
    try:
        os.setxattr(file, "system.posix_acl_access", _list(*sorted([shut_out, *others])))
    except OSError as error:
        pytest.skip(f"this file system has no access control lists: {error.strerror}")
    assert _run("render", "app.yml", "-o", "out.yml", cwd=tmp_path).returncode == 0
    assert _mode(tmp_path / "out.yml") == mode


@pytest.mark.skipif(os.name != "posix", reason="other systems have no modes")
def test_a_group_that_a_mode_shuts_out_is_not_everybody_else() -> None:
    """Where the new file cannot have that group."""
    assert new_file.for_no_group(0o604) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other lists")
def test_a_list_of_the_directory_gives_nobody_the_result(tmp_path: Path) -> None:
    _file(tmp_path, mode=0o640)
    (tmp_path / "out").mkdir()
    _set_list(tmp_path / "out", "system.posix_acl_default", group=4)
    assert _run("render", "app.yml", "-o", "out/out.yml", cwd=tmp_path).returncode == 0
    assert os.listxattr(tmp_path / "out/out.yml") == []
    assert _mode(tmp_path / "out/out.yml") == 0o640


def test_what_comes_from_standard_input_is_for_this_user_alone(tmp_path: Path) -> None:
    _run("render", "-", "--format", "yaml", "-o", "out.yml", cwd=tmp_path, given=BEFORE)
    assert _mode(tmp_path / "out.yml") == 0o600


def test_nobody_else_can_read_a_file_before_it_has_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    change = os.fchmod

    def watched(descriptor: int, mode: int) -> None:
        before = os.fstat(descriptor)
        seen.append((stat.S_IMODE(before.st_mode), before.st_size))
        change(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", watched)
    umask = os.umask(0)
    try:
        new_file.replace(str(tmp_path / "out"), b"s3cret", 0o600)
        new_file.replace(str(tmp_path / "out"), b"s3cret", 0o644)
    finally:
        os.umask(umask)
    assert seen == [(0o600, 0), (0o600, 0)]


def test_an_older_file_is_replaced_at_once(tmp_path: Path) -> None:
    """Who has it open goes on with the old one: it is not written over."""
    _file(tmp_path)
    out = _file(tmp_path, "out.yml", b"old")
    with out.open("rb") as before:
        assert _run("render", "app.yml", "-o", "out.yml", cwd=tmp_path).returncode == 0
        assert before.read() == b"old"
    assert out.read_bytes() == AFTER


def test_a_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    _file(tmp_path)
    target = _file(tmp_path, "target", b"old")
    (tmp_path / "out.yml").symlink_to(target)
    assert _run("render", "app.yml", "-o", "out.yml", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "out.yml").is_symlink()
    assert target.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_another_users_link_is_refused(shared: Path, tmp_path: Path) -> None:
    """In /tmp, anybody can wait for a name with a link there."""
    source = _file(tmp_path)
    link = shared / "out.yml"
    link.symlink_to(tmp_path / "target")
    os.lchown(link, 12345, 12345)
    ran = _run("render", str(source), "-o", str(link), cwd=tmp_path)
    assert ran.returncode == 2
    assert b"another user's file is there" in ran.stderr
    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_another_users_directory_is_refused(top: Path, tmp_path: Path) -> None:
    source = _file(tmp_path)
    os.chown(top, 12345, 12345)
    ran = _run("render", str(source), "-o", str(top / "out.yml"), cwd=tmp_path)
    assert ran.returncode == 2
    assert b"cannot be written" in ran.stderr
    assert _names(top) == []


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("app.yml", b"it is the file to read"),
        ("./app.yml", b"it is the file to read"),
        ("same.yml", b"it is the file to read"),
        ("/dev/null", b"it is no regular file"),
        ("/dev/stdout", b"it is no regular file"),
        ("there", b"it is no regular file"),
        ("pipe", b"it is no regular file"),
        ("none/out.yml", b"No such file or directory"),
    ],
)
def test_where_nothing_is_written(tmp_path: Path, output: str, why: bytes) -> None:
    source = _file(tmp_path)
    (tmp_path / "same.yml").symlink_to(source)
    (tmp_path / "there").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = _names(tmp_path)
    ran = _run("render", "app.yml", "-o", output, cwd=tmp_path)
    assert ran.returncode == 2
    assert why in ran.stderr
    assert _names(tmp_path) == before
    assert source.read_bytes() == BEFORE


# --- reading ------------------------------------------------------------------------------------

BROKEN = {
    "cut.json": (b'{\n"s3cret": "redis://:s3cret@localhost', b"cut.json:2: "),
    "cut.yml": (b"a: 1\nb: 's3cret\n", b"cut.yml:3: "),
    "twice.toml": (b"a = 1\ns3cret = 1\ns3cret = 2\n", b"twice.toml:3: "),
    "noname.ini": (b"[s3cret]\n= s3cret\n", b"noname.ini:2: "),
    "escape.properties": (b"a=s3cret\\u1\n", b"escape.properties:1: "),
    "open.xml": (b"<a>\n<s3cret></a>", b"open.xml:2: "),
    "latin.env": (b"A=1\nB=s3cret\xe9\n", b"latin.env:2: "),
    "binary.yml": (b"\x7fELF\0s3cret\0", b"it is binary"),
    "s3cret.conf": (b"a", b"its name tells no format"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_an_error_with_its_line(tmp_path: Path, name: str) -> None:
    data, shown = BROKEN[name]
    _file(tmp_path, name, data)
    ran = _run("-v", "render", name, "-o", "out", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert shown in ran.stderr
    assert b"s3cret" not in ran.stderr.replace(b"s3cret.conf", b"")
    assert _names(tmp_path) == [name]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "directory.yml").mkdir()
    for name, why in (
        ("pipe.yml", b"it is no regular file"),
        ("directory.yml", b"it is no regular file"),
        ("/dev/zero", b"it is no regular file"),
        ("none.yml", b"No such file or directory"),
    ):
        ran = _run("render", name, "--format", "yaml", cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (2, b""), name
        assert why in ran.stderr


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, data=b"a: b\n")
    os.truncate(path, render.MOST_BYTES + 1)
    ran = _run("render", "app.yml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"it is longer than 4,194,304 bytes" in ran.stderr


def test_a_large_file_is_rendered(tmp_path: Path) -> None:
    lines = b"a = 1\n" * 20_000
    _file(tmp_path, "a.properties", lines + b"b = postgresql://localhost:5432/d\n")
    ran = _run("render", "a.properties", cwd=tmp_path)
    assert ran.stdout == lines + b"b = postgresql://db.example.com:15432/d\n"


@pytest.mark.parametrize("written", [b"", b"s3cret", BEFORE.replace(b"5432", b"5433")])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bytes
) -> None:
    path = _file(tmp_path)
    os.utime(path, ns=(1, 1))
    read = regular_file.parts

    def slowly(descriptor: int, most: int) -> Iterator[bytes]:
        for part in read(descriptor, most):
            path.write_bytes(written)
            yield part

    monkeypatch.setattr(regular_file, "parts", slowly)
    with pytest.raises(RenderError, match="it changed while it was read"):
        render.render(str(path), str(tmp_path / "out.yml"))
    assert _names(tmp_path) == ["app.yml"]


def test_settings_in_the_file_do_not_count(tmp_path: Path) -> None:
    data = b"HOSTSHIFT_MAP=localhost:6379=evil.example:1\nA=redis://localhost:6379\n"
    _file(tmp_path, ".env", data)
    ran = _run("render", ".env", cwd=tmp_path)
    assert b"redis://evil" not in ran.stdout
    assert ran.stdout.startswith(b"HOSTSHIFT_MAP=localhost:6379=evil.example:1\n")


def test_names_in_the_log_are_no_addresses(
    pretend: Pretend, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A key can be an address, with a password."""
    pretend("bridge", policy=Policy(map="localhost:6379=cache:6379"))
    path = _file(tmp_path, data=b"redis://:s3cret@localhost: redis://localhost:6379\n")
    assert main(["-v", "render", str(path)]) == 0
    shown = capfd.readouterr()
    assert "s3cret" not in shown.err
    assert "KEY: localhost:6379 -> cache:6379" in shown.err
    assert shown.out == "redis://:s3cret@localhost: redis://cache:6379\n"


def test_a_listed_name_is_resolved_whatever_it_holds(
    pretend: Pretend, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listed = Policy(map="localhost:9000=files:9000", env="STORAGE_ENDPOINT")
    pretend("bridge", policy=listed)
    path = _file(tmp_path, data=b"storage: {endpoint: 'http://localhost:9000'}\n")
    assert main(["render", str(path)]) == 0
    assert capfd.readouterr().out == "storage: {endpoint: 'http://files:9000'}\n"


def test_a_new_port_goes_into_the_pair(
    pretend: Pretend, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pretend("bridge", policy=Policy(map="localhost:5432=db:15432"))
    data = (
        b"a: {type: postgres, host: localhost, port: 5432}\nb: {type: postgres, host: localhost}\n"
    )
    path = _file(tmp_path, data=data)
    assert main(["render", str(path)]) == 0
    assert capfd.readouterr().out == (
        "a: {type: postgres, host: db, port: 15432}\nb: {type: postgres, host: localhost}\n"
    ), "b has no place for a port"


def test_a_port_that_is_not_in_the_file_keeps_its_host(
    pretend: Pretend, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An environment gets a PGPORT then; a file does not, and libpq would take its default."""
    pretend("bridge", policy=Policy(map="localhost:5432=db:15432"))
    path = _file(tmp_path, ".env", b"PGHOST=localhost\n")
    assert main(["render", str(path)]) == 0
    shown = capfd.readouterr()
    assert shown.out == "PGHOST=localhost\n"
    assert "PGHOST stays as it is: the port changes as well; set PGPORT" in shown.err
    path.write_bytes(b"PGHOST=localhost\nPGPORT=5432\n")
    assert main(["render", str(path)]) == 0
    assert capfd.readouterr().out == "PGHOST=db\nPGPORT=15432\n"


# --- exec ---------------------------------------------------------------------------------------


def test_exec_renders_before_the_command_starts(tmp_path: Path) -> None:
    _file(tmp_path, mode=0o600)
    _file(tmp_path, "a.ini", b"[a]\nb = postgresql://localhost:5432/d\n")
    words = ("--render", "app.yml=out.yml", "--render=a.ini=b.ini", "--", "cat", "out.yml", "b.ini")
    ran = _run("exec", *words, cwd=tmp_path)
    assert ran.stdout == AFTER + b"[a]\nb = postgresql://db.example.com:15432/d\n"
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert _mode(tmp_path / "out.yml") == 0o600


def test_exec_starts_nothing_if_a_file_cannot_be_rendered(tmp_path: Path) -> None:
    _file(tmp_path, data=b"a: 's3cret")
    ran = _run("exec", "--render", "app.yml=out.yml", "--", "touch", "started", cwd=tmp_path)
    assert ran.returncode == 2
    assert b"app.yml:1: cannot be rendered as yaml" in ran.stderr
    assert b"s3cret" not in ran.stderr
    assert _names(tmp_path) == ["app.yml"]


@pytest.mark.parametrize("value", ["app.yml", "=out.yml", "app.yml="])
def test_exec_says_what_render_takes(tmp_path: Path, value: str) -> None:
    ran = _run("exec", "--render", value, "--", "true", cwd=tmp_path)
    assert ran.returncode == 2
    assert b"--render takes two files" in ran.stderr


def test_exec_uses_the_settings_of_its_env_file(tmp_path: Path) -> None:
    _file(tmp_path)
    _file(tmp_path, ".env", b"HOSTSHIFT_MODE=off\n", 0o600)
    words = ("--env-file", ".env", "--render", "app.yml=out.yml", "--", "cat", "out.yml")
    assert _run("exec", *words, cwd=tmp_path).stdout == BEFORE


def test_exec_loads_nothing_of_it_without_the_option(tmp_path: Path) -> None:
    _file(tmp_path)

    def loaded(*words: str) -> bytes:
        command = [sys.executable, "-X", "importtime", COMMAND, "exec", *words, "--", "true"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stderr

    assert b"hostshift.documents" not in loaded()
    assert b"hostshift.documents" in loaded("--render", "app.yml=out.yml")


def test_half_of_the_addresses_are_not_written(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Which ones would be, the load of the machine would decide."""
    pretend("host", policy=Policy(map="localhost=db:1"))
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr(resolve, "time", SimpleNamespace(monotonic=lambda: float(next(now))))
    path = _file(tmp_path, "a.env", b"".join(b"A%d=redis://localhost\n" % at for at in range(9)))
    assert main(["render", str(path), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_merge_keys_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 {host: localhost, port: 5432}"]
    lines += [f"a{at}: &a{at}\n  <<: [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 13)]
    path = _file(tmp_path, "bomb.yml", "\n".join(lines).encode())
    assert main(["render", str(path)]) == 2


def test_the_time_for_yaml_grows_as_the_file_does() -> None:
    def seconds(count: int) -> float:
        text = "".join(f"k{at}:\n  redis: {{host: a, port: 1}}\n" for at in range(count))
        start = time.process_time()
        yaml_text.read(text)
        return time.process_time() - start

    seconds(100)
    assert seconds(2000) < 12 * max(seconds(500), 0.01)


@pytest.mark.parametrize("wrong", ["none.yml=o2.yml", "bad.yml=o2.yml", "app.yml=none/o2.yml"])
def test_exec_writes_no_file_if_one_of_several_cannot_be(tmp_path: Path, wrong: str) -> None:
    _file(tmp_path)
    _file(tmp_path, "bad.yml", b"a: [")
    words = ("exec", "--render", "app.yml=o1.yml", "--render", wrong, "--", "true")
    assert _run(*words, cwd=tmp_path).returncode == 2
    assert _names(tmp_path) == ["app.yml", "bad.yml"]


@pytest.mark.parametrize("name", ["a.yml", "a.json"])
def test_what_is_longer_than_an_address_stays(tmp_path: Path, name: str) -> None:
    text = f'{{"a": "redis://localhost:5432/{"x" * 70_000}"}}\n'.encode()
    _file(tmp_path, name, text)
    assert _run("render", name, cwd=tmp_path).stdout == text


def test_a_full_standard_output_has_its_own_code(tmp_path: Path) -> None:
    _file(tmp_path)
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [COMMAND, "render", "app.yml"],
            cwd=tmp_path,
            env={"PATH": PATH, **MAP},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=30,
        )
    assert ran.returncode == 3
    assert b"the answer cannot be written" in ran.stderr
