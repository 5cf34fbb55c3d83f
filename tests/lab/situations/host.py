"""The host itself, and what is no container: chroot, namespaces by hand, a sandbox."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.situations.grounds import inside, must, need, need_root, run_process
from tests.lab.situations.model import Situation, Standing, Truth, as_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.containers import Outcome
    from tests.lab.situations.grounds import Grounds
    from tests.lab.situations.model import User

_MARK = Path("/.dockerenv")
_MANY = 50
_AT_ONCE = 4


@contextmanager
def _host(grounds: Grounds) -> Iterator[Standing]:
    """Stand on this machine, as it is."""
    marked = _MARK.exists()
    yield Standing(grounds.on_host, remark="/.dockerenv lies here" if marked else "")


def _with_mark(*, wanted: bool) -> Any:
    """Stand on this machine with, or without, the file /.dockerenv.

    It is not ours to make or delete there. Where the machine is as wanted,
    that is the situation. Else an overlay covers its root, for one process.
    """

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        if _MARK.exists() == wanted:
            yield Standing(grounds.on_host)
            return
        need("unshare", "mount", packages=["util-linux", "mount"])
        change = "touch" if wanted else "rm -f"
        cover = grounds.scratch / "cover"
        cover.mkdir(mode=0o755, exist_ok=True)
        script = _COVER.format(at=cover, change=change)

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            path = f"PATH={grounds.programs}:/usr/sbin:/usr/bin:/sbin:/bin"
            words = shlex.join(["env", path, *as_user(command, user)])
            return _in_own_mounts(f"{script}exec chroot {cover}/root {words}")

        yield Standing(run, remark="in an overlay of this machine's root")

    return enter


def _in_own_mounts(script: str) -> Outcome:
    """Run a script whose mounts nobody else sees and that go with it."""
    return run_process(["unshare", "--mount", "--propagation=private", "sh", "-eu", "-c", script])


@contextmanager
def _containers(grounds: Grounds) -> Iterator[None]:
    """Run many containers: the host shows their mounts, cgroups and devices."""
    stage = grounds.stage

    def start(number: int) -> Any:
        return stage.start(f"many-{number}", grounds.image, ["sleep", "infinity"])

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        made = list(pool.map(start, range(_MANY)))
        try:
            yield
        finally:
            list(pool.map(lambda container: container.remove(force=True, v=True), made))


@contextmanager
def _among_containers(grounds: Grounds) -> Iterator[Standing]:
    """Stand on the host while they run; they run on for the next situation."""
    need_root()
    grounds.kept("containers", _containers)
    yield Standing(grounds.on_host)


@contextmanager
def _among_containers_without_mark(grounds: Grounds) -> Iterator[Standing]:
    """Stand there without the file that this machine may carry anyhow."""
    need_root()
    grounds.kept("containers", _containers)
    try:
        with _with_mark(wanted=False)(grounds) as found:
            yield found
    finally:
        grounds.drop("containers")


# The machine's root, overlaid; what is mounted below it is bound in again.
_COVER = """
cd {at}
mount -t tmpfs tmpfs .
cd {at}
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
for mounted in proc sys dev run var; do mount --rbind /$mounted root/$mounted; done
{change} root/.dockerenv
"""


def _chroot(*, marked: bool) -> Any:
    """Change the root directory, and nothing else."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        need("unshare", "chroot", packages=["util-linux", "coreutils"])
        root, mark = grounds.root, grounds.root / ".dockerenv"
        script = f"mount -t proc proc {root}/proc; exec chroot {root} "
        try:
            if marked:
                mark.touch()
            yield Standing(
                lambda command, user="root": _in_own_mounts(
                    script + shlex.join(inside(command, user))
                )
            )
        finally:
            mark.unlink(missing_ok=True)

    return enter


def _unshared(*options: str) -> Any:
    """Stand on this machine, in some namespaces of one's own."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        need("unshare", packages=["util-linux"])

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            return grounds.on_host(["unshare", *options, *as_user(command, user)])

        yield Standing(run)

    return enter


@contextmanager
def _netns(grounds: Grounds) -> Iterator[Standing]:
    """Stand in a network namespace that a pair of devices connects to this machine."""
    need("ip", packages=["iproute2"])
    name = grounds.device("ns")
    must(["ip", "netns", "add", name])
    try:
        inner = ["ip", "-netns", name]
        must(["ip", "link", "add", f"a{name}", "type", "veth", "peer", "eth0", "netns", name])
        must([*inner, "address", "add", "10.213.8.2/24", "dev", "eth0"])
        must([*inner, "link", "set", "eth0", "up"])

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            return grounds.on_host(["ip", "netns", "exec", name, *as_user(command, user)])

        yield Standing(run)
    finally:
        must(["ip", "netns", "delete", name])


def _bubblewrap(*options: str) -> Any:
    """Stand in a sandbox as Flatpak makes them, on the image's files."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        need("bwrap", packages=["bubblewrap"])
        start = ["bwrap", "--unshare-all", *options, "--ro-bind", str(grounds.root), "/"]
        start += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--die-with-parent"]

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            # Inside there is no other user to become: the sandbox has one.
            return run_process(as_user([*start, *inside(command)], user))

        yield Standing(run)

    return enter


_HERE = Truth("none", "host", "host", ("localhost",))

SITUATIONS = (
    Situation("host", _HERE, _host),
    Situation("host: /.dockerenv left over", _HERE, _with_mark(wanted=True)),
    Situation("host: no /.dockerenv", _HERE, _with_mark(wanted=False)),
    Situation(f"host: {_MANY} containers run", _HERE, _among_containers),
    Situation(
        f"host: {_MANY} containers run, no /.dockerenv", _HERE, _among_containers_without_mark
    ),
    Situation("chroot", _HERE, _chroot(marked=False)),
    Situation("chroot: /.dockerenv left over", _HERE, _chroot(marked=True)),
    Situation("unshare -n", Truth("none", "isolated", "plain"), _unshared("--net")),
    Situation("ip netns, connected", Truth("none", "own", "plain"), _netns),
    Situation("bubblewrap: own network", Truth("sandbox", "isolated", "plain"), _bubblewrap()),
    Situation(
        "bubblewrap: host's network",
        Truth("sandbox", "host", "host", ("localhost",)),
        _bubblewrap("--share-net"),
    ),
)
