"""The rule of is-docker 4.0.0 (npm), ``index.js``, line for line in Python.

It is a JavaScript package and the image has no interpreter for it. Its three
functions are so short that a copy can be compared by eye.
"""

from __future__ import annotations

from pathlib import Path


def _has_docker_env() -> bool:
    try:
        Path("/.dockerenv").stat()
    except OSError:
        return False
    return True


def _includes(path: str, needle: str) -> bool:
    try:
        return needle in Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def is_docker() -> bool:
    """Tell what ``isDocker()`` returns."""
    return (
        _has_docker_env()
        or _includes("/proc/self/cgroup", "docker")
        or _includes("/proc/self/mountinfo", "/docker/containers/")
    )
