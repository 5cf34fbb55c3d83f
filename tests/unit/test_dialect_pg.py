"""libpq, SQLAlchemy and MongoDB strings, held against the parsers that will read them."""

from __future__ import annotations

import contextlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostshift import strings
from hostshift.strings.choose import reader
from hostshift.strings.model import Reading, Scheme, Unreadable, Unwritable

if TYPE_CHECKING:
    from collections.abc import Callable

    # Every host with its port, as the driver would dial them; and all else it read.
    Seen = tuple[list[tuple[str, str]], object]

pq = pytest.importorskip("psycopg.pq")
sqlalchemy = pytest.importorskip("sqlalchemy")
uri_parser = pytest.importorskip("pymongo.uri_parser")

DEEP = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
VECTORS = Path(__file__).parent.parent / "vectors"
NEW = ("db.test", 15999)
PAIRS = Scheme(protocol="", port=None, dialects=())


class RefusedError(Exception):
    """The driver does not take the text."""


# What each driver sees -------------------------------------------------------------------


def libpq_sees(text: str) -> Seen:
    """Parse as libpq does, and pair its lists as pqConnectOptions2 does."""
    try:
        options = {
            option.keyword.decode(): option.val.decode()
            for option in pq.Conninfo.parse(text.encode())
            if option.val is not None
        }
    except Exception as refused:
        raise RefusedError from refused
    addresses = options.pop("hostaddr", "").split(",")
    names = options.pop("host", "").split(",")
    hosts = names if addresses == [""] else addresses
    if addresses != [""] and names != [""]:
        if len(names) != len(addresses):
            raise RefusedError
        hosts = [address or name for address, name in zip(addresses, names, strict=True)]
        options["names"] = ",".join(names)
    return pair(hosts, options.pop("port", "").split(","), several=True), options


def pair(hosts: list[str], ports: list[str], *, several: bool) -> list[tuple[str, str]]:
    """Give every host its port; one may serve all."""
    if several and len(ports) == 1:
        ports = ports * len(hosts)
    if len(ports) != len(hosts):
        raise RefusedError
    return [(host, port or "5432") for host, port in zip(hosts, ports, strict=True)]


def sqlalchemy_sees(text: str) -> Seen:
    """Parse as SQLAlchemy does, and ask its dialect what it hands to the driver."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            url = sqlalchemy.make_url(text)
            args, options = url.get_dialect()().create_connect_args(url)
    except Exception as refused:
        raise RefusedError from refused
    if args and args[0]:
        return odbc_sees(args[0])
    rest = {name: repr(value) for name, value in options.items() if name not in ("host", "port")}
    hosts, ports = options.get("host", ""), options.get("port", "")
    if not url.drivername.startswith("postgresql"):
        return [(hosts or "", str(ports or "3306"))], rest
    hosts = hosts.split(",") if isinstance(hosts, str) else hosts
    ports = str(ports).split(",") if not isinstance(ports, list) else [str(port) for port in ports]
    return pair(hosts, ports, several=True), rest


def odbc_sees(text: str) -> Seen:
    """Read ``Server`` of an ODBC string whose other values are plain."""
    servers = [part for part in text.split(";") if part.lower().startswith("server=")]
    rest = [part for part in text.split(";") if part not in servers]
    if not servers:
        return [], rest
    host, _, port = servers[0][7:].removeprefix("tcp:").partition(",")
    return [(host, port or "1433")], rest


def mongodb_sees(text: str) -> Seen:
    """Parse as pymongo does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = uri_parser.parse_uri(text)
    except Exception as refused:
        raise RefusedError from refused
    return [(host, str(port)) for host, port in found.pop("nodelist")], found


SEES: dict[str, Callable[[str], Seen]] = {
    "libpq": libpq_sees,
    "sqlalchemy": sqlalchemy_sees,
    "mongodb": mongodb_sees,
}


# What hostshift makes of it --------------------------------------------------------------


def read(text: str, dialect: str) -> Reading:
    """Read with a dialect; a reading in trouble is empty."""
    if "://" in text.partition("=")[0]:
        return strings.read(text, dialect)
    try:
        return reader(dialect)(text, PAIRS)
    except Unreadable as found:
        return Reading(dialect="", trouble=found.reason)


def is_place(host: str, dialect: str) -> bool:
    """Tell whether a host is dialled over the network.

    SQLAlchemy undoes no escapes in hosts: ``%2Ftmp`` can be no name there, and is
    left like any other socket.
    """
    socket = host[:1] in ("/", "@") or (dialect == "mongodb" and host.endswith(".sock"))
    return bool(host) and not socket and host[:3].lower() != "%2f"


def check(text: str, dialect: str, *, must: bool = False) -> None:
    """Hold a reading and what is spliced against what the driver sees."""
    reading = read(text, dialect)
    ends = reading.endpoints
    same = [(end.host, end.effective_port) for end in ends]
    assert strings.splice(text, ends, same) == text
    strings.mask(text, reading)
    try:
        hosts, rest = SEES[dialect](text)
    except RefusedError:
        return
    assert not (must and reading.trouble), reading.trouble
    if reading.trouble:
        return
    dialled = [(host.lower(), int(port)) for host, port in hosts if is_place(host, dialect)]
    assert [(host.lower(), port) for host, port in same] == dialled
    try:
        shifted = strings.splice(text, ends, [NEW] * len(ends))
    except Unwritable:
        assert "hostaddr" in text.replace("%61", "a") or (dialect == "sqlalchemy" and "@" in text)
        return
    wanted = [
        (NEW[0], str(NEW[1])) if is_place(host, dialect) else (host, port) for host, port in hosts
    ]
    assert SEES[dialect](shifted) == (wanted, rest)
    again = read(shifted, dialect).endpoints
    assert [(end.host, end.port) for end in again] == [NEW] * len(ends)
    assert strings.splice(shifted, again, [NEW] * len(ends)) == shifted


def vectors(dialect: str) -> list[dict[str, Any]]:
    """Return a dialect's own vectors."""
    found: list[dict[str, Any]] = json.loads(
        (VECTORS / f"{dialect}.json").read_text(encoding="utf-8")
    )
    return found


UNLIKE = {
    # A driver that is not installed, or a form whose parts only the driver's library knows.
    "sa-clickhouse-alternatives",
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
        check(text, "sqlalchemy")
        return
    ends = read(text, "sqlalchemy").endpoints
    with contextlib.suppress(Unwritable):
        strings.splice(text, ends, [NEW] * len(ends))


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
    shown = strings.mask(text, read(text, dialect))
    assert secret not in shown.replace(f"{scheme or dialect}://{before}", "").replace(behind, "")


# Single cases ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://db/x?hostaddr=127.0.0.1", "postgresql://db:1/x?hostaddr=::2"),
        ("postgresql:///x?hostaddr=127.0.0.1", "postgresql:///x?hostaddr=::2&port=1"),
        ("host=db hostaddr=127.0.0.1", "host=db port=1 hostaddr=::2"),
        ("hostaddr='127.0.0.1'", "hostaddr='::2' port=1"),
    ],
)
def test_hostaddr_is_dialled_and_takes_only_numbers(text: str, expected: str) -> None:
    ends = read(text, "libpq").endpoints
    assert [end.host for end in ends] == ["127.0.0.1"]
    with pytest.raises(Unwritable):
        strings.splice(text, ends, [NEW])
    assert strings.splice(text, ends, [("::2", 1)]) == expected


def test_hostaddr_leaves_the_name_where_it_is_blank() -> None:
    ends = read("host=a,b hostaddr=127.0.0.1, port=1,2", "libpq").endpoints
    assert [(end.host, end.port) for end in ends] == [("127.0.0.1", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("text", "dialect", "ports", "expected"),
    [
        ("host=a,b", "libpq", (1, 2), "host=x,x port=1,2"),
        ("host=a,/s,b port=7", "libpq", (1, 2), "host=x,/s,x port=1,7,2"),
        ("postgresql://d:7/?host=a,b", "libpq", (1, 2), "postgresql://d:1%2C2/?host=x,x"),
        ("postgresql:///?host=a,b", "libpq", (5432, 2), "postgresql:///?host=x,x&port=5432,2"),
        (
            "postgresql+psycopg:///?host=a,b",
            "sqlalchemy",
            (1, 1),
            "postgresql+psycopg:///?host=x,x&port=1,1",
        ),
    ],
)
def test_one_port_for_several_hosts_becomes_a_list(
    text: str, dialect: str, ports: tuple[int, ...], expected: str
) -> None:
    ends = read(text, dialect).endpoints
    spliced = strings.splice(text, ends, [("x", port) for port in ports])
    assert spliced == expected
    assert [(end.host, end.port) for end in read(spliced, dialect).endpoints] == [
        ("x", port) for port in ports
    ]
    seen = SEES[dialect](spliced)[0]
    assert [(host, int(port)) for host, port in seen if is_place(host, dialect)] == [
        ("x", port) for port in ports
    ]


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("postgresql://localhost/d", "libpq", "postgresql://[fd00::1]:1/d"),
        ("postgresql:///d?host=localhost", "libpq", "postgresql:///d?host=fd00::1&port=1"),
        ("host=localhost", "libpq", "host=fd00::1 port=1"),
        (
            "postgresql+psycopg:///d?host=localhost",
            "sqlalchemy",
            "postgresql+psycopg:///d?host=fd00::1&port=1",
        ),
        ("mongodb://a,b/", "mongodb", "mongodb://[fd00::1]:1,[fd00::1]:1/"),
    ],
)
def test_ipv6_is_written_as_the_place_wants_it(text: str, dialect: str, expected: str) -> None:
    ends = read(text, dialect).endpoints
    spliced = strings.splice(text, ends, [("fd00::1", 1)] * len(ends))
    assert spliced == expected
    assert SEES[dialect](spliced)[0] == [("fd00::1", "1")] * len(ends)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg:///d?host=a:1",
        "postgresql+psycopg:///d?host=a&host=b",
        "mssql+pyodbc:///?odbc_connect=SERVER%3Da",
    ],
)
def test_places_that_cannot_hold_ipv6_say_so(text: str) -> None:
    ends = read(text, "sqlalchemy").endpoints
    with pytest.raises(Unwritable):
        strings.splice(text, ends, [("fd00::1", None)] * len(ends))


@pytest.mark.parametrize("text", ["mysql://h/d?x=@", "mysql://u@h/d?x=@", "mysql://h?x=1/@"])
def test_sqlalchemy_takes_no_new_colon_before_a_later_at(text: str) -> None:
    ends = read(text, "sqlalchemy").endpoints
    assert strings.splice(text, ends, [("x", None)]) == text.replace("h", "x")
    for wanted in (("h", 1), ("fd00::1", None)):
        with pytest.raises(Unwritable):
            strings.splice(text, ends, [wanted])


@pytest.mark.parametrize("host", ["a b", "a'b", "a,b", "a\\b", "a:1", ""])
def test_no_host_can_break_out_of_its_place(host: str) -> None:
    for text in ("host=h", "host='h'", "postgresql:///d?host=h"):
        with pytest.raises(Unwritable):
            strings.splice(text, read(text, "libpq").endpoints, [(host, None)])


@pytest.mark.parametrize(
    ("start", "unit", "dialect"),
    [
        ("postgresql://", "a,", "libpq"),
        ("postgresql://", "[::1],", "libpq"),
        ("postgresql://h?", "x=y&", "libpq"),
        ("postgresql://h?host=", "a%2C", "libpq"),
        ("host=", "a,", "libpq"),
        ("", "user=x ", "libpq"),
        ("password='", " host=x", "libpq"),
        ("postgresql+psycopg://h?", "host=a:1&", "sqlalchemy"),
        ("postgresql+psycopg://h?host=", "a,", "sqlalchemy"),
        ("mssql+pyodbc:///?odbc_connect=", "a%3Db%3B", "sqlalchemy"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3D%7B", "%7D%7D", "sqlalchemy"),
        ("mongodb://", "a,", "mongodb"),
        ("mongodb://", "a@", "mongodb"),
    ],
)
def test_time_is_linear(start: str, unit: str, dialect: str) -> None:
    def seconds(count: int) -> float:
        text = start + unit * count
        begun = time.process_time()
        read(text, dialect)
        return time.process_time() - begun

    small = min(seconds(4000) for _ in range(3))
    assert min(seconds(32000) for _ in range(3)) < 40 * max(small, 0.001)
