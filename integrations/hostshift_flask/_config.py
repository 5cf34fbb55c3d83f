"""An application's configuration: which values are addresses, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import _announce, environ, resolver, strings
from hostshift._celery import original, resolve_variables
from hostshift._log import warning
from hostshift.errors import SettingError
from hostshift.policy import parse_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flask import Flask

KEYS = ("CACHE_MEMCACHED_SERVERS", "CACHE_REDIS_CLUSTER", "CACHE_REDIS_SENTINELS")
"""Keys that hold a data service's plain ``host:port``."""

ENGINES = "SQLALCHEMY_"
"""What SQLAlchemy's keys begin with: engines look addresses up when they connect."""

READ_BY = {
    "CACHE_": "cache",
    "CELERY": "celery",
    "MONGODB_": "mongoengine",
    "RATELIMIT_": "limiter",
    "REDIS_": "redis",
}
"""Extensions, as they enter themselves in ``app.extensions``, by what their keys begin with."""

PYMONGO = "flask_pymongo"
"""The package of Flask-PyMongo, which enters itself nowhere: but it gives an application its
converter of object ids, and its way to write JSON (``PyMongo.init_app``)."""

DEEPEST = 4
"""Dictionaries and lists within each other that are looked into."""


class State:
    """What was done for one application: values by name, as configured and as resolved."""

    def __init__(self) -> None:
        """Have done nothing yet."""
        self.keys: tuple[str, ...] = ()
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}
        self.replaced: dict[str, str] = {}
        """The answers before those, while some of them may still stand there."""
        self.late: dict[str, str] = {}
        """Keys whose answer came too late, and the extension that had read them before."""

    def configured(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the texts with what was resolved as it was configured.

        One that was made of a variable of Celery's, which was resolved for another
        application, is what that variable was.
        """
        return {
            name: self.before.get(name, text)
            if text in (self.after.get(name), self.replaced.get(name))
            else original(name.replace(".", "_").upper(), text)
            for name, text in texts.items()
        }


def listed(app: Flask, state: State) -> tuple[str, ...]:
    """List the patterns of names that are resolved whatever they hold, and what is in them.

    Raises:
        SettingError: ``HOSTSHIFT_KEYS`` is a text and no comma list of names.

    """
    names = (*KEYS, *state.keys, *_named(app.config.get("HOSTSHIFT_KEYS", ())))
    return tuple(pattern for name in names for pattern in (name, f"{name}.*"))


def _named(given: str | Sequence[str]) -> tuple[str, ...]:
    """Read the key of ours: a list, or a comma list as a variable has it."""
    try:
        return parse_names(given if isinstance(given, str) else ",".join(given))
    except ValueError as error:
        raise SettingError(f"HOSTSHIFT_KEYS: {error}") from None


def texts(app: Flask, patterns: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of a configuration, those in dictionaries and lists by ``KEY.key``."""
    named = dict.fromkeys(patterns)
    return {
        name: text
        for key, value in app.config.items()
        if not key.startswith(ENGINES) or key in named
        for name, text in _texts(key, value, DEEPEST)
    }


def _texts(name: str, value: Any, deepest: int) -> Iterator[tuple[str, str]]:
    if _is_address(value):
        host, port = value
        yield name, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    elif type(value) is str or (type(value) is int and name.endswith("_PORT")):
        yield name, str(value)
    elif deepest:
        for key, one in _within(value):
            yield from _texts(f"{name}.{key}", one, deepest - 1)


def _within(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give what a dictionary or a list holds; a subclass of these may be anything, and stays."""
    if type(value) is dict:
        yield from value.items()
    elif type(value) in (list, tuple):
        yield from enumerate(value)


def _is_address(value: Any) -> bool:
    """Tell a host and its port, as Flask-Caching wants a sentinel."""
    return type(value) in (list, tuple) and [type(one) for one in value] == [str, int]


def resolve(app: Flask, state: State) -> None:
    """Put the answers into the configuration, and what led to them into the state.

    Values are replaced, never changed: a configuration's class may serve other
    applications as well.

    Raises:
        UndecidedError: only with STRICT; names the key.

    """
    if isinstance(app.config.get("CACHE_REDIS_HOST"), str):
        app.config.setdefault("CACHE_REDIS_PORT", 6379)  # Flask-Caching's own default
    current, readers = resolver.current(), _readers(app)
    patterns = listed(app, state)
    given = texts(app, patterns)
    # Before resolve_variables() overwrites the variables that these values may come from.
    configured = state.configured(given)
    resolve_variables(current)
    changes = environ.resolved(configured, current, current.policy.replace(env=patterns))
    wanted = {**configured, **changes}
    new = {name: text for name, text in wanted.items() if given.get(name) != text}
    # First the record: an interrupt must leave no answer, new or old, without its original.
    state.replaced = state.after
    state.before, state.after = configured, wanted
    for key in (*app.config, *(name for name in new if name not in given)):
        before = app.config.get(key, "")
        after = _replaced(key, before, new, DEEPEST)
        if after is not before:
            app.config[key] = after
            _warn_if_read(state, readers, key)
    state.replaced = {}
    for found in environ.touched(configured, patterns):
        for place, text, known in parts(found, configured):
            if place.partition("[")[0] in changes:
                _announce.changes(current.explain(text, **known), f"Flask's {place}")


def _replaced(name: str, value: Any, new: Mapping[str, str], deepest: int) -> Any:
    """Return a value with other texts: a copy of the same type, or itself where it has none."""
    if name in new and _is_address(value):
        host, _, port = new[name].rpartition(":")
        return type(value)((host.strip("[]"), int(port)))
    if name in new:
        return type(value)(new[name])
    within = dict(_within(value)) if deepest else {}
    after = {key: _replaced(f"{name}.{key}", one, new, deepest - 1) for key, one in within.items()}
    if all(one is within[key] for key, one in after.items()):
        return value
    return after if type(value) is dict else type(value)(after.values())


def _readers(app: Flask) -> dict[str, str]:
    """Return the extensions that have read their keys already, by what those begin with."""
    found = {prefix: name for prefix, name in READ_BY.items() if name in app.extensions}
    theirs = (type(app.json), *app.url_map.converters.values())
    if any(kind.__module__.partition(".")[0] == PYMONGO for kind in theirs):
        found["MONGO_"] = PYMONGO
    return found


def _warn_if_read(state: State, readers: Mapping[str, str], key: str) -> None:
    """Say that an answer comes too late for an extension."""
    for prefix, extension in readers.items():
        if key.startswith(prefix):
            state.late[key] = extension
            late = "%s has another value from here, and the extension %r has read it before"
            warning(f"{late}: initialise Hostshift first", key, extension)


def parts(
    found: environ.Variable | environ.Pair, configured: Mapping[str, str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the texts of a key by their place, and what is known of them beside the text.

    They are the whole value, the strings of a JSON list, or a host that is kept apart from
    its port.
    """
    if isinstance(found, environ.Variable):
        value = configured[found.name]
        for at, span in enumerate(found.spans):
            yield f"{found.name}[{at}]", value[slice(*span)], {}
        if not found.spans:
            yield found.name, value, {}
        return
    host, port = configured[found.host], configured.get(found.port, "")
    default = int(port) if port.isdecimal() else strings.default_port(found.protocol)
    known = {"dialect": "hosts", "protocol": found.protocol, "default_port": default}
    yield found.host, host, known
