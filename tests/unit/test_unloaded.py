"""A process without a free descriptor: texts and addresses stay, and that is said."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging, os, resource, sys
import hostshift
from hostshift.resolution import resolver
from hostshift.routing.model import Address, destination
from hostshift.routing.cluster import Announcement
from hostshift.routing.outcomes import stays

text, current = "postgresql://app:s3cret@localhost:5432/x", resolver.current()
for name in dir(hostshift):
    getattr(hostshift, name)
request = current._request(destination("localhost", 5432, "mongodb"), hostshift.Policy())
there = stays(request, "here", "x")
here = Address(host="localhost", port=27017)
said = Announcement(located=there, members=(here,))
logging.basicConfig(format="%(message)s")
asked = {
    "resolve": lambda: hostshift.resolve(text) == text,
    "explain": lambda: hostshift.explain(text).after == text and hostshift.explain(text).undecided,
    "print": lambda: "s3cret" not in str(hostshift.explain(text)),
    "from_env": lambda: hostshift.from_env("DATABASE_URL", text) == text,
    "environ": lambda: hostshift.resolve_environ({"A_URL": text}) == {"A_URL": text},
    "dial": lambda: not current.dial("localhost", 5432, "postgresql").changed,
    "address": lambda: hostshift.resolve_address("localhost", 5432) == ("localhost", 5432),
    "reach": lambda: current.reach((("127.0.0.1", 1),)) in (("failed",), ("refused",)),
    "member": lambda: not getattr(current.member(said, here, "mongodb"), "changed", None),
    "vantage": lambda: bool(str(hostshift.vantage())),
}
if sys.argv[2] == "settled":
    current.policy
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
good = asked[sys.argv[1]]()
for one in held:
    os.close(one)
print(good)
"""
CALLS = (
    *("resolve", "explain", "print", "from_env", "environ", "dial", "address", "reach"),
    *("member", "vantage"),
)


@pytest.mark.parametrize("settings", ["settled", "unread"])
@pytest.mark.parametrize("call", CALLS)
def test_without_a_descriptor_nothing_raises_and_nothing_changes(call: str, settings: str) -> None:
    """The settings have a variable, so a library has to be loaded to read them."""
    environment = {**os.environ, "HOSTSHIFT_STRICT": "false", "HOSTSHIFT_BUDGET": "0.5"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, call, settings],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
    assert "Traceback" not in done.stderr
    if call in ("resolve", "dial", "address", "environ") and settings == "unread":
        assert "stay" in done.stderr
    assert "s3cret" not in done.stderr
