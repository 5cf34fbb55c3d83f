"""The driver of a connection, and its parameters with the addresses that hold from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.utils import OperationalError

from hostshift.drivers.databases import DatabaseDialer

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

CLIENT = "Django's databases"

DRIVERS = {
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "MySQLdb": "mysqldb",
    "pymysql": "pymysql",  # install_as_MySQLdb()
    "mysql.connector": "mysqlconnector",
}
"""A backend's ``Database`` module, and the driver as SQLAlchemy names it."""


def driver(connection: BaseDatabaseWrapper) -> str:
    """Name the driver of a connection, empty if it is not known."""
    module = getattr(connection, "Database", None)
    return DRIVERS.get(getattr(module, "__name__", ""), "")


def dialer_of(connection: BaseDatabaseWrapper) -> DatabaseDialer:
    """Return what dials for a connection.

    libpq gets both: the configured host, by which it checks the certificate and
    finds the password, and the number to dial. The drivers of MySQL check what they dial,
    so they fail closed.
    """
    module = getattr(connection, "Database", None)
    error = getattr(module, "OperationalError", OperationalError)
    return DatabaseDialer(driver(connection), connection.vendor, CLIENT, error)
