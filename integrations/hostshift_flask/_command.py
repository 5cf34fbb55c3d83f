"""``flask hostshift``: what became of each key of the configuration, secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import with_appcontext

from hostshift.detect import describe
from hostshift.environment.find import touched
from hostshift.environment.model import Pair
from hostshift.resolution import resolver
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
    explained = dict(_explained(app))
    vantage = resolver.current().vantage()
    if as_json:
        click.echo(json.dumps({"keys": explained, "vantage": vantage.as_dict()}, indent=2))
        return
    for name, entry in explained.items():
        click.echo("\n".join((name, *_lines(entry), "")))
    click.echo(f"seen from  {describe.summary(vantage)}")


def _lines(entry: dict[str, Any]) -> Iterator[str]:
    yield f"  given      {entry['before']}"
    yield f"  used       {entry['after']}"
    yield f"  looked up  {entry['looked_up']}"
    if entry["reason"]:
        yield f"  why        {entry['reason']}"
    for note in entry["notes"]:
        yield f"  note       {note}"
    for decision in entry["decisions"]:
        yield f"  why        {_address(decision['before'])}: {decision['reason']}"


def _address(address: dict[str, Any]) -> str:
    return ":".join(str(part) for part in address.values() if part is not None)


def _explained(app: Flask) -> Iterator[tuple[str, dict[str, Any]]]:
    """Explain each key that holds an address, by its name."""
    for name, text in _engines.urls(app):
        yield name, {**_text(text, "sqlalchemy"), "looked_up": AT_CONNECT}
    state: _config.State = app.extensions["hostshift"]
    patterns = _config.listed(app, state)
    texts = _config.texts(app, patterns)
    configured = state.configured(texts)
    for found in touched(configured, patterns):
        name = found.host if isinstance(found, Pair) else found.name
        looked_up = _looked_up(state, name, is_answer=state.after.get(name) == texts[name])
        for place, text, known in _config.parts(found, configured):
            yield place, {**_text(text, **known), "looked_up": looked_up}


def _looked_up(state: _config.State, name: str, *, is_answer: bool) -> str:
    """Return when a key was looked up, or why its reader has what was configured."""
    late = state.late.get(name.partition(".")[0])
    if late is not None:
        return READ.format(late)
    return AT_START if is_answer else LATE


def _text(text: str, dialect: str | None = None, **known: Any) -> dict[str, Any]:
    resolution = resolver.current().explain(text, dialect, **known).as_dict()
    return {key: value for key, value in resolution.items() if key != "vantage"}
