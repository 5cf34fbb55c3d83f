"""The settings that hold addresses: which, in which grammar, and what they are from here.

- ``CACHES``: each ``LOCATION``, and the sentinels and nodes in ``OPTIONS``;
- ``CHANNEL_LAYERS``: what a ``CONFIG`` holds, its ``hosts`` in all three forms;
- ``CELERY_…``, ``BROKER_URL``: brokers and results, and what else has a data service's scheme;
  also the variables of those names, which Celery prefers to any setting;
- ``EMAIL_HOST`` and ``EMAIL_PORT``, and ``MAILERS`` (Django 6.1), where mail goes by SMTP;
- whatever ``HOSTSHIFT_SETTINGS`` names;
- of all other settings, texts with a data service's scheme, see :mod:`hostshift_django._texts`.

``DATABASES`` is not among them, listed or not: databases are looked up when they are
connected to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import global_settings, settings

from hostshift import dsn
from hostshift.drivers.containers import with_items
from hostshift.drivers.visitors import Resolving
from hostshift.drivers.walk import Walk, address
from hostshift.environment.celery import CELERY, original, resolve_variables
from hostshift.environment.find import of_variable
from hostshift.environment.model import Pair
from hostshift.errors import SettingError
from hostshift.resolution import resolver
from hostshift_django import _originals, _texts
from hostshift_django._originals import ORIGINALS, Originals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.drivers.visitors import Visitor

LISTED = "HOSTSHIFT_SETTINGS"
ALIASED = ("CACHES", "CHANNEL_LAYERS", "MAILERS")
PREFIX = "CELERY_"
APART = frozenset(("DATABASES", *ALIASED, "EMAIL_BACKEND", "EMAIL_PORT", LISTED, ORIGINALS))
"""Settings that are no addresses by themselves, or whose addresses are found in another way."""
SERVICES = frozenset(
    f"CELERY_{name}"
    for name in ("BROKER_URL", "BROKER_READ_URL", "BROKER_WRITE_URL", "RESULT_BACKEND")
) | {"BROKER_URL"}
"""What is a service whatever its scheme, as ``elasticsearch://`` for results."""

SERVERS = {"memcache": "memcached", "redis": "redis", "valkey": "redis"}
"""A word in a cache's ``BACKEND``, and what its servers speak."""


called = False
"""A settings module has called :func:`hostshift_django.settings`: all code that reads the settings
gets the answers, whether or not Django's apps are loaded."""


def resolved(names: Mapping[str, object]) -> dict[str, object]:
    """Return the settings that have another value from here, and that value.

    The record of what was configured is the first of them: an interrupt while they are
    written leaves no answer without it. An answer among them is resolved from what
    was configured, as the answer for the answer may be another.

    Args:
        names: settings; those of one object or module.

    Raises:
        SettingError: ``HOSTSHIFT_SETTINGS`` is no list.
        UndecidedError: only with STRICT; names the setting, or Celery's variable.

    """
    # Before resolve_variables() overwrites the variables that these settings may come from.
    first = _first(names)
    resolve_variables(resolver.current())
    answers = {**first, **dict(visited(first, Resolving()))}
    before = {name: first.get(name, getattr(global_settings, name, None)) for name in answers}
    changes = {
        name: value
        for name, value in answers.items()
        if name not in names or (value is not names[name] and value != names[name])
    }
    kept = {
        # With the value that is replaced, which may be an answer as well.
        name: (before[name], new, names.get(name, before[name]))
        for name, new in answers.items()
        if new is not before[name]
    }
    if changes or kept.keys() != _originals.of(names).names:
        return {ORIGINALS: Originals(kept), **changes}
    return changes


def _first(names: Mapping[str, object]) -> dict[str, Any]:
    """Return settings as they were configured, before any answer was put there."""
    originals = _originals.of(names)
    first = {name: originals.first(name, value) for name, value in names.items()}
    variables = {name: first[name] for name in CELERY if isinstance(first.get(name), str)}
    return first | {name: original(name, text) for name, text in variables.items()}


def overridden() -> dict[str, object]:
    """Return the settings that may hold addresses, as they are now.

    Django's own defaults are none: a project that sends no mail has ``EMAIL_HOST`` too.
    Reading ``SECRET_KEY`` raises where it is empty.
    """
    originals = _originals.of({ORIGINALS: getattr(settings, ORIGINALS, None)})
    current = {
        name: getattr(settings, name)
        for name in dir(settings)
        if name.isupper() and name != "SECRET_KEY" and settings.is_overridden(name)
    }
    # An answer does not count as overridden: no module has it.
    answers = {name: getattr(settings, name) for name in originals.names}
    return {ORIGINALS: originals, **current, **answers}


def configured() -> dict[str, object]:
    """Return the settings that may hold addresses, as they were configured."""
    return _first(overridden())


def listed_in(names: Mapping[str, object]) -> frozenset[str]:
    """Return the names of settings that the user lists.

    Raises:
        SettingError: it is no list, and a text's parts would be taken for names.

    """
    listed: Any = names.get(LISTED, ())
    if isinstance(listed, str):
        raise SettingError(f"{LISTED} is a list of names of settings, not a text")
    return frozenset(listed) - {"DATABASES"}


def visited(names: Mapping[str, object], visitor: Visitor) -> Iterator[tuple[str, object]]:
    """Visit every address, and yield the settings that have another value then.

    Args:
        names: settings.
        visitor: returns for each address the one to use.

    """
    listed = listed_in(names)
    for name, value in names.items():
        if name in listed:
            yield from _listed(name, names, visitor)
        elif name == "EMAIL_HOST":
            if str(names.get("EMAIL_BACKEND", "")).rpartition(".")[0] not in NO_MAIL:
                yield from _pair(name, "EMAIL_PORT", names, visitor, "smtp")
        elif name in ALIASED and isinstance(value, dict):
            yield from _changed(name, value, _aliases(name, value, visitor))
        elif name.startswith(PREFIX) or name == "BROKER_URL":
            yield from _changed(name, value, _celery(name, value, visitor))
        elif pair := _known_pair(name, names):
            yield from _of_client(pair, names, visitor)
        elif name.isupper() and name not in APART:
            yield from _changed(name, value, _texts.visit(visitor, name, name, value))


NO_MAIL = frozenset(
    f"django.core.mail.backends.{name}" for name in ("console", "dummy", "filebased", "locmem")
)


def _changed(name: str, before: object, after: object) -> Iterator[tuple[str, object]]:
    if after is not before:
        yield name, after


def _listed(
    name: str, names: Mapping[str, object], visitor: Visitor
) -> Iterator[tuple[str, object]]:
    """Visit a setting that the user lists: any value, also a host beside its port."""
    value = names[name]
    if isinstance(value, str) and name.endswith("_HOST") and _port_of(name) in names:
        yield from _pair(name, _port_of(name), names, visitor, "")
    else:
        yield from _changed(name, value, Walk(visitor, pairs=True, texts=True).visit(name, value))


def _known_pair(name: str, names: Mapping[str, object]) -> Pair | None:
    """Return the host and the port of a service whose clients have such settings."""
    value = names[name]
    if not isinstance(value, str) or not name.isupper() or name in APART:
        return None
    texts = {each: str(other) for each, other in names.items() if isinstance(other, (str, int))}
    place = of_variable(name, value, texts)
    return place if isinstance(place, Pair) else None


def _of_client(
    pair: Pair, names: Mapping[str, object], visitor: Visitor
) -> Iterator[tuple[str, object]]:
    """Visit the host and the port of a client, unless no setting could hold the new port."""
    protocol, default = pair.protocol, pair.default_port
    answers = dict(_pair(pair.host, pair.port, names, visitor, protocol, default))
    if pair.port in answers and pair.port not in names:
        visitor.left(pair.host, f"stays as it is: its port changes as well; set {pair.port}")
        return
    yield from answers.items()


def _port_of(name: str) -> str:
    return f"{name.removesuffix('_HOST')}_PORT"


def _pair(
    host: str,
    port: str,
    names: Mapping[str, object],
    visitor: Visitor,
    protocol: str,
    default_port: int | None = None,
) -> Iterator[tuple[str, object]]:
    """Visit a host and a port in two settings."""
    after = address(visitor, host, names[host], names.get(port), protocol, default_port)
    if after is not None:
        yield from _changed(host, names[host], after[0])
        yield from _changed(port, names.get(port), after[1])


def _aliases(name: str, value: dict[str, object], visitor: Visitor) -> object:
    """Visit each alias of a setting that has them."""
    visit = {"CACHES": _cache, "CHANNEL_LAYERS": _layer, "MAILERS": _mailer}[name]

    def change(alias: str, entry: object) -> object:
        if not isinstance(entry, dict):
            return entry
        return visit(f"{name}[{alias!r}]", entry, str(entry.get("BACKEND", "")).lower(), visitor)

    return with_items(value, change)


def _cache(place: str, entry: dict[str, object], backend: str, visitor: Visitor) -> object:
    """Visit a cache.

    ``LOCATION`` is a table, a directory or a word with some backends. With sentinels its
    host is the name of what they watch (django-redis).
    """
    protocol = next((protocol for word, protocol in SERVERS.items() if word in backend), "")
    walk = Walk(visitor, protocol=protocol, pairs=True, texts=bool(protocol), dialect="memcached")
    options: Any = entry.get("OPTIONS") or {}
    watched = "SENTINELS" in options or "entinel" in str(options.get("CONNECTION_FACTORY", ""))

    def change(key: str, value: object) -> object:
        if key == "LOCATION" and not watched:
            return walk.visit(f"{place}['LOCATION']", value)
        if key == "OPTIONS":
            return Walk(visitor, protocol=protocol).visit(f"{place}['OPTIONS']", value)
        return value

    return with_items(entry, change)


def _layer(place: str, entry: dict[str, object], backend: str, visitor: Visitor) -> object:
    """Visit a channel layer."""
    protocol = "amqp" if "rabbitmq" in backend else "redis" if "redis" in backend else ""
    return _only("CONFIG", place, entry, Walk(visitor, protocol=protocol))


def _mailer(place: str, entry: dict[str, object], backend: str, visitor: Visitor) -> object:
    """Visit a mailer: its host and port are options of the SMTP backend, the default one."""
    if backend.rpartition(".")[0] in NO_MAIL:
        return entry
    return _only("OPTIONS", place, entry, Walk(visitor, protocol="smtp"))


def _only(name: str, place: str, entry: dict[str, object], walk: Walk) -> object:
    """Visit one item of an alias."""
    return with_items(
        entry,
        lambda key, value: walk.visit(f"{place}[{key!r}]", value) if key == name else value,
    )


def _celery(name: str, value: object, visitor: Visitor) -> object:
    """Visit a broker or a result backend; schedules and routes hold arguments of tasks."""
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, (list, tuple)) or not all(isinstance(url, str) for url in urls):
        return value
    texts = name in SERVICES and all(
        "://" in url and dsn.read(url, "amqp").endpoints for url in urls
    )
    return Walk(visitor, dialect="amqp", texts=texts).visit(name, value)
