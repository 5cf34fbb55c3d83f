"""``flask hostshift``: what became of each key of the configuration, secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

from hostshift import environ, report, resolver
from hostshift_flask import _config, _engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

AT_CONNECT, AT_START, LATE = "at each connection", "at start", "not: configured since"
"""When a key's addresses are looked up."""
READ = "too late: the extension {!r} had read it before. Initialise Hostshift first"


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
        looked_up = _looked_up(state, name, seen=state.after.get(name) == given[name])
        for place, text, known in _config.parts(found, configured):
            yield place, {**_text(text, **known), "looked_up": looked_up}


def _looked_up(state: _config.State, name: str, *, seen: bool) -> str:
    """Say when a key was looked up, or why whoever reads it has what was configured."""
    late = state.late.get(name.partition(".")[0])
    if late is not None:
        return READ.format(late)
    return AT_START if seen else LATE


def _text(text: str, dialect: str | None = None, **known: Any) -> dict[str, Any]:
    found = resolver.current().explain(text, dialect, **known).as_dict()
    return {key: value for key, value in found.items() if key != "vantage"}
