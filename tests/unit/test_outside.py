"""What a signal handler raises goes on to the caller, whatever is looked at just then."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hostshift
from hostshift import SettingError
from hostshift.base.interrupts import is_interrupt, reraise_interrupt
from hostshift.config import project, settings_file
from hostshift.detect import listeners, netlink
from hostshift.trust import accounts, acl, mounts, owners

if TYPE_CHECKING:
    from collections.abc import Callable


class TimeIsUpError(TimeoutError):
    """What a task's time limit raises, as in Celery or a test's own alarm."""


def _up(*_: Any, **__: Any) -> Any:
    raise TimeIsUpError("10 s are over")


@pytest.mark.parametrize(
    ("error", "outside"),
    [
        (TimeIsUpError(), True),
        (TimeoutError("mine"), True),
        (TimeoutError("timed out"), False),
        (FileNotFoundError(2, "no such file"), False),
        (OSError(24, "too many"), False),
        (ValueError("x"), False),
    ],
)
def test_whose_an_error_is(error: Exception, outside: bool) -> None:
    assert is_interrupt(error) is outside
    if outside:
        with pytest.raises(type(error)):
            reraise_interrupt(error)
    else:
        reraise_interrupt(error)


LOOKS: dict[str, tuple[tuple[object, str], Callable[[], object]]] = {
    "netlink": ((netlink, "listeners"), listeners.listeners),
    "descriptors": ((os, "listdir"), listeners._descriptors),
    "sockets": ((os, "readlink"), lambda: list(listeners._inodes(["/proc/self/fd/0"]))),
    "ancestors": ((os, "listdir"), lambda: listeners._socket_inodes(1)),
    "the root": ((os.path, "realpath"), project.project_root),
    "whose a file is": ((os, "stat"), lambda: owners.is_strangers("/etc/hosts")),
    "the mount of a file": ((builtins, "open"), lambda: mounts.of(0)),
    "whose a mount is": ((builtins, "open"), lambda: mounts.fuse_user(0, b"1")),
    "what is mounted": ((builtins, "open"), lambda: mounts.root_of("/etc/hosts")),
    "access control lists": ((os, "getxattr"), lambda: acl.lets_others_write("/", 0, 0)),
    "whose group it is": ((builtins, "open"), lambda: accounts.is_private_group(0, 0)),
    "what a user namespace has": (
        (builtins, "open"),
        lambda: owners.is_unmapped(Path("/").stat()),
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_it_is_not_taken_for_the_systems(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (module, called), look = LOOKS[name]
    with monkeypatch.context() as patch:
        patch.setattr(module, called, _up)
        with pytest.raises(TimeIsUpError):
            look()


def test_nor_while_the_kernels_table_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.open", _up)
    with pytest.raises(TimeIsUpError):
        listeners._file("tcp")


def test_nor_for_a_broken_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hostshift.toml"
    file.write_text("mode = 'on'", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("hostshift.trust.gate.read", _up)
        with pytest.raises(TimeIsUpError):
            settings_file._content(str(file))
    with monkeypatch.context() as patch:
        patch.setattr("hostshift.trust.gate.read", _broken)
        with pytest.raises(Exception, match="cannot be read") as caught:
            settings_file._content(str(file))
    assert not isinstance(caught.value, SettingError)


def _broken(*_: Any, **__: Any) -> Any:
    raise OSError(5, "Input/output error")


def test_nor_where_an_answer_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    found = hostshift.explain("postgresql://localhost/x")
    assert str(found)
    monkeypatch.setattr("builtins.__import__", _up)
    with pytest.raises(TimeIsUpError):
        str(found)
