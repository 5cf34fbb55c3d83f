"""libpq, SQLAlchemy and MongoDB strings, held against the parsers that will read them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostshift import dsn
from hostshift.dsn.model import Unwritable

if TYPE_CHECKING:
    # Every host with its port, as the driver would dial them; and all else it read.
    Seen = tuple[list[tuple[str, str]], object]

from tests.unit.drivers_see import NEW, SEES, check, read

DEEP = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
VECTORS = Path(__file__).parent.parent / "vectors"


def vectors(dialect: str) -> list[dict[str, Any]]:
    """Return a dialect's own vectors."""
    found: list[dict[str, Any]] = json.loads(
        (VECTORS / f"{dialect}.json").read_text(encoding="utf-8")
    )
    return found


UNLIKE = {
    # A driver that is not installed, or a form whose parts only the driver's library knows.
    "sa-clickhouse-alternatives",
    "sa-commas",
    "sa-odbc-connect-decoy",
    "sa-oracle-service",
    "sa-oracle-sid",
    "sa-oracle-alias",
    "sa-mssql-pymssql",
}


@pytest.mark.parametrize(
    "vector",
    [vector for dialect in SEES for vector in vectors(dialect) if vector["id"] not in UNLIKE],
    ids=lambda vector: vector["id"],
)
def test_vectors_are_what_the_driver_sees(vector: dict[str, Any]) -> None:
    if not vector["text"].startswith("mongodb+srv"):
        check(vector["text"], vector["dialect"])


# Strings that people write ---------------------------------------------------------------

NAME = st.sampled_from(("localhost", "LocalHost", "127.0.0.1", "db-1.internal", "a_b", "x"))
IPV6 = st.sampled_from(("::1", "fd00::2", "2001:db8::7"))
PORT = st.integers(1, 65535).map(str)
SECRET = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
QUOTED = SECRET.map(lambda secret: quote(secret, safe=""))
DECOY = st.sampled_from(("localhost", "host=localhost", "a:5432", "127.0.0.1:1", "p w"))


def join(parts: list[str], mark: str) -> str:
    """Join as a strategy's map."""
    return mark.join(parts)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """Draw ``host[:port]``."""
    host = draw(st.one_of(NAME, IPV6.map(lambda address: f"[{address}]")))
    return host + draw(st.one_of(st.just(""), PORT.map(lambda port: f":{port}")))


@st.composite
def uris(draw: st.DrawFn, schemes: tuple[str, ...], most: int) -> str:
    """Draw a URI with what people put there; escaped where it has to be."""
    text = f"{draw(st.sampled_from(schemes))}://"
    if draw(st.booleans()):
        text += f"{draw(QUOTED) or 'u'}:{draw(QUOTED)}@"
    text += ",".join(draw(st.lists(addresses(), min_size=1, max_size=most)))
    return text + draw(st.sampled_from(("", "/", "/localhost", "/db-1")))


PG_QUERY = st.sampled_from(
    ("", "?sslmode=disable", "?application_name=localhost", "?options=-c%20host%3Dlocalhost")
)


@DEEP
@given(uris(("postgresql", "postgres"), 3), PG_QUERY)
def test_libpq_uris(uri: str, query: str) -> None:
    check(uri + query, "libpq", must=True)


@DEEP
@given(
    st.lists(NAME | IPV6 | st.just("/tmp"), min_size=1, max_size=3),
    st.lists(PORT, min_size=3, max_size=3),
    st.sampled_from(("none", "one", "each")),
    st.sampled_from((",", "%2C")),
    st.sampled_from(("", "decoy", "decoy:77")),
)
def test_libpq_hosts_in_the_query(
    hosts: list[str], ports: list[str], form: str, comma: str, authority: str
) -> None:
    text = f"postgresql://u:p@{authority}/db?host={join(hosts, comma)}"
    if form != "none":
        text += f"&port={join(ports[: 1 if form == 'one' else len(hosts)], comma)}"
    check(text + "&sslmode=disable", "libpq", must=True)


VALUE = st.one_of(DECOY, SECRET.filter(lambda value: "'" not in value and "\\" not in value))


@DEEP
@given(
    st.lists(NAME | IPV6 | st.sampled_from(("", "/tmp")), min_size=1, max_size=3),
    st.lists(PORT, min_size=3, max_size=3),
    st.sampled_from(("none", "one", "each")),
    st.lists(st.tuples(st.sampled_from(("password", "dbname", "user", "options")), VALUE)),
    st.sampled_from(("'", "")),
    st.sampled_from(("=", " = ", "= ")),
    st.randoms(use_true_random=False),
)
def test_libpq_pairs(  # noqa: PLR0917 - drawn one by one
    hosts: list[str],
    ports: list[str],
    form: str,
    others: list[tuple[str, str]],
    mark: str,
    equals: str,
    random: Any,
) -> None:
    mark = mark if hosts[-1] and hosts[0] else "'"
    pairs = [f"host{equals}{mark}{join(hosts, ',')}{mark}"]
    if form != "none":
        count = 1 if form == "one" else len(hosts)
        pairs.append(f"port{equals}{mark}{join(ports[:count], ',')}{mark}")
    pairs += [f"{name}{equals}'{value}'" for name, value in others]
    random.shuffle(pairs)
    check(" ".join(pairs), "libpq", must=True)


DRIVERS = ("postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg", "mysql+pymysql")


@DEEP
@given(uris(DRIVERS, 1), st.sampled_from(("", "?application_name=localhost&x=a:1")))
def test_sqlalchemy_urls(uri: str, query: str) -> None:
    check(uri + query, "sqlalchemy", must=True)


@DEEP
@given(
    st.sampled_from(DRIVERS[:3]),
    st.lists(st.tuples(NAME, st.sampled_from((":", "%3A")), PORT), min_size=2, max_size=3),
    st.sampled_from(("", "decoy", "decoy:77")),
)
def test_sqlalchemy_hosts_with_ports_in_the_query(
    driver: str, hosts: list[tuple[str, str, str]], authority: str
) -> None:
    parameters = "&".join(f"host={''.join(host)}" for host in hosts)
    check(f"{driver}://u:p@{authority}/db?{parameters}&x=localhost", "sqlalchemy", must=True)


@DEEP
@given(
    st.sampled_from(DRIVERS[:3]),
    st.lists(NAME, min_size=1, max_size=3),
    st.lists(PORT, min_size=3, max_size=3),
    st.booleans(),
    st.sampled_from((",", "%2C")),
    st.sampled_from(("", "decoy", "decoy:77")),
)
def test_sqlalchemy_lists_in_the_query(
    driver: str, hosts: list[str], ports: list[str], with_ports: bool, comma: str, authority: str
) -> None:
    text = f"{driver}://u:p@{authority}/db?host={join(hosts, comma)}"
    text += f"&port={join(ports[: len(hosts)], comma)}" if with_ports else ""
    check(text, "sqlalchemy", must=True)


@DEEP
@given(
    st.sampled_from(("", "tcp:")),
    NAME,
    st.one_of(st.just(""), PORT.map(lambda port: f",{port}")),
    st.text(
        st.characters(codec="utf-8", exclude_characters="{};=", exclude_categories=("Cc", "Cs"))
    ),
    st.booleans(),
)
def test_odbc_strings_in_sqlalchemy_urls(
    protocol: str, host: str, port: str, secret: str, last: bool
) -> None:
    parts = [f"Server={protocol}{host}{port}", "DRIVER={ODBC Driver 18}", f"PWD=x{secret}"]
    nested = ";".join(reversed(parts) if last else parts)
    text = f"mssql+pyodbc://localhost/?odbc_connect={quote(nested, safe='')}"
    check(text, "sqlalchemy", must=True)


@DEEP
@given(uris(("mongodb",), 3), st.sampled_from(("", "?appName=localhost&w=1")))
def test_mongodb_uris(uri: str, options: str) -> None:
    check(uri + options, "mongodb", must=True)


# Strings that nobody should write --------------------------------------------------------

NASTY = st.lists(
    st.sampled_from(
        (
            *"ab1:@/?#&=,;[]%+'{} .-_",
            *("localhost", "::1", "%40", "%2C", "%3A", "%2F", "%25", "%61", "%zz", "%00", "&port="),
            *("?host=", "&host=", "hostaddr=", "127.0.0.1", " port=", " host=", "5432", ".sock"),
            *("h%6Fst=", "service=", "odbc_connect=", "SERVER%3D", "\u00e9", "\u2003", "=''"),
        )
    ),
    max_size=14,
).map("".join)


@DEEP
@given(NASTY, st.sampled_from(("postgresql://", "postgres://u:p@", "host=", "", "dbname=x ")))
def test_any_libpq_string(nasty: str, start: str) -> None:
    check(start + nasty, "libpq")


@DEEP
@given(NASTY, st.sampled_from((*DRIVERS, "mssql+pyodbc")), st.sampled_from(("", "u:p@", "h/d?")))
def test_any_sqlalchemy_url(nasty: str, driver: str, start: str) -> None:
    text = f"{driver}://{start}{nasty}"
    if driver != "mssql+pyodbc":
        with contextlib.suppress(Unwritable):  # a list of hosts takes no second port
            check(text, "sqlalchemy")
        return
    ends = read(text, "sqlalchemy").endpoints
    with contextlib.suppress(Unwritable):
        dsn.splice(text, ends, [NEW] * len(ends))


@DEEP
@given(NASTY, st.sampled_from(("", "u:p@", "h,")))
def test_any_mongodb_uri(nasty: str, start: str) -> None:
    check(f"mongodb://{start}{nasty}", "mongodb")


@DEEP
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="&"), min_size=6, max_size=20),
    st.sampled_from(tuple(SEES)),
    st.sampled_from(("u:{}@h/d", "u:{}@h?x=1", "{}@h", "h/d?password={}", "h/d?password={}&x=1")),
)
def test_a_secret_never_shows(secret: str, dialect: str, form: str) -> None:
    scheme = {"sqlalchemy": "mysql+pymysql"}.get(dialect, {"libpq": "postgresql"}.get(dialect))
    before, _, behind = form.partition("{}")
    text = f"{scheme or dialect}://{form.replace('{}', secret)}"
    shown = dsn.mask(text, read(text, dialect))
    shown = shown.removeprefix(f"{scheme or dialect}://").removeprefix(before)
    assert secret not in shown.replace(behind, "")
