"""Ports of the lab: no two processes get the same one, however they hurry."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.ports import free_port

ROOT = Path(__file__).parents[2]
MANY = 120
ASK = f"""
import json, sys
from tests.lab.ports import free_port
print(json.dumps([free_port(9765), *(free_port() for _ in range({MANY}))]), flush=True)
sys.stdin.read()
"""


def _process() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", ASK]
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def _said(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    said: list[int] = json.loads(process.stdout.readline())
    return said


def test_processes_get_different_ports() -> None:
    processes = [_process() for _ in range(4)]
    given = [_said(process) for process in processes]
    for process in processes:
        process.communicate()
    every = [port for ports in given for port in ports]
    assert len(every) == len(set(every)) == 4 * (MANY + 1)
    if sys.platform == "linux":
        assert sum(ports[0] == 9765 for ports in given) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the names are Linux's")
def test_what_a_process_had_is_free_when_it_ended() -> None:
    for _ in range(2):
        process = _process()
        assert _said(process)[0] == 9765
        process.communicate()


def test_this_process_gets_each_once_but_what_it_prefers() -> None:
    ports = [free_port() for _ in range(MANY)]
    assert len(set(ports)) == MANY
    assert free_port(8431) == free_port(8431)
    assert free_port(ports[7]) not in ports


def test_a_port_that_somebody_listens_on_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 8432)):
        assert free_port(8432) != 8432


def test_no_program_inherits_what_marks_them() -> None:
    free_port()
    script = "import os; print(len(os.listdir('/proc/self/fd')) if os.path.exists('/proc') else 0)"
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(said.stdout) <= 4
