"""Ask hostshift and the other detectors where this process stands; print it as JSON.

It runs inside each situation, by the image's Python, with nothing of this
project but the installed wheel. The detectors lie beside this file.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def hostshift() -> Any:
    """Ask the installed command, as a user would."""
    return json.loads(_output("hostshift", "vantage", "--json"))


def reached(addresses: list[str], port: int) -> list[str]:
    """Dial the host at a port of a server of the test's, and say where it answered."""
    found = []
    for address in addresses:
        try:
            with socket.create_connection((address, port), timeout=5) as connection:
                if connection.makefile().readline().strip() == "host":
                    found.append(address)
        except OSError:
            continue
    return found


def systemd_detect_virt() -> str:
    """Ask the real program; it ends with 1 for "none"."""
    return _output("systemd-detect-virt", "--container", codes=(0, 1))


def container_detect() -> bool:
    """Ask the package, by its one function."""
    from container_detect import (  # type: ignore[import-not-found]
        is_inside_container,
    )

    return bool(is_inside_container())


def testcontainers() -> bool:
    """Ask the module alone: the package around it wants a Docker client."""
    path = HERE / "testcontainers" / "core" / "utils.py"
    spec = importlib.util.spec_from_file_location("testcontainers_utils", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return bool(module.inside_container())


class _NoPrograms:
    """What the class below wants of a running Ansible module: looking for dmidecode."""

    def get_bin_path(self, _name: str) -> None:
        """Find no program: dmidecode knows virtual machines, not containers."""


def ansible() -> str:
    """Ask the class that fills ``ansible_facts.virtualization_type``."""
    from ansible.module_utils.facts.virtual.linux import (  # type: ignore[import-not-found]
        LinuxVirtual,
    )

    return str(LinuxVirtual(_NoPrograms()).get_virtual_facts().get("virtualization_type", ""))


def is_docker() -> bool:
    """Ask the copied rule."""
    from is_docker import is_docker as rule  # type: ignore[import-not-found]

    return bool(rule())


def _output(*command: str, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode not in codes:
        raise OSError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout.strip()


def _asked(question: Callable[[], Any]) -> Any:
    """Give an answer, or what went wrong as text: one failure must not hide the others."""
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - other people's code
        return f"error: {type(error).__name__}: {error}"


QUESTIONS: tuple[Callable[[], Any], ...] = (
    hostshift,
    systemd_detect_virt,
    is_docker,
    container_detect,
    testcontainers,
    ansible,
)

if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    answers = {question.__name__: _asked(question) for question in QUESTIONS}
    if isinstance(answers["hostshift"], dict):
        hosts = answers["hostshift"]["host_address"]
        answers["reached"] = reached(hosts, int(sys.argv[1]))
    sys.stdout.write(json.dumps(answers) + "\n")
