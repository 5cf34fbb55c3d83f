"""Situations of runtimes that start from a directory: nspawn, LXC, gVisor."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import shell
from tests.lab.situations.grounds import inside, must, need, run_process
from tests.lab.situations.model import Situation, Standing, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.containers import Outcome
    from tests.lab.situations.grounds import Grounds
    from tests.lab.situations.model import User


def _nspawn(*options: str) -> Any:
    """Start a container of systemd's for each command, without asking systemd itself."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        need("systemd-nspawn", packages=["systemd-container"])
        start = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe"]
        name = grounds.named("nspawn")
        start += [f"--machine={name}", f"--directory={grounds.root}"]

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            return run_process([*start, *options, *inside(command, user)])

        try:
            yield Standing(run)
        finally:
            with suppress(OSError):  # It forgets this one where it lies on a disk.
                Path("/run/systemd/nspawn/propagate", name).rmdir()

    return enter


_LXC = """\
lxc.rootfs.path = dir:{root}
lxc.uts.name = {name}
lxc.mount.auto = proc:mixed sys:ro
lxc.net.0.type = {network}
"""


def _lxc(network: str) -> Any:
    """Start a container of LXC's for each command."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        need("lxc-execute", packages=["lxc"])
        name = grounds.named("lxc")
        config = grounds.scratch / "lxc.conf"
        config.write_text(_LXC.format(root=grounds.root, name=name, network=network))
        state = grounds.scratch / "lxc"
        state.mkdir(exist_ok=True)
        start = ["lxc-execute", f"--lxcpath={state}", f"--name={name}", f"--rcfile={config}"]

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            return run_process([*start, "--", *inside(command, user)])

        yield Standing(run)

    return enter


@contextmanager
def _lxc_bridge(grounds: Grounds) -> Iterator[Standing]:
    """Give it a pair of devices on a bridge of its own."""
    need("ip", packages=["iproute2"])
    bridge = grounds.device("lx")
    must(["ip", "link", "add", bridge, "type", "bridge"])
    try:
        with _lxc(f"veth\nlxc.net.0.link = {bridge}\nlxc.net.0.flags = up")(grounds) as found:
            yield found
    finally:
        must(["ip", "link", "delete", bridge])


@contextmanager
def _gvisor(grounds: Grounds) -> Iterator[Standing]:
    """Start a sandbox of gVisor's for each command, with no network."""
    need("runsc", packages=["runsc"])
    bundle = grounds.scratch / "gvisor"
    bundle.mkdir(exist_ok=True)
    start = [shell.which("runsc") or "runsc", f"--root={bundle}/state"]
    start += ["--platform=ptrace", "--network=none", "--ignore-cgroups"]

    def run(command: Sequence[str], user: User = "root") -> Outcome:
        spec = {
            "ociVersion": "1.0.0",
            "process": {
                "user": {"uid": 0, "gid": 0},
                "args": inside(command, user),
                "env": ["PATH=/usr/bin:/bin"],
                "cwd": "/",
                "capabilities": {
                    kind: ["CAP_SETUID", "CAP_SETGID"]
                    for kind in ("bounding", "effective", "permitted")
                },
            },
            "root": {"path": str(grounds.root), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
            ],
            "linux": {
                "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]
            },
        }
        (bundle / "config.json").write_text(json.dumps(spec))
        return run_process([*start, "run", f"--bundle={bundle}", grounds.named("gvisor")])

    yield Standing(run)


SITUATIONS = (
    Situation(
        "nspawn: private network",
        Truth("nspawn", "isolated", "plain"),
        _nspawn("--private-network"),
    ),
    Situation("nspawn: veth", Truth("nspawn", "own", "plain"), _nspawn("--network-veth")),
    Situation("nspawn: host network", Truth("nspawn", "host", "host", ("localhost",)), _nspawn()),
    Situation("lxc: no network", Truth("lxc", "isolated", "plain"), _lxc("empty")),
    Situation("lxc: bridge", Truth("lxc", "own", "plain"), _lxc_bridge),
    Situation("lxc: host network", Truth("lxc", "host", "host", ("localhost",)), _lxc("none")),
    Situation("gvisor: no network", Truth("gvisor", "isolated", "plain"), _gvisor),
)
