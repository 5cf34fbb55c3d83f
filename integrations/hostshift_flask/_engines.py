"""SQLAlchemy's engines: those of Flask-SQLAlchemy 3 and of Flask-SQLAlchemy-Lite.

Their addresses are looked up when a connection is made, as a server may have moved by
then. That also leaves the configured URL what it is, and the name that a certificate is
checked against.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

PLUGIN = "hostshift"
URI, OPTIONS = "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_ENGINE_OPTIONS"
SEVERAL = ("SQLALCHEMY_BINDS", "SQLALCHEMY_ENGINES", "SQLALCHEMY_ASYNC_ENGINES")
"""Keys that hold a URL, or an engine's options, for each name."""


def cover(app: Flask) -> None:
    """Let the engines of an application use hostshift: those to come, and those that exist."""
    if find_spec("sqlalchemy") is None:
        return
    config = app.config
    if config.get(URI) is not None or (config.get(OPTIONS) or {}).get("url") is not None:
        config[OPTIONS] = _with_plugin(config.get(OPTIONS) or {})
    for key in SEVERAL:
        if config.get(key):
            # Flask-SQLAlchemy gives the options of the first engine to no bind.
            config[key] = {name: _with_plugin(engine) for name, engine in config[key].items()}
    _cover_existing(app)


def _with_plugin(engine: Any) -> dict[str, Any]:
    """Return an engine's options with the plugin: a copy, as they may serve other applications."""
    options = dict(engine) if isinstance(engine, dict) else {"url": engine}
    plugins = list(options.get("plugins") or ())
    return {**options, "plugins": plugins if PLUGIN in plugins else [*plugins, PLUGIN]}


def _cover_existing(app: Flask) -> None:
    """Cover the engines that Flask-SQLAlchemy made before hostshift came."""
    database = app.extensions.get("sqlalchemy")
    if database is None:
        return
    from hostshift_sqlalchemy import HostshiftPlugin

    with app.app_context():
        engines = [*database.engines.values(), *getattr(database, "async_engines", {}).values()]
    for engine in engines:
        sync_engine = getattr(engine, "sync_engine", engine)
        HostshiftPlugin(sync_engine.url, {}).engine_created(sync_engine)


def urls(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield the engines' URLs by their keys."""
    options = app.config.get(OPTIONS) or {}
    uri = app.config.get(URI)
    configured = {URI: uri} if uri is not None else {f"{OPTIONS}.url": options.get("url")}
    for key in SEVERAL:
        for name, engine in (app.config.get(key) or {}).items():
            configured[f"{key}.{name}"] = engine.get("url") if isinstance(engine, dict) else engine
    for name, url in configured.items():
        if url is not None:
            yield name, _rendered(url)


def _rendered(url: Any) -> str:
    """Return a URL as text: it may be one, an object, or the parts of one."""
    if isinstance(url, str):
        return url
    if isinstance(url, dict):
        from sqlalchemy import URL

        url = URL.create(**url)
    return str(url.render_as_string(hide_password=False))
