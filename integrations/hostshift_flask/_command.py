"""``flask hostshift``: what became of each key of the configuration, secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

from hostshift import environ, report, resolver, strings
from hostshift_flask import _config, _engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

AT_CONNECT, AT_START, LATE = "at each connection", "at start", "not: configured since"
"""When a key's addresses are looked up."""


@click.command("hostshift")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_appcontext
def explain(*, as_json: bool) -> None:
    """Explain the addresses of the configuration as they are from here."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    found = dict(_explained(app))
    seen_from = resolver.current().vantage()
    if as_json:
        click.echo(json.dumps({"keys": found, "vantage": seen_from.as_dict()}, indent=2))
        return
    for name, one in found.items():
        click.echo("\n".join((name, *_lines(one), "")))
    click.echo(f"seen from  {report.summary(seen_from)}")


def _lines(one: dict[str, Any]) -> Iterator[str]:
    yield f"  given      {one['before']}"
    yield f"  used       {one['after']}"
    yield f"  looked up  {one['looked_up']}"
    if one["reason"]:
        yield f"  why        {one['reason']}"
    for note in one["notes"]:
        yield f"  note       {note}"
    for decision in one["decisions"]:
        yield f"  why        {_address(decision['before'])}: {decision['reason']}"


def _address(address: dict[str, Any]) -> str:
    return ":".join(str(part) for part in address.values() if part is not None)


def _explained(app: Flask) -> Iterator[tuple[str, dict[str, Any]]]:
    """Explain each key that holds an address, by its name."""
    for name, text in _engines.urls(app):
        yield name, {**_text(text, "sqlalchemy"), "looked_up": AT_CONNECT}
    state: _config.State = app.extensions["hostshift"]
    patterns = _config.listed(app, state)
    given = _config.texts(app, patterns)
    configured = state.configured(given)
    for found in environ.touched(configured, patterns):
        name = found.host if isinstance(found, environ.Pair) else found.name
        seen = state.after.get(name) == given[name]
        for place, one in _found(found, configured):
            yield place, {**one, "looked_up": AT_START if seen else LATE}


def _found(
    found: environ.Variable | environ.Pair, configured: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Explain one text, those of a JSON list, or a host and a port that are kept apart."""
    if isinstance(found, environ.Variable):
        value = configured[found.name]
        for at, span in enumerate(found.spans):
            yield f"{found.name}[{at}]", _text(value[slice(*span)])
        if not found.spans:
            yield found.name, _text(value)
        return
    host, port = configured[found.host], configured.get(found.port, "")
    default = int(port) if port.isdecimal() else strings.default_port(found.protocol)
    yield found.host, _text(host, "hosts", protocol=found.protocol, default_port=default)


def _text(text: str, dialect: str | None = None, **known: Any) -> dict[str, Any]:
    found = resolver.current().explain(text, dialect, **known).as_dict()
    return {key: value for key, value in found.items() if key != "vantage"}
