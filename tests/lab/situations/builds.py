"""A step of an image build, by Docker's classic builder and by Podman's."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.lab.containers import Outcome
from tests.lab.errors import LabError
from tests.lab.sdk import DockerException
from tests.lab.situations.model import Situation, Standing, Truth, as_user

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.situations.grounds import Grounds
    from tests.lab.situations.model import User

_MARK = "outcome:"
# A builder mixes both streams with its own words, so they travel packed in one.
_PACK = f"""
import base64, json, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
said = [done.returncode, *(base64.b64encode(part).decode() for part in (done.stdout, done.stderr))]
print("{_MARK}" + json.dumps(said))
"""


def dockerfile(image: str, command: Sequence[str], user: User) -> str:
    """Write a Dockerfile whose one step runs the command."""
    step = json.dumps(["python", "-c", _PACK, *as_user(command, user)])
    return f"FROM {image}\nRUN {step}\n"


def outcome(said: str, began: float) -> Outcome:
    """Find the command's outcome in what a builder said."""
    line = next((line for line in said.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        raise LabError(f"the build said no outcome: {said[-2000:]}")
    code, out, err = json.loads(line.removeprefix(_MARK))
    return Outcome.of(code, base64.b64decode(out), base64.b64decode(err), began)


@contextmanager
def _docker(grounds: Grounds) -> Iterator[Standing]:
    """Build with the engine's own builder: BuildKit needs a program of its own."""

    def run(command: Sequence[str], user: User = "root") -> Outcome:
        began = time.monotonic()
        text = dockerfile(grounds.image, command, user)
        lines = grounds.engine.client.api.build(
            fileobj=_context(text),
            custom_context=True,
            nocache=True,
            rm=True,
            forcerm=True,
            labels=grounds.stage.labels,
            decode=True,
        )
        said = list(lines)
        _forget(grounds, said)
        return outcome("".join(line.get("stream", line.get("error", "")) for line in said), began)

    yield Standing(run, {"<net>": grounds.stage.gateway("bridge")})


def _context(text: str) -> io.BytesIO:
    """Pack a build's directory of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed


def _forget(grounds: Grounds, said: list[dict[str, dict[str, str]]]) -> None:
    """Remove the image that came out."""
    for line in said:
        if name := line.get("aux", {}).get("ID"):
            with suppress(DockerException):
                grounds.engine.client.images.remove(name, force=True)


SITUATIONS = (
    Situation("docker: image build", Truth("docker", "own", "plain", ("<net>",)), _docker),
)
