"""Commands of `flask`, which make the tables and take them away."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from .extensions import db


@click.command("create-tables")
@with_appcontext
def create_tables() -> None:
    """Make the tables of both databases."""
    db.create_all()
    for name, metadata in db.metadatas.items():
        click.echo(f"{name or 'default'}: {', '.join(metadata.tables)}")


@click.command("drop-tables")
@with_appcontext
def drop_tables() -> None:
    """Take them away."""
    db.drop_all()
