"""The shop's tables, in two databases."""

from __future__ import annotations

from .extensions import db


class Item(db.Model):  # type: ignore[name-defined,misc,unused-ignore]
    """Something to sell; a task confirms it."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50), nullable=False)
    confirmed_by = db.Column(db.String(50), nullable=False, default="")


class Booking(db.Model):  # type: ignore[name-defined,misc,unused-ignore]
    """An item in the ledger's books."""

    __bind_key__ = "ledger"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50), nullable=False)
