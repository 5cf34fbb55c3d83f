"""The public face: its names, and that importing it costs and touches nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import hostshift
from hostshift import errors

NAMES = {
    "CaptureError",
    "Decision",
    "EnvironmentFileError",
    "ForwardError",
    "HostshiftError",
    "IncompatibleError",
    "InvalidAddressError",
    "MissingExtraError",
    "MissingVariableError",
    "Policy",
    "RenderError",
    "Resolution",
    "SettingError",
    "StaleError",
    "TopologyError",
    "UndecidedError",
    "UnknownDialectError",
    "UnknownMemberError",
    "Vantage",
    "WrongServerError",
    "aresolve",
    "explain",
    "forwarding",
    "from_env",
    "reset",
    "resolve",
    "resolve_address",
    "resolve_environ",
    "vantage",
}

SLOW_TO_LOAD = {"dataclasses", "enum", "ipaddress", "logging", "pathlib", "re", "socket", "typing"}


def _run(statement: str) -> tuple[set[str], list[str]]:
    """Run a statement in a bare interpreter: the modules it loads and the files it opens."""
    code = f"""
import os, sys
sys.path += {[path for path in sys.path if "site-packages" in path]!r}
before, opened = set(sys.modules), []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
{statement}
print("\\n".join(set(sys.modules) - before), "\\n".join(opened), sep="\\n\\n")
"""
    # -I -S: what .pth files load is not ours; os is there in every interpreter.
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    modules, _, opened = done.stdout.partition("\n\n")
    return set(modules.split()), opened.split("\n")


def test_all_names() -> None:
    assert set(hostshift.__all__) == NAMES
    assert all(hasattr(hostshift, name) for name in NAMES)


def test_dir_shows_the_public_names_before_any_is_used() -> None:
    shown = "import hostshift; print(*dir(hostshift))"
    ran = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    names = set(ran.stdout.split())
    assert names >= NAMES
    assert not {name for name in names - NAMES if not name.startswith("__")}


def test_every_error_is_at_the_root() -> None:
    raised = {name for name in dir(errors) if name.endswith("Error")}
    assert raised == {name for name in NAMES if name.endswith("Error")}


def test_every_public_name_says_what_it_is() -> None:
    undocumented = [name for name in NAMES if not getattr(hostshift, name).__doc__]
    assert undocumented == []


def test_the_installed_wheel_is_what_is_tested() -> None:
    assert "site-packages" in Path(hostshift.__file__).parts


def test_the_version_is_the_packages() -> None:
    assert hostshift.__version__ == metadata.version("hostshift")


def test_every_package_of_the_wheel_is_typed() -> None:
    files = [str(file) for file in metadata.files("hostshift") or []]
    packages = {file.split("/")[0] for file in files if file.endswith("__init__.py")}
    assert packages == {
        "hostshift",
        "hostshift_django",
        "hostshift_flask",
        "hostshift_httpx",
        "hostshift_pydantic",
        "hostshift_pymongo",
        "hostshift_pytest",
        "hostshift_redis",
        "hostshift_sqlalchemy",
    }
    assert {f"{package}/py.typed" for package in packages} <= set(files)


def test_importing_loads_only_itself() -> None:
    modules, _ = _run("import hostshift; hostshift.resolve")
    assert "hostshift.resolution.resolver" in modules
    assert {name.split(".")[0] for name in modules} == {"__future__", "hostshift"}


def test_importing_reads_no_file() -> None:
    _, opened = _run("import hostshift")
    own = str(Path(hostshift.__file__).parent)
    read = [name for name in opened if name.strip()]
    assert any(name.startswith(own) for name in read)  # the hook does see what is opened
    assert [name for name in read if not name.startswith(own) and "__future__" not in name] == []


def test_resolving_on_the_host_loads_nothing_slow() -> None:
    """On the default path: no settings library, no socket, no regular expressions."""
    modules, opened = _run(
        "os.chdir('/'); import hostshift; hostshift.resolve('redis://localhost/0')"
    )
    assert "/etc/hosts" in opened
    assert {name.split(".")[0] for name in modules} <= {"__future__", "hostshift"}
    assert not modules & SLOW_TO_LOAD
