"""Passwords with raw special characters: read exactly, or left alone with a reason that helps.

`HOSTSHIFT_TEST_PASSWORDS` is how many of each form are tried, 1,000 by default.
"""

from __future__ import annotations

import json
import logging
import os
import random
import traceback
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, UndecidedError, dsn
from hostshift.cli import main
from hostshift.testing import pretend as pretending

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = int(os.environ.get("HOSTSHIFT_TEST_PASSWORDS", "1000"))
COMMANDS = 100
"""The command is run for one of so many."""
SPECIAL = "@/?#:[]% \\\"'<>;,&=+{}|^`~!$*()"
FORMS = {
    "libpq": "postgresql://u:SECRET@localhost:5432/db",
    "libpq, pairs": "host=localhost password=SECRET user=u",
    "sqlalchemy": "postgresql+psycopg://u:SECRET@localhost/db",
    "uri": "mqtt://u:SECRET@localhost/",
    "mongodb": "mongodb://u:SECRET@localhost:27017/db",
    "redis": "redis://:SECRET@localhost:6379/0",
    "amqp": "amqp://u:SECRET@localhost//",
    "clickhouse": "clickhouse://u:SECRET@localhost/d",
    "nats": "nats://u:SECRET@localhost",
    "memcached": "memcached://u:SECRET@localhost",
    "go_mysql": "u:SECRET@tcp(localhost:3306)/db",
    "sqlserver": "sqlserver://u:SECRET@localhost/",
    "jdbc, SQL Server": "jdbc:sqlserver://localhost;user=u;password=SECRET",
    "jdbc, PostgreSQL": "jdbc:postgresql://localhost/d?user=u&password=SECRET",
    "adonet": "Server=localhost;User Id=u;Password=SECRET",
    "odbc": "DRIVER={PostgreSQL};Server=localhost;UID=u;PWD=SECRET",
    "stackexchange": "localhost:6379,password=SECRET",
    "pdo": "pgsql:host=localhost;user=u;password=SECRET",
    "oracle": "u/SECRET@localhost:1521/x",
}
HINTS = ("write it as %", "percent-encoded", "in double quotes", "in braces", "in single quotes")
HELPS = (*HINTS, "an argument of its own", "ConfigurationOptions", "several @", "backslash")


def _passwords(form: str) -> list[str]:
    pick = random.Random(form)
    letters = "abZ9" + SPECIAL
    return [
        "Xy" + "".join(pick.choice(letters) for _ in range(pick.randrange(3, 9))) + "Zw"
        for _ in range(COUNT)
    ]


CASES = [
    (form, named)
    for form in FORMS
    for named in (True, False)
    if named or form != "oracle"  # only its user shows that such a text is Oracle's
]


@pytest.mark.parametrize(("form", "named"), CASES)
def test_it_is_exact_or_the_reason_helps(form: str, named: bool) -> None:
    dialect = form.partition(",")[0] if named else None
    for password in _passwords(form):
        text = FORMS[form].replace("SECRET", password)
        reading = dsn.read(text, dialect)
        shown = f"{dsn.mask(text, reading)} {reading.trouble}"
        assert password not in shown, text
        hosts = [endpoint.host for endpoint in reading.endpoints]
        if hosts == ["localhost"]:
            ends = reading.endpoints
            try:
                after = dsn.splice(text, ends, [("db.test", 15999)])
            except dsn.Unwritable:
                continue
            assert password in after, text
            assert after.count("db.test") == 1
        else:
            assert hosts == [], text
            assert any(hint in reading.trouble for hint in HELPS), (text, reading.trouble)


class Listener(logging.Handler):
    """Keeps what is logged, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def listener() -> Iterator[Listener]:
    logger, made = logging.getLogger("hostshift"), Listener()
    level = logger.level
    logger.addHandler(made)
    logger.setLevel(logging.DEBUG)
    yield made
    logger.removeHandler(made)
    logger.setLevel(level)


@pytest.mark.parametrize(("form", "named"), CASES)
def test_no_output_shows_it(
    form: str, named: bool, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    dialect = form.partition(",")[0] if named else None
    strict = Policy(strict=True, map="localhost=db:7")
    for number, password in enumerate(_passwords(form)):
        text = FORMS[form].replace("SECRET", password)
        with pretending("bridge", policy=strict):
            found = hostshift.explain(text, dialect=dialect)
            shown = f"{found!r} {found} {json.dumps(found.as_dict(), ensure_ascii=False)}"
            try:
                hostshift.resolve(text, dialect=dialect)
            except UndecidedError as error:
                shown += "".join(traceback.format_exception(error, chain=True))
            if not number % COMMANDS:
                options = [f"--dialect={dialect}"] if dialect else []
                assert main(["-v", "explain", *options, "--", text]) in (0, 1)
                shown += "".join(capsys.readouterr())
        shown += "\n".join(listener.lines)
        listener.lines.clear()
        assert password not in shown, text
