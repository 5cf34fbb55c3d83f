"""Situations that rootful Podman makes. Its images are its own: ours is loaded for a while."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import leftovers, shell
from tests.lab.errors import LabError
from tests.lab.processes import Owner
from tests.lab.situations.builds import dockerfile, outcome
from tests.lab.situations.grounds import feed, must, need, run_process
from tests.lab.situations.model import Situation, Standing, Truth, Unavailable, as_user
from tests.lab.state import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.containers import Outcome
    from tests.lab.situations.grounds import Grounds
    from tests.lab.situations.model import User

_PROGRAMS = ("podman", "runc", "aardvark-dns")
_PACKAGES = ("podman", "netavark", "aardvark-dns", "crun", "runc")
_HELPERS = (Path("/usr/lib/podman"), Path("/usr/libexec/podman"))
# Its own limits for containers are more than the root of some machines may set.
_SETTINGS = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
runtime = "runc"
"""
_MOST = 20_000
_IMAGES = "localhost/hostshift-lab-situations"


class Podman:
    """Podman for one session: what it made goes when it is closed."""

    def __init__(self, grounds: Grounds) -> None:
        """Install it where it is missing, and clear what killed runs left."""
        _need()
        self.grounds = grounds
        settings = grounds.scratch / "containers.conf"
        settings.write_text(_settings(), encoding="utf-8")
        self.program = ["env", f"CONTAINERS_CONF={settings}", shell.which("podman") or "podman"]
        _forget_the_dead(self)

    def __call__(self, *words: str) -> str:
        """Run a subcommand that must succeed."""
        return must([*self.program, *words])

    @property
    def labels(self) -> list[str]:
        """Give the options that mark a thing as ours."""
        return [f"--label={key}={value}" for key, value in self.grounds.stage.labels.items()]

    @contextmanager
    def image(self) -> Iterator[str]:
        """Have the image in Podman's own store, under a name of our own.

        Another session may come and go with the same image, and the name that it
        is loaded by is one for all.
        """
        name = f"{_IMAGES}:{Owner.me().label.replace('/', '_')}"
        with locked("podman-image"):
            loaded = self._load()
            self("tag", loaded, name)
            self("untag", loaded, loaded)
        try:
            yield name
        finally:
            self("rmi", name)

    def _load(self) -> str:
        """Hand the image over from Docker; give the name that it comes by."""
        image = self.grounds.engine.client.images.get(self.grounds.image)
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [*self.program, "load", "--quiet"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        ) as process:
            feed(process, image.save(named=True))
            said = process.stdout.read().decode() if process.stdout else ""
        if process.returncode:
            raise LabError(f"podman load ended with {process.returncode}")
        return said.strip().rpartition(": ")[2]

    @contextmanager
    def container(self, name: str, image: str, *options: str) -> Iterator[str]:
        """Run a container for a while."""
        name = self.grounds.named(name)
        fixed = [f"--name={name}", "--detach", "--pull=never", *self.labels]
        self("run", *fixed, *options, image, "sleep", "infinity")
        try:
            yield name
        finally:
            self("rm", "--force", "--time=0", "--volumes", name)

    @contextmanager
    def network(self) -> Iterator[str]:
        """Have a user network for a while."""
        name = self.grounds.named("net")
        self("network", "create", *self.labels, name)
        try:
            yield name
        finally:
            self("network", "rm", "--force", name)

    def standing(self, container: str, network: str = "") -> Standing:
        """Stand in a container; its network's gateway is the host."""

        def run(command: Sequence[str], user: User = "root") -> Outcome:
            return run_process([*self.program, "exec", container, *as_user(command, user)])

        return Standing(run, {"<net>": self._gateway(network)} if network else {})

    def _gateway(self, network: str) -> str:
        found = json.loads(self("network", "inspect", network))
        return str(found[0]["subnets"][0]["gateway"])


def _need() -> None:
    need("podman", "runc", packages=_PACKAGES)
    if not all(
        any((at / name).exists() for at in _HELPERS) for name in ("netavark", "aardvark-dns")
    ):
        raise Unavailable("needs a Podman with netavark and aardvark-dns")


def _settings() -> str:
    """Write settings with no higher limits than this process has itself."""
    limits = (
        resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)
    )
    files, processes = (_MOST if limit < 0 else min(limit, _MOST) for limit in limits)
    return _SETTINGS.format(files=files, processes=processes)


def _forget_the_dead(podman: Podman) -> None:
    """Remove what killed runs left: containers first, a network in use cannot go."""
    marked = f"--filter=label={leftovers.OWNER}"
    for kind in ("pod", "container", "network"):
        listing = [*([] if kind != "container" else ["--all"]), marked, "--format=json"]
        for thing in json.loads(podman(kind, "ls", *listing) or "[]") or []:
            labels = thing.get("Labels") or thing.get("labels") or {}
            owner = Owner.parse(str(labels.get(leftovers.OWNER, "")))
            if owner is not None and owner.dead:
                name = str(thing.get("Id") or thing.get("id") or thing.get("name"))
                podman(kind, "rm", "--force", name)
    tags = podman("images", "--format={{.Tag}}", f"--filter=reference={_IMAGES}")
    for tag in tags.split():
        owner = Owner.parse(tag.replace("_", "/"))
        if owner is not None and owner.dead:
            podman("rmi", f"{_IMAGES}:{tag}")


def _of(grounds: Grounds) -> tuple[Podman, str]:
    """Give this session's Podman and its image, made when first asked for."""
    found = grounds.kept("podman", _session)
    return found[0], found[1]


@contextmanager
def _session(grounds: Grounds) -> Iterator[tuple[Podman, str]]:
    podman = Podman(grounds)
    with podman.image() as image:
        yield podman, image


def _with(*options: str, network: str = "") -> Any:
    """Enter a container with these options."""

    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Standing]:
        podman, image = _of(grounds)
        with podman.container("at", image, *options) as name:
            yield podman.standing(name, network)

    return enter


@contextmanager
def _user_network(grounds: Grounds) -> Iterator[Standing]:
    podman, image = _of(grounds)
    with podman.network() as net, podman.container("at", image, f"--network={net}") as name:
        yield podman.standing(name, net)


@contextmanager
def _in_namespace_of_another(grounds: Grounds) -> Iterator[Standing]:
    podman, image = _of(grounds)
    with (
        podman.network() as net,
        podman.container("db", image, f"--network={net}") as other,
        podman.container("at", image, f"--network=container:{other}") as name,
    ):
        yield podman.standing(name, net)


@contextmanager
def _pod(grounds: Grounds) -> Iterator[Standing]:
    """Share a pod's network namespace; our own image holds it open, no other is at hand."""
    podman, image = _of(grounds)
    pod = grounds.named("pod")
    with ExitStack() as stack:
        net = stack.enter_context(podman.network())
        podman(
            "pod",
            "create",
            f"--name={pod}",
            f"--network={net}",
            f"--infra-image={image}",
            "--infra-command=sleep infinity",
            *podman.labels,
        )
        stack.callback(podman, "pod", "rm", "--force", "--time=0", pod)
        name = stack.enter_context(podman.container("at", image, f"--pod={pod}"))
        yield podman.standing(name, net)


@contextmanager
def _build(grounds: Grounds) -> Iterator[Standing]:
    """Build an image: its steps run in containers without the files that Podman binds."""
    podman, image = _of(grounds)
    tag = grounds.named("built")

    def run(command: Sequence[str], user: User = "root") -> Outcome:
        began = time.monotonic()
        file = grounds.scratch / "Dockerfile.podman"
        file.write_text(dockerfile(image, command, user), encoding="utf-8")
        options = ["--no-cache", "--pull=never", f"--tag={tag}", f"--file={file}"]
        done = run_process([*podman.program, "build", *options, str(grounds.scratch / "bin")])
        podman("rmi", "--force", tag)
        return outcome(done.stdout + done.stderr, began)

    yield Standing(run, {"<net>": podman.standing(image, "podman").addresses["<net>"]})


_ALIAS = "host.containers.internal"

SITUATIONS = (
    Situation(
        "podman: default network",
        Truth("podman", "own", "plain", (_ALIAS, "<net>")),
        _with(network="podman"),
    ),
    Situation(
        "podman: user network", Truth("podman", "own", "podman", (_ALIAS, "<net>")), _user_network
    ),
    Situation(
        "podman: --network host",
        Truth("podman", "host", "host", ("localhost",)),
        _with("--network=host"),
    ),
    Situation(
        "podman: --network none",
        Truth("podman", "isolated", "plain"),
        _with("--network=none"),
    ),
    Situation(
        "podman: container:X",
        Truth("podman", "shared", "podman", (_ALIAS, "<net>")),
        _in_namespace_of_another,
    ),
    Situation("podman: pod", Truth("podman", "shared", "podman", (_ALIAS, "<net>")), _pod),
    Situation("podman: image build", Truth("podman", "own", "plain", (_ALIAS, "<net>")), _build),
)
