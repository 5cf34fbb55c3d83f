"""Which answers are right: hostshift's in all it says, another detector's in its one question.

A detector is right when what it says is true. One that says "a container"
without naming it is right in any; one that asks for Docker alone is right to say
no in Podman. A sandbox of namespaces may be called a container or not, but not
Docker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.lab.situations.model import Truth

_CONTAINERS = frozenset(("docker", "podman", "lxc", "nspawn", "gvisor"))
_UNNAMED = frozenset(("container", "container-other"))
# What others call them.
_NAMES = {"systemd-nspawn": "nspawn"}


def _named(answer: str, isolation: str) -> bool:
    """Judge one that names the runtime, or says that there is none."""
    if isolation == "none":
        return answer == "none"
    if isolation not in _CONTAINERS:
        return answer == "none" or answer in _UNNAMED
    return answer in _UNNAMED or isolation == _NAMES.get(answer, answer)


def _any_container(answer: Any, isolation: str) -> bool:
    """Judge one that says whether this is a container."""
    if isolation == "none":
        return answer is False
    return isolation not in _CONTAINERS or answer is True


def _docker_only(answer: Any, isolation: str) -> bool:
    """Judge one that says whether this is Docker."""
    return bool(answer is (isolation == "docker"))


def _ansible(answer: Any, isolation: str) -> bool:
    """Judge a fact that also names virtual machines: those are no containers."""
    containers = {*_CONTAINERS, *_UNNAMED, *_NAMES, "containerd", "openvz"}
    failed = str(answer).startswith("error")
    return not failed and _named(answer if answer in containers else "none", isolation)


@dataclass(frozen=True)
class Detector:
    """Another detector: what it asks and how its answer is judged."""

    key: str
    """Its name in what ``ask.py`` prints."""
    name: str
    asks: str
    judge: Callable[[Any, str], bool]


DETECTORS = (
    Detector("systemd_detect_virt", "systemd-detect-virt", "which container?", _named),
    Detector("is_docker", "is-docker", "Docker?", _docker_only),
    Detector("container_detect", "container-detect", "any container?", _any_container),
    Detector("testcontainers", "testcontainers", "any container?", _any_container),
    Detector("ansible", "ansible", "which container?", _ansible),
)


def expected(truth: Truth, addresses: Mapping[str, str]) -> dict[str, Any]:
    """Give what ``hostshift vantage --json`` should say, but for its evidence."""
    return {
        "isolation": truth.isolation,
        "network": truth.network,
        "naming": truth.naming,
        "host_address": [
            addresses.get(address, address)
            for address in truth.host
            if address in addresses or not address.startswith("<")
        ],
    }


def seen(answer: Any) -> dict[str, Any]:
    """Pick the same parts of what it did say; nothing where it failed.

    The host's server here listens on IPv4 alone, so an IPv6 gateway beside it is left out.
    """
    if not isinstance(answer, dict):
        return {}
    hosts = [host for host in answer.get("host_address") or () if ":" not in host]
    parts = {key: answer.get(key) for key in ("isolation", "network", "naming")}
    return {**parts, "host_address": hosts}
