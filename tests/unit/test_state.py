"""No global state but the one resolver: what changes in a module, and what could."""

from __future__ import annotations

import ast
import pkgutil
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from threading import Lock, RLock, local
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

import pytest

from hostshift.base.record import Record

ALLOWED = {
    "hostshift.resolution.resolver:_places": "the one cache: hostshift.reset() drops it",
    "hostshift.dsn.parse:_loaded": "a memo: the function of a dialect, by its name",
    "hostshift.base.log:_sink": "where exec writes: a process of its own, that becomes another",
    "hostshift.base.forks:_under_way": "look-ups of this moment, not what they find",
    "hostshift.forward.thread:_running": "forwarders of this moment: a fork closes their sockets",
    "hostshift_sqlalchemy._connect:_everywhere": "whether install() was called, not what is found",
    "hostshift.base.forks:_forking": "threads of this moment",
    "hostshift.base.forks:FORK_LOCK": "a lock, and held for a moment: forks need one for all",
    "hostshift.base.forks:_hooks": "whether forks wait: no handler of forks can be taken back",
    "hostshift_django._pool:_made": "a memo: the class made of a class",
    "hostshift_redis._connection:_made": "a memo: the class made of a class",
}
"""What may change, and why. What was seen of the world hangs on the resolver."""

PACKAGES = (
    *("hostshift", "hostshift_django", "hostshift_flask", "hostshift_httpx", "hostshift_pydantic"),
    *("hostshift_pymongo", "hostshift_pytest", "hostshift_redis", "hostshift_sqlalchemy"),
)
CONTAINERS = (
    *(dict, list, set, bytearray, deque),
    *(WeakKeyDictionary, WeakValueDictionary, WeakSet),
)
CHANGES = frozenset(
    (
        *("add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert"),
        *("pop", "popitem", "popleft", "remove", "setdefault", "update", "difference_update"),
        *("intersection_update", "symmetric_difference_update"),
    )
)
"""Methods that change what they are called on."""
REMEMBERS = (ContextVar, local, type(Lock()), type(RLock()), Iterator)


def _modules() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every module: its name, its source and what is in it."""
    for package in PACKAGES:
        there = import_module(package).__path__
        inner = [found.name for found in pkgutil.walk_packages(there, f"{package}.")]
        for name in (package, *(one for one in inner if not one.endswith("__main__"))):
            module = import_module(name)
            yield name, Path(str(module.__file__)).read_text(encoding="utf-8"), vars(module)


def changing(module: str, source: str, values: dict[str, Any]) -> set[str]:
    """Name what changes: of a module, of its classes, and of modules that it writes to.

    Args:
        module: its name.
        source: its text.
        values: what is in it.

    """
    tree = ast.parse(source)
    own = {one for node in tree.body for one in _named(node)}
    found = {one for one in own if _remembers(values.get(one))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found |= set(node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found |= _written(node, values)
    return {f"{module}:{one}" for one in found}


def _named(node: ast.stmt) -> Iterator[str]:
    """Name what a statement of the module makes; what it imports is another's."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _remembers(value: Any) -> bool:
    """Return True for what can change unseen by its module: a cache, an object of our classes."""
    if isinstance(value, type):
        return False
    ours = type(value).__module__.partition(".")[0] in (*PACKAGES, "sample")
    return (
        hasattr(value, "cache_info")
        or isinstance(value, REMEMBERS)
        or (ours and not isinstance(value, Record))
    )


def _written(function: ast.AST, values: dict[str, Any]) -> set[str]:
    """Name the containers that a function writes to: ``X[…] =``, ``del X[…]``, ``X.add(…)``."""
    nodes = list(ast.walk(function))
    hidden = {node.arg for node in nodes if isinstance(node, ast.arg)}
    hidden |= {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    places = [place for node in nodes for place in _places(node)]
    return {name for place in places for name in _container(place, values, hidden)}


def _places(node: ast.AST) -> Iterator[ast.expr]:
    """Give what a piece of code writes to."""
    if isinstance(node, ast.Attribute) and node.attr in CHANGES:
        yield node.value
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield node.value
    if isinstance(node, ast.AugAssign):
        yield node.target


def _container(place: ast.expr, values: dict[str, Any], hidden: set[str]) -> Iterator[str]:
    """Name a container of the module, of a module that it knows, or of a class of its own."""
    if isinstance(place, ast.Name) and place.id not in hidden:
        if isinstance(values.get(place.id), CONTAINERS):
            yield place.id
    elif isinstance(place, ast.Attribute):
        holders: list[Any] = [one for one in values.values() if isinstance(one, type)]
        if isinstance(place.value, ast.Name) and place.value.id in values:
            holders.append(values[place.value.id])
        for holder in holders:
            own = str(getattr(holder, "__module__", None) or getattr(holder, "__name__", ""))
            ours = own.partition(".")[0] in (*PACKAGES, "sample")
            if ours and isinstance(vars(holder).get(place.attr), CONTAINERS):
                yield f"{holder.__name__}.{place.attr}"


def test_nothing_changes_but_what_may() -> None:
    found = set().union(*(changing(*module) for module in _modules()))
    assert found - ALLOWED.keys() == set(), "state beside the resolver: hang it there"
    assert ALLOWED.keys() - found == set(), "what is not there needs no leave"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("A = {}\ndef f(): A['a'] = 1", "A"),
        ("A = {}\ndef f(): A.update(a=1)", "A"),
        ("A = []\ndef f(): B = A.append; B(1)", "A"),
        ("A = [1]\ndef f(): del A[0]", "A"),
        ("A, B = 1, set()\nasync def f(): B.add(1)", "B"),
        ("A = None\ndef f():\n global A\n A = 1", "A"),
        ("A = []\ndef f():\n global A\n A += [1]", "A"),
        ("from functools import cache\ndef f(): return 1\nA = cache(f)", "A"),
        ("from functools import lru_cache\n@lru_cache\ndef f(): return 1", "f"),
        ("from contextvars import ContextVar\nA: object = ContextVar('A')", "A"),
        ("import threading\nA = threading.local()", "A"),
        ("import itertools\nA = itertools.count()", "A"),
        ("class C:\n def __init__(self): self.a = {}\nA = C()", "A"),
        ("class C:\n a = {}\n def f(self): self.a['a'] = 1", "C.a"),
        ("class C:\n a = []\ndef f(): C.a.append(1)", "C.a"),
    ],
)
def test_it_is_found(source: str, name: str) -> None:
    assert _of_text(source) == {f"sample:{name}"}


@pytest.mark.parametrize(
    "source",
    [
        "A = {'a': 1}\ndef f(): return A['a'] or A.get('b')",
        "A = {}\ndef f():\n A = {}\n A['a'] = 1",
        "A = {}\ndef f(A): A.update(a=1)",
        "A = {}\nA['a'] = 1",
        "class C:\n def __init__(self): self.a = {}\n def f(self): self.a['a'] = 1",
        "from hostshift.routing.model import Address\nA = Address(host='a', port=1)",
        "from hostshift.config.policy import Policy as A",
    ],
)
def test_constants_and_objects_are_none(source: str) -> None:
    assert _of_text(source) == set()


def _of_text(source: str) -> set[str]:
    values: dict[str, Any] = {"__name__": "sample"}
    exec(dedent(source), values)
    return changing("sample", source, values)
