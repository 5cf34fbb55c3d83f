"""Whose mounts files are on, and what a kernel without ``/proc`` and a sandbox change.

The attacker is another user of this machine, who may mount file systems of their own (FUSE).
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from hostshift.config.project import ROOT_MARKS
from hostshift.trust import mounts, owners

ME, OTHER = 23456, 23457
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts for other users")


def _in_a_sandbox(program: str, *words: object, kinds: tuple[str, ...] = ("--mount",)) -> Any:
    """Run a program whose mounts nobody else sees, and return what it prints."""
    ran = subprocess.run(
        ["unshare", *kinds, "--fork", sys.executable, "-P", "-c", program, *map(str, words)],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    if ran.stdout.startswith("skip "):
        pytest.skip(ran.stdout)
    return json.loads(ran.stdout)


# --- FUSE ---------------------------------------------------------------------------------------

FUSE = """
import ctypes, encodings.ascii, json, os, resource, signal, struct, sys
from hostshift.trust import accounts, acl, gate, mounts, owners, shared_directory
place, user, says, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
ME, OTHER = 23456, 23457
target = os.path.join(place, "hostshift.toml")
with open(target, "w") as file:
    file.write("below")
os.chown(target, user, user)
libc = ctypes.CDLL(None, use_errno=True)
CONTENT = b"mounted"

def mount():
    # As fusermount does it for a user.
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        print("skip no FUSE:", error)
        raise SystemExit
    options = f"fd={device},rootmode=100000,user_id={user},group_id={user}"
    options += "" if how == "closed" else ",allow_other"
    if libc.mount(b"evil", target.encode(), b"fuse.evil", 2 | 4, options.encode()):
        print("skip no FUSE:", os.strerror(ctypes.get_errno()))
        raise SystemExit
    return device

def status():
    numbers = 1, len(CONTENT), 8, 0, 0, 0, 0, 0, 0, 0o100644, 1, says, says, 0, 4096, 0
    return struct.pack("<QQQQQQIIIIIIIIII", *numbers)

def serve(device):
    while True:
        request = os.read(device, 1 << 17)
        _, kind, number, _ = struct.unpack("<IIQQ", request[:24])
        def reply(data=b"", error=0):
            os.write(device, struct.pack("<IiQ", 16 + len(data), -error, number) + data)
        if kind == 26:
            reply(struct.pack("<IIIIHHIIHHI7I", 7, 31, 1 << 16, 0, 12, 9, 1 << 16, 1, 32, 0, 0,
                              *[0] * 7))
            if how == "silent":
                signal.pause()
        elif kind == 3:
            reply(struct.pack("<QII", 0, 0, 0) + status())
        elif kind == 14:
            reply(struct.pack("<QII", 1, 0, 0))
        elif kind == 15:
            offset, size = struct.unpack("<QI", request[48:60])
            reply(CONTENT[offset:offset + size])
        elif kind in (25, 18):
            reply()
        elif kind not in (2, 42):
            reply(error=38)

def result(read):
    try:
        return read()
    except gate.UntrustedError as error:
        return error.rule
    except OSError as error:
        return os.strerror(error.errno)

def look():
    opened = os.open(target, os.O_PATH)
    if how == "gone":
        libc.umount2(target.encode(), 2)
    os.setgroups([]); os.setresgid(ME, ME, ME); os.setresuid(ME, ME, ME)
    if how == "gone":
        found = [mounts.fuse_user(opened, mounts.of(opened))]
    elif how == "few":
        found, (usual, most) = [], resource.getrlimit(resource.RLIMIT_NOFILE)
        for limit in range(opened + 1, opened + 12):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
            found.append(result(lambda: gate.read(target, 100).decode()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
    else:
        found = [owners.is_strangers(target), result(lambda: gate.read(target, 100).decode())]
    print(json.dumps(found), flush=True)

device, children = mount(), []
for work in (lambda: serve(device), look):
    children.append(os.fork())
    if not children[-1]:
        try:
            work()
        finally:
            os._exit(0)
os.close(device)
os.waitpid(children.pop(), 0)
os.kill(children[0], signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["open", "closed", "silent"])
@pytest.mark.parametrize("says", [0, ME])
def test_a_file_system_of_another_user_is_theirs(top: Path, how: str, says: int) -> None:
    """Whatever it says of its files, and nobody who works in ``/tmp`` waits for it."""
    top.chmod(0o1777)
    strangers, found = _in_a_sandbox(FUSE, top, OTHER, says, how)
    assert strangers
    assert found == f"it is on a FUSE file system of user {OTHER}"


def test_a_file_system_of_another_user_while_descriptors_are_few(top: Path) -> None:
    """Whose it is cannot be said then, so that nobody takes it for root's."""
    found = _in_a_sandbox(FUSE, top, OTHER, 0, "few")
    assert set(found) == {os.strerror(24), f"it is on a FUSE file system of user {OTHER}"}


@pytest.mark.parametrize("number", [24, 23, 12, 5])
def test_a_list_of_mounts_that_cannot_be_read_now(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with Path("/etc/hosts").open(encoding="utf-8") as file, monkeypatch.context() as patch:
        patch.setattr("builtins.open", fail)
        assert owners.is_number_of_others(65534)
        with pytest.raises(OSError, match=os.strerror(number)):
            mounts.fuse_user(file.fileno(), b"36")


@pytest.mark.parametrize("number", [24, 23, 12])
def test_a_path_that_cannot_be_looked_at_now_may_be_anothers(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    assert not owners.is_anothers("/etc/hosts")
    assert not owners.is_anothers("/nothing/here")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        assert owners.is_anothers("/etc/hosts")


def test_a_file_system_that_is_unmounted_meanwhile(top: Path) -> None:
    """Its file stays open, and no list has the mount any more."""
    assert _in_a_sandbox(FUSE, top, OTHER, 0, "gone") == [mounts.UNKNOWN]


@pytest.mark.parametrize(("user", "says"), [(ME, ME), (ME, 0), (0, 0), (0, ME)])
def test_my_own_and_roots_are_normal(top: Path, user: int, says: int) -> None:
    assert _in_a_sandbox(FUSE, top, user, says, "open") == [False, "mounted"]


def test_what_my_own_shows_of_others_is_theirs(top: Path) -> None:
    """As sshfs does with the numbers of the other machine."""
    found = _in_a_sandbox(FUSE, top, ME, OTHER, "open")
    assert found == [False, f"it belongs to user {OTHER}"]


SILENT = """
import ctypes, encodings.ascii, io, json, logging, os, signal, struct, sys, time, yaml
from hostshift.config import model, project, settings, settings_file
from hostshift.base.deadline import Deadline
from hostshift.discovery import compose, saved, unread_projects
from hostshift.discovery.compose import yaml_events
from hostshift.trust import accounts, everybodys, gate, mounts, owners, shared_directory
place, name, options = sys.argv[1:]
target = os.path.join(place, name)
os.mkdir(target); os.chown(target, 23457, 23457)
libc = ctypes.CDLL(None, use_errno=True)
try:
    device = os.open("/dev/fuse", os.O_RDWR)
except OSError as error:
    print("skip no FUSE:", error)
    raise SystemExit
options = f"fd={device},rootmode=40000,user_id=23457,group_id=23457{options}"
if libc.mount(b"evil", target.encode(), b"fuse.evil", 2 | 4, options.encode()):
    print("skip no FUSE:", os.strerror(ctypes.get_errno()))
    raise SystemExit
server = os.fork()
if not server:
    number = struct.unpack("<IIQQ", os.read(device, 1 << 17)[:24])[2]
    data = struct.pack("<IIIIHHIIHHI7I", 7, 31, 1 << 16, 0, 12, 9, 1 << 16, 1, 32, 0, 0, *[0] * 7)
    os.write(device, struct.pack("<IiQ", 16 + len(data), 0, number) + data)
    signal.pause()
os.close(device)
client = os.fork()
if not client:
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.WARNING)
    os.setgroups([]); os.setresgid(23456, 23456, 23456); os.setresuid(23456, 23456, 23456)
    os.chdir(place)
    limit = Deadline(9, 9)
    gaps = [*compose.read(None, {}, deadline=limit).gaps, *saved.read(None, deadline=limit).gaps]
    signs = unread_projects.find({}, (), described=False)
    found = settings.load().mode, project.project_root(), project.tree_above(place), signs
    print(json.dumps([*found, list(map(str, gaps)), log.getvalue()]), flush=True)
    os._exit(0)
ends = time.monotonic() + 10
while not (done := os.waitpid(client, os.WNOHANG)[0]) and time.monotonic() < ends:
    time.sleep(0.02)
os.kill(server, signal.SIGKILL)
if not done:
    os.kill(client, signal.SIGKILL)
    print(json.dumps("it waits"))
    sys.stdout.flush()
    os._exit(0)
"""


@pytest.mark.parametrize("options", [",allow_other", ""], ids=["open", "closed"])
@pytest.mark.parametrize("name", [*ROOT_MARKS, ".env", "compose.yaml", "local.yml", "deploy", "x"])
def test_nobody_waits_for_a_file_system_in_tmp(top: Path, name: str, options: str) -> None:
    """Whatever its name is; and nothing is said of it."""
    top.chmod(0o1777)
    assert _in_a_sandbox(SILENT, top, name, options) == ["on", None, None, [], [], ""]


# --- the lists of mounts --------------------------------------------------------------------------

LINE = "36 25 0:{device} / {point} rw,nosuid shared:1 - {kind} {source} rw,{options}\n"


def _mounted(device: int, kind: str, options: str) -> str:
    return LINE.format(
        device=device, point="/x", kind=kind, source="a\\040-\\040b", options=options
    )


@pytest.mark.parametrize(
    ("kind", "options", "users", "user"),
    [
        ("fuse.x", "user_id=5,group_id=5,allow_other", "0 0 4294967295", 5),
        ("fuse", "user_id=0", "0 0 4294967295", 0),
        ("fuseblk", "user_id=5", "0 0 4294967295", 5),
        ("fusectl", "relatime", "0 0 4294967295", 0),
        ("ext4", "user_id=5", "0 0 4294967295", 0),
        ("fuse", "user_id=1000", "0 1000 1\n1 100000 65536", 0),
        ("fuse", "user_id=100004", "0 1000 1\n1 100000 65536", 5),
        ("fuse", "user_id=5", "0 1000 1\n1 100000 65536", mounts.UNKNOWN),
        ("fuse", "user_id=0", "0 1000 1\n1 100000 65536", 0),
    ],
)
@pytest.mark.parametrize("hidden", [True, False])
def test_whose_a_mount_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, users: str,
    *, user: int, hidden: bool,
) -> None:  # fmt: skip
    """Also in a user namespace, and where the kernel hides the number of the mount."""
    (tmp_path / "mounts").write_text(_mounted(77, kind, options), encoding="utf-8")
    (tmp_path / "users").write_text(users, encoding="utf-8")
    monkeypatch.setattr(mounts, "_MOUNTS", str(tmp_path / "mounts"))
    monkeypatch.setattr(mounts, "_USERS", str(tmp_path / "users"))
    with (tmp_path / "mounts").open() as file:
        status = os.stat_result([*os.fstat(file.fileno())][:2] + [os.makedev(0, 77)] + [0] * 7)
        monkeypatch.setattr(os, "fstat", lambda _: status)
        assert mounts.fuse_user(file.fileno(), None if hidden else b"36") == user
        monkeypatch.undo()


# --- without /proc, and in a sandbox -----------------------------------------------------------

ID = "0123456789abcdef" * 4
CHROOT = """
import encodings.ascii, encodings.idna, json, os, subprocess, sys
from hostshift.trust import accounts, acl, gate, mounts, owners
root, user, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ID = "0123456789abcdef" * 4
for mounted in how.split(","):
    if mounted == "proc":
        subprocess.run(["mount", "-t", "proc", "proc", root + "/proc"], check=True)
    elif mounted.startswith("/"):
        at = root + "/etc/hosts"
        subprocess.run(["mount", "--bind", root + mounted, at], check=True)
    elif mounted == "hostname":
        at = root + "/etc/hostname"
        subprocess.run(["mount", "--bind", f"{root}/{ID}/hosts", at], check=True)
    elif mounted == "mark":
        open(root + "/.dockerenv", "w").close()
    elif mounted == "podman":
        open(root + "/run/.containerenv", "w").close()
        at = root + "/run/.containerenv"
        subprocess.run(["mount", "--bind", root + "/" + ID + "/hosts", at], check=True)
    elif mounted == "read-only":
        subprocess.run(["mount", "--bind", root + "/srv", root + "/srv"], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", root + "/srv"], check=True)
os.chroot(root); os.chdir("/")
os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
try:
    found = gate.read("/srv/f", 100).decode()
except gate.UntrustedError as error:
    found = error.rule
print(json.dumps([found, owners.is_in_an_engines_container()]))
"""


@pytest.fixture
def root(top: Path) -> Path:
    """Give a root directory without a mark of an engine, with a file of mine."""
    for name in ("proc", "etc", "srv", ID, "run"):
        (top / name).mkdir()
    (top / "etc" / "passwd").write_text(f"me:x:{ME}:{ME}::/:\n", encoding="utf-8")
    (top / "etc" / "group").write_text(f"me:x:{ME}:\n", encoding="utf-8")
    (top / "etc" / "hosts").touch()
    (top / ID / "hosts").touch()
    (top / "etc" / "hostname").touch()
    (top / "srv" / "f").write_text("mine", encoding="utf-8")
    os.chown(top / "srv" / "f", ME, ME)
    (top / "srv" / "f").chmod(0o664)
    return top


def _let_other_write(path: Path) -> None:
    """Give the other user a place in its access control list."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 6, OTHER), (4, 4, nobody), (0x10, 6, nobody), (0x20, 4, nobody)]
    data = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", data)
    except OSError as error:
        pytest.skip(f"this file system has no access control lists: {error}")


@pytest.mark.parametrize("how", ["proc", "no proc"])
@pytest.mark.parametrize("where", ["srv", "srv/f"])
def test_access_control_lists_count_without_proc(root: Path, how: str, where: str) -> None:
    (root / "srv").chmod(0o775)
    os.chown(root / "srv", ME, ME)
    assert _in_a_sandbox(CHROOT, root, ME, how)[0] == "mine"  # the umask 002 is normal
    _let_other_write(root / where)
    rule = "may be written by others, by its access control list"
    assert _in_a_sandbox(CHROOT, root, ME, how)[0].endswith(rule)


def test_a_list_that_nobody_can_read_may_let_others_write(root: Path) -> None:
    """Without ``/proc``, a directory that this user may only pass through."""
    (root / "srv").chmod(0o731)
    os.chown(root / "srv", 0, 54321)
    assert _in_a_sandbox(CHROOT, root, ME, "proc")[0].endswith("by the group 54321")
    (found, _) = _in_a_sandbox(CHROOT, root, ME, "no proc")
    assert found.endswith("because its access control list cannot be read")


@pytest.mark.parametrize(
    ("how", "engines"),
    [
        ("proc", False),
        ("proc,read-only", False),
        ("proc,/etc/hosts,read-only", False),
        (f"proc,/{ID}/hosts,read-only", True),
        (f"/{ID}/hosts,read-only", False),
        ("proc,mark,read-only", False),
        ("proc,mark,/etc/hosts,read-only", False),
        ("proc,podman,read-only", True),
        ("proc,/etc/hosts,hostname,read-only", True),
    ],
    ids=[
        *("namespaces", "systemd", "bubblewrap", "an engine", "no proc", "an image"),
        *("bubblewrap in an image", "podman without hosts"),
        "the machine's hosts in a container",
    ],
)
@pytest.mark.parametrize("mode", [0o664, 0o666])
def test_a_sandbox_is_no_container_of_an_engine(
    root: Path, how: str, engines: bool, mode: int
) -> None:
    """It shows files as read-only that others on the same machine write."""
    os.chown(root / "srv" / "f", ME, 54321)
    (root / "srv" / "f").chmod(mode)
    found, inside = _in_a_sandbox(CHROOT, root, ME, how, kinds=("--mount", "--pid"))
    assert inside is engines
    assert (found == "mine") is engines


@pytest.mark.parametrize(
    ("mounted", "engines"),
    [
        (f"/var/lib/docker/containers/{ID}/hosts", True),
        (f"/containers/overlay-containers/{ID}/userdata/.containerenv", True),
        ("/var/lib/kubelet/pods/0a1b2c3d-0123-4567-89ab-0123456789ab/etc-hosts", True),
        ("/var/lib/buildkit/executor/hosts.0a1b2c", True),
        (f"/var/lib/nerdctl/1935db59/etchosts/default/{ID}/hosts", True),
        ("/", True),
        ("/etc/hosts", False),
        ("/etc/hosts//deleted", False),
        (f"/ostree/deploy/x/deploy/{ID}/etc/hosts", False),
        ("/subvol/0a1b2c3d-0123-4567-89ab-0123456789ab/etc/hostname", False),
        ("/home/me/hosts//deleted", False),
        ("/nix/store/0fzx5ylcnv9wb0c1c2gq5hxm6w4p8r7d-hosts", False),
        ("/systemd/resolve/stub-resolv.conf", False),
        (None, False),
    ],
)
def test_what_an_engine_mounts(mounted: str | None, engines: bool) -> None:
    """In gVisor each mount shows the root of its file system."""
    assert owners._is_engines(mounted) is engines


# --- a user namespace where root has no number --------------------------------------------------

UNMAPPED = """
import ctypes, encodings.ascii, encodings.idna, json, os, socket, subprocess, sys
from hostshift.detect import connections, listeners
from hostshift.discovery.engine import listener
from hostshift.trust import accounts, acl, gate, mounts, owners
ME, OTHER = 23456, 23457
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run"], check=True)
os.mkdir("/run/all")
os.chmod("/run/all", 0o1777)
listening = []

def listen(path, user):
    os.setegid(user); os.seteuid(user)
    listening.append(socket.socket(socket.AF_UNIX))
    listening[-1].bind(path)
    os.chmod(path, 0o666)
    listening[-1].listen()
    os.seteuid(0); os.setegid(0)

listen("/run/engine.sock", 0)
listen("/run/all/engine.sock", OTHER)
libc = ctypes.CDLL(None, use_errno=True)
os.setgroups([]); os.setresgid(ME, ME, ME); os.setresuid(ME, ME, ME)
libc.prctl(4, 1, 0, 0, 0)  # or its own map would be root's
if libc.unshare(0x10000000):
    print("skip no user namespace:", os.strerror(ctypes.get_errno()))
    raise SystemExit
with open("/proc/self/uid_map", "w") as file:
    file.write(f"{ME} {ME} 1")

def result(path):
    with socket.socket(socket.AF_UNIX) as connected:
        connected.connect(path)
        try:
            listener.check_peer(connected, path)
        except listener.Foreign as error:
            return str(error)

print(json.dumps([result("/run/engine.sock"), result("/run/all/engine.sock")]))
"""


def test_an_engine_of_root_is_asked_where_root_has_no_number() -> None:
    """There root and a stranger look alike, and only root can put a socket right into ``/run``."""
    roots, strangers = _in_a_sandbox(UNMAPPED)
    assert roots is None
    assert "belongs to another user" in strangers


# --- nobody in a user namespace, where all others look like nobody ------------------------------

NOBODY = """
import ctypes, json, os, signal, socket, sys, traceback
from hostshift.detect import forwarders, listeners, netlink
from hostshift.discovery.engine import listener
from hostshift.trust import accounts, gate, owners, shared_directory
place, users = sys.argv[1:]
owners.is_in_an_engines_container = lambda: False
os.chdir("/")
ready, go = os.pipe(), os.pipe()

def believed(check, *what):
    try:
        return check(*what) not in (True,)
    except (gate.UntrustedError, listener.Foreign):
        return False

def look():
    found = {}
    for name in ("theirs", "own"):
        at = os.path.join(place, name)
        found[name] = [
            believed(gate.read, at + "/hostshift.toml", 99),
            believed(gate.check_directory, at),
            believed(owners.is_anothers, at),
            shared_directory.is_private(at),
        ]
    client = socket.socket(socket.AF_UNIX)
    client.connect(place + "/theirs/docker.sock")
    found["listens"] = [
        believed(gate.check_socket, place + "/theirs/docker.sock"),
        believed(listener.check_peer, client, place + "/theirs/docker.sock"),
        believed(listener.check, "127.0.0.1", port),
        forwarders.is_forwarder(1),
    ]
    print(json.dumps(found), flush=True)

def serve():
    os.setresuid(23457, 23457, 23457)
    servers = [socket.socket(socket.AF_UNIX), socket.socket(), socket.socket(socket.AF_UNIX)]
    names = (place + "/theirs/docker.sock", ("127.0.0.1", 0), forwarders.name(1))
    for server, name in zip(servers, names):
        server.bind(name)
        server.listen()
    os.chmod(names[0], 0o666)
    os.write(ready[1], b"%5d" % servers[1].getsockname()[1])
    signal.pause()

if not (server := os.fork()):
    serve()
    os._exit(0)
port = int(os.read(ready[0], 5))
if not (child := os.fork()):
    if ctypes.CDLL(None).unshare(0x10000000):
        print("skip no user namespaces", flush=True)
        os._exit(0)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    look()
    os._exit(0)
os.read(ready[0], 1)
for kind in ("uid_map", "gid_map"):
    with open(f"/proc/{child}/{kind}", "w") as file:
        file.write(users)
os.write(go[1], b"x")
os.waitpid(child, 0)
os.kill(server, signal.SIGKILL)
"""


def test_nobody_believes_no_user_who_only_looks_like_it() -> None:
    """All users without a number have nobody's: with systemd's ``PrivateUsers=``, for example."""
    with tempfile.TemporaryDirectory(dir="/run") as place:
        Path(place).chmod(0o755)
        for name, user in (("theirs", OTHER), ("own", 65534)):
            path = Path(place, name, "hostshift.toml")
            path.parent.mkdir()
            path.write_text("x", encoding="utf-8")
            for each in (path, path.parent):
                os.chown(each, user, user)
        found = _in_a_sandbox(NOBODY, place, "0 0 1\n65534 65534 1\n", kinds=("--net",))
    assert found["theirs"] == [False] * 4
    assert found["own"] == [True] * 4
    assert found["listens"] == [False] * 4
