"""Hold hostshift against the real compose, on every compose file below a directory.

``python -m tests.compare_compose DIRECTORY``: for public repositories and for your own. Each
file is read by hostshift without compose, and by compose. What an env file or a variable lacks
that compose insists on is added for both, because it touches no address.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostshift.discovery import compose
from hostshift.discovery.compose.project_files import COMPOSE_FILES, OVERRIDES
from tests.unit.compose_cases import comparable, facts_of, facts_of_config, oracle, plenty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.discovery import Topology

_SERVICES = re.compile(rb"^services:", re.MULTILINE)
_NO_FILE = re.compile(r"env file (\S+) not found")
_NO_VARIABLE = re.compile(r"required variable (\w+) is missing a value")
_OFFLINE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "0", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "0"}
_TRIES = 40
"""Files and variables that are added for one project, at most."""


@dataclass
class Project:
    """A directory, and a file in it; None for those that compose finds by itself."""

    directory: Path
    file: str | None
    environ: dict[str, str] = field(default_factory=lambda: {"HOME": os.devnull})

    def __str__(self) -> str:
        """Name it for a report."""
        return f"{self.directory}/{self.file or ''}"

    def config(self) -> Any | None:
        """Return what compose prints, None where it refuses the file for good."""
        named = ["-f", self.file] if self.file else []
        command = [str(oracle()), *named, "config", "--format", "json"]
        for _ in range(_TRIES):
            environ = {**self.environ, **_OFFLINE}
            done = subprocess.run(
                command, cwd=self.directory, env=environ, capture_output=True, check=False
            )
            if done.returncode == 0:
                return loads(done.stdout)
            if not self._add(done.stderr.decode("utf-8", "replace")):
                return None
        return None

    def _add(self, error: str) -> bool:
        """Add what compose misses and return True, if that is all."""
        if missing := _NO_FILE.search(error):
            path = Path(missing[1].rstrip(":"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o664)
            return path.is_file()
        if (unset := _NO_VARIABLE.search(error)) and unset[1] not in self.environ:
            self.environ[unset[1]] = "1"
            return True
        return False

    def read(self, path: str) -> Topology:
        """Return what hostshift reads, with compose installed on a path or without."""
        environ = {**self.environ, "PATH": path}
        return compose.read(str(self.directory), environ, file=self.file, deadline=plenty())


def projects(root: Path) -> Iterator[Project]:
    """Find all compose files below a directory."""
    for at, directories, names in os.walk(root):
        directories.sort()
        usual = [name for name in COMPOSE_FILES if name in names]
        if usual:
            yield Project(Path(at), None)
        for name in sorted({*names} - {*usual[:1], *OVERRIDES}):
            if name.endswith((".yml", ".yaml")) and _SERVICES.search(Path(at, name).read_bytes()):
                yield Project(Path(at), name)


def outcome(project: Project) -> tuple[str, str]:
    """Return how the two compare, and why hostshift does not read it."""
    said = project.config()
    found = project.read(os.devnull)
    if said is None:
        return ("both refuse" if found.gaps else "only compose refuses"), ""
    reason = found.gaps[0].what if found.gaps else ""
    if "only compose itself reads that" in reason:
        found = project.read(str(oracle().parent))
        if not found.gaps:
            return ("through compose" if _agree(found, said) else "DIFFERENT through it"), reason
    if found.gaps:
        return "absent", reason
    return ("equal" if _agree(found, said) else "DIFFERENT"), ""


def _agree(found: Topology, said: Any) -> bool:
    wanted, got = comparable(facts_of_config(said), facts_of(found))
    return found.project == said["name"] and got == wanted


def main(root: Path) -> int:
    """Compare all, and print the counts, and each that is not simply equal."""
    counts: Counter[str] = Counter()
    for project in projects(root):
        kind, reason = outcome(project)
        counts[kind] += 1
        if kind not in ("equal", "both refuse"):
            print(f"{kind}: {project}: {reason}")
    accepted = sum(count for kind, count in counts.items() if "refuse" not in kind)
    print(dict(counts), f"{counts['equal'] / max(1, accepted):.2%} without compose")
    return any("DIFFERENT" in kind for kind in counts)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
