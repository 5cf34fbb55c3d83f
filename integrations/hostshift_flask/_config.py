"""An application's configuration: which values are addresses, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.base.log import warning
from hostshift.config.readers import parse_names
from hostshift.drivers import announce, flat_texts
from hostshift.environment.celery import resolve_variables
from hostshift.environment.find import touched
from hostshift.environment.model import Pair, Variable
from hostshift.environment.resolve import resolved
from hostshift.errors import SettingError
from hostshift.resolution import resolver

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
"""Extensions, by their names in ``app.extensions``, and what their keys begin with."""

PYMONGO = "flask_pymongo"
"""The package of Flask-PyMongo, which is not in ``app.extensions``. It gives an application its
converter of object ids, and its way to write JSON (``PyMongo.init_app``)."""


class State(flat_texts.Answers):
    """What was done for one application."""

    def __init__(self) -> None:
        """Have done nothing yet."""
        super().__init__()
        self.keys: tuple[str, ...] = ()
        self.late: dict[str, str] = {}
        """Keys whose answer came too late, and the extension that had read them before."""


def listed(app: Flask, state: State) -> tuple[str, ...]:
    """List the patterns of names whose values are always resolved, and what is in them.

    Raises:
        SettingError: ``HOSTSHIFT_KEYS`` is a text and no comma list of names.

    """
    names = (*KEYS, *state.keys, *_named(app.config.get("HOSTSHIFT_KEYS", ())))
    return tuple(pattern for name in names for pattern in (name, f"{name}.*"))


def _named(value: str | Sequence[str]) -> tuple[str, ...]:
    """Read our own key: a list, or a comma list as a variable has it."""
    try:
        return parse_names(value if isinstance(value, str) else ",".join(value))
    except ValueError as error:
        raise SettingError(f"HOSTSHIFT_KEYS: {error}") from None


def texts(app: Flask, patterns: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of a configuration, those in dictionaries and lists by ``KEY.key``."""
    named = dict.fromkeys(patterns)
    return {
        name: text
        for key, value in app.config.items()
        if not key.startswith(ENGINES) or key in named
        for name, text in flat_texts.texts(key, value)
    }


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
    before = texts(app, patterns)
    # Before resolve_variables() overwrites the variables that these values may come from.
    configured = state.configured(before)
    resolve_variables(current)
    changes = resolved(configured, current, current.policy.replace(env=patterns))
    answers = {**configured, **changes}
    new = {name: text for name, text in answers.items() if before.get(name) != text}
    # First the record: an interrupt must leave no answer, new or old, without its original.
    state.replaced = state.after
    state.before, state.after = configured, answers
    for key in (*app.config, *(name for name in new if name not in before)):
        value = app.config.get(key, "")
        after = flat_texts.with_texts(key, value, new)
        if after is not value:
            app.config[key] = after
            _warn_if_read(state, readers, key)
    state.replaced = {}
    for found in touched(configured, patterns):
        for place, text, known in parts(found, configured):
            if place.partition("[")[0] in changes:
                announce.changes(current.explain(text, **known), f"Flask's {place}")


def _readers(app: Flask) -> dict[str, str]:
    """Return the extensions that have read their keys already, by what those begin with."""
    readers = {prefix: name for prefix, name in READ_BY.items() if name in app.extensions}
    classes = (type(app.json), *app.url_map.converters.values())
    if any(kind.__module__.partition(".")[0] == PYMONGO for kind in classes):
        readers["MONGO_"] = PYMONGO
    return readers


def _warn_if_read(state: State, readers: Mapping[str, str], key: str) -> None:
    """Warn that an answer comes too late for an extension."""
    for prefix, extension in readers.items():
        if key.startswith(prefix):
            state.late[key] = extension
            late = "%s has another value from here, and the extension %r has read it before"
            warning(f"{late}: initialise Hostshift first", key, extension)


def parts(
    found: Variable | Pair, configured: Mapping[str, str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the texts of a key by their place, and what is known of them beside the text.

    They are the whole value, the strings of a JSON list, or a host that comes apart from
    its port.
    """
    if isinstance(found, Variable):
        value = configured[found.name]
        for at, span in enumerate(found.spans):
            yield f"{found.name}[{at}]", value[slice(*span)], {}
        if not found.spans and not found.is_json:
            yield found.name, value, {}
        return
    host, port = configured[found.host], configured.get(found.port, "")
    default = int(port) if port.isdecimal() else found.default_port
    known = {"dialect": "hosts", "protocol": found.protocol, "default_port": default}
    yield found.host, host, known
