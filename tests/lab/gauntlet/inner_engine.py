"""A real engine in a container, as the job of a CI service has beside it (Docker in Docker)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import images
from tests.lab.errors import LabError
from tests.lab.progress import step
from tests.lab.state import locked

if TYPE_CHECKING:
    from tests.lab.engine import Engine
    from tests.lab.sdk import Container, Network
    from tests.lab.stage import Stage

PORT = 2375
_DOCKERFILE = Path(__file__).parents[1] / "Dockerfile.dockerd"
_NEEDED = ["DAC_READ_SEARCH", "NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"]
"""Capabilities, instead of all of them: not every machine of CI has all to give."""
_START = f"""
set -e
for mounted in /sys /proc/sys /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q $mounted; then mount -o remount,bind,rw $mounted; fi
done
# Where there is one tree of cgroups only, one with children may hold no process itself.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs || true
  sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers \\
    > /sys/fs/cgroup/cgroup.subtree_control
fi
exec dockerd --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:{PORT} --tls=false \\
  --storage-driver=vfs --bip=10.251.7.1/24
"""
# An image with nothing in it but the links that programs are found by; the programs are
# those of the engine's own container, mounted.
_IMAGE = """
set -e
cd "$(mktemp -d)"
for link in bin lib lib64; do [ -L /$link ] && ln -s usr/$link $link; done
mkdir usr opt tmp etc
tar -c . | docker import - empty >/dev/null
"""
_TRIES = 300


def ensure_image(engine: Engine, lab_image: str) -> str:
    """Give the name of the lab image with an engine in it, built if needed."""
    name = f"hostshift-dockerd:{images.digest([_DOCKERFILE], lab_image)}"
    with locked("dockerd-image"):
        if not images.has_image(engine, name):
            with step(f"building {name}", "20 s"):
                images.build(engine, name, {"Dockerfile": _DOCKERFILE}, {"LAB_IMAGE": lab_image})
            images.forget_old(engine, "hostshift-dockerd")
    return name


def start(stage: Stage, image: str, network: Network) -> Container:
    """Start the engine as the host `docker` of a network, and wait until it answers."""
    made = stage.start(
        "inner-engine",
        image,
        ["sh", "-c", _START],
        cap_add=_NEEDED,
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="private",
        network=network,
        aliases=["docker"],
        volumes=["/var/lib/docker"],
    )
    waiting = (
        "for _ in $(seq $0); do docker version >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1"
    )
    for command in (["sh", "-c", waiting, str(_TRIES)], ["sh", "-c", _IMAGE]):
        said = stage.exec(made, command, timeout=60)
        if said.code != 0:
            raise LabError(f"no engine in a container: {said.stderr}\n{stage.log(made)}")
    return made


def publish(stage: Stage, engine: Container, who: str, port: int) -> None:
    """Run a server in a container of that engine, published on a port of the engine's host."""
    mounts = [f"--volume=/{name}:/{name}:ro" for name in ("usr", "opt", "etc")]
    serve = ["/opt/venv/bin/python", "/opt/servers/serve_any.py", "7"]
    command = ["docker", "run", "--detach", f"--publish={port}:7", *mounts, f"--env=WHO={who}"]
    said = stage.exec(engine, [*command, "empty", *serve])
    if said.code != 0:
        raise LabError(f"a container in the inner engine: {said.stderr}")
    stage.wait(engine, port)
