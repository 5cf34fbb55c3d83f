"""ADO.NET, ODBC, StackExchange.Redis and go-sql-driver strings, against readers of their own.

The drivers do not run in Python. So each grammar is read a second time here,
in another way than hostshift does it, from the drivers' sources; what that
sees of a text, but for the addresses, has to be the same before and after.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hostshift import dsn
from tests.unit.timing import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

    Seen = tuple[list[tuple[str, str]], object]

DIALECTS = ("adonet", "odbc", "stackexchange", "go_mysql")
NEW = ("db.test", 15999)
many = settings(max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "300")), deadline=None)


def shifted(text: str, dialect: str, to: tuple[str, int] = NEW) -> str:
    ends = dsn.read(text, dialect).endpoints
    return dsn.splice(text, ends, [to] * len(ends))


# --- readers of their own -----------------------------------------------------------------------

ADO_PAIR = re.compile(
    r"""[\s;]*(?P<key>(?:[^=\s]|\s+[^=\s]|\s*==)+)\s*=(?!=)\s*
    (?P<value>"(?:[^"]|"")*"|'(?:[^']|'')*'|(?!["'])[^;]*?)\s*(?:;|$)""",
    re.VERBOSE,
)


def ado_pairs(text: str) -> dict[str, str]:
    """Read as the pattern in DbConnectionOptions's documentation does; the last one wins."""
    found: dict[str, str] = {}
    at = 0
    while text[at:].strip("; "):
        match = ADO_PAIR.match(text, at)
        assert match, text
        key = match["key"].replace("==", "=").lower().replace(" ", "")
        value = match["value"]
        if value[:1] in ("'", '"'):
            value = value[1:-1].replace(value[0] * 2, value[0])
        found["host" if key in ("server", "datasource", "address") else key] = value
        at = match.end()
    return found


def see_sqlclient(text: str) -> Seen:
    pairs = ado_pairs(text)
    source = pairs.pop("host", "").strip().removeprefix("tcp:")
    host, _, port = source.partition(",")
    return [(host.strip().strip("[]"), port.strip() or "1433")], pairs


def see_npgsql(text: str) -> Seen:
    pairs = ado_pairs(text)
    ends = []
    shared = pairs.get("port") or "5432"
    for entry in pairs.pop("host", "").split(","):
        match = re.fullmatch(r"(\[.*\]|[^:]*):([0-9]+)", entry.strip())
        host, port = match.groups() if match else (entry.strip(), shared)
        ends.append((host.strip("[]"), port))
    pairs.pop("port", None)
    return ends, pairs


def see_mysql(text: str) -> Seen:
    pairs = ado_pairs(text)
    port = pairs.pop("port", "") or "3306"
    return [(host.strip("[]"), port) for host in pairs.pop("host", "").split(",")], pairs


def see_odbc(text: str) -> Seen:
    """Read as SQLDriverConnect is documented: braces, the first one wins."""
    found: dict[str, str] = {}
    for match in re.finditer(r";?\s*([^=;]+)=(\{(?:[^}]|\}\})*\}|[^;]*)", text):
        value = match[2][1:-1].replace("}}", "}") if match[2][:1] == "{" else match[2]
        found.setdefault(match[1].lower(), value)
    host, _, port = found.pop("server", "").removeprefix("tcp:").partition(",")
    default = {"ODBC Driver 18 for SQL Server": "1433", "PostgreSQL Unicode": "5432"}
    port = port or found.pop("port", "") or default.get(found["driver"], "3306")
    return [(host, port)], found


def see_stackexchange(text: str) -> Seen:
    tokens = [token.strip() for token in text.split(",") if token.strip()]
    options = [token for token in tokens if token.find("=") > 0]
    default = "6379"
    for option in options:
        if option.lower().startswith("ssl="):
            default = "6380" if option.lower().endswith("true") else "6379"
    ends = []
    for token in tokens:
        match = re.fullmatch(r"(?:\[(.+)\]|([^:]+))(?::([0-9]+))?", token)
        if "=" not in token and token[0] != "!":
            assert match, token
            ends.append((match[1] or match[2], match[3] or default))
    return ends, (options, [token for token in tokens if token[0] == "!"])


def see_go(text: str) -> Seen:
    """Read greedily: the last slash, the last @ before it, the first parenthesis behind that."""
    match = re.fullmatch(r"(?:(.*)@)?(?:([^@(]*?)\(([^@]*)\))?/([^/]*)", text, re.DOTALL)
    assert match, text
    user, network, address, rest = match.groups()
    split = re.fullmatch(r"\[(.*)\]:([0-9]+)|([^:]*):([0-9]+)|(.*)", address)
    assert split
    host, port = split[1] or split[3] or split[5], split[2] or split[4] or "3306"
    return [(host, port)], (user, network, rest)


# --- texts --------------------------------------------------------------------------------------

NASTY = "ab01=&?#/@:,;'\"{}()[]%+ -._*é"
SECRET = st.text(st.sampled_from(NASTY), max_size=12) | st.sampled_from(
    ("localhost", "Server=localhost", ";Server=localhost;", "x;Host=a,localhost:1", "@tcp(h:1)/")
)
NAME = st.sampled_from(("localhost", "127.0.0.1", "db", "a-b.c_d", "LOCALHOST"))
PORT = st.integers(1, 65535).map(str)


def ado_quoted(value: str, quote: str) -> str:
    """Write a value as AppendKeyValuePair would, or with the quote that is wanted."""
    if quote or not value or re.search(r"[\s;='\"]", value):
        quote = quote or '"'
        return quote + value.replace(quote, quote * 2) + quote
    return value


ADO: dict[str, tuple[Callable[[str], Seen], tuple[str, ...], str]] = {
    "mssql": (see_sqlclient, ("Server", "Data Source", "address"), "Encrypt=no"),
    "postgresql": (see_npgsql, ("Host", "Server"), "Search Path=localhost"),
    "mysql": (see_mysql, ("Server", "Data Source"), "AllowUserVariables=true"),
}


@st.composite
def ado_texts(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return a family, a text that only it takes, and the password inside."""
    family = draw(st.sampled_from(sorted(ADO)))
    _, names, mark = ADO[family]
    hosts = draw(st.lists(NAME, min_size=1, max_size=1 if family == "mssql" else 3))
    parts = [mark]
    if family == "postgresql":
        hosts = [host + draw(st.just("") | PORT.map(":{}".format)) for host in hosts]
    elif family == "mssql":
        hosts = [
            draw(st.sampled_from(("", "tcp:")))
            + hosts[0]
            + draw(st.just("") | PORT.map(",{}".format))
        ]
    if family != "mssql" and draw(st.booleans()):
        parts.append(f"Port={draw(PORT)}")
    quote = draw(st.sampled_from(("", "'", '"')))
    address = f"{draw(st.sampled_from(names))}={ado_quoted(','.join(hosts), quote)}"
    secret = draw(SECRET)
    parts += [address, f"Password = {ado_quoted(secret, draw(st.sampled_from(('', chr(39)))))}"]
    parts += draw(
        st.lists(st.sampled_from(("Database=localhost", "User ID='a;b'", "", " ")), max_size=3)
    )
    return family, ";".join(draw(st.permutations(parts))), secret


@many
@given(ado_texts())
def test_adonet_changes_addresses_only(drawn: tuple[str, str, str]) -> None:
    family, text, _ = drawn
    see = ADO[family][0]
    assume("://" not in text)  # a URI, whatever else it is
    reading = dsn.read(text, "adonet")
    assert not reading.trouble
    assert reading.protocol == family
    before, rest = see(text)
    assert [(end.host, str(end.effective_port)) for end in reading.endpoints] == before
    after, left = see(shifted(text, "adonet"))
    assert after == [("db.test", "15999")] * len(before)
    # Where hosts of a list have ports of their own, the keyword's stays.
    assert left == rest


@st.composite
def odbc_texts(draw: st.DrawFn) -> tuple[str, str]:
    driver = draw(
        st.sampled_from(("ODBC Driver 18 for SQL Server", "PostgreSQL Unicode", "MySQL ODBC 8.0"))
    )
    server = draw(NAME)
    parts = [f"DRIVER={{{driver}}}"]
    if "Server" in driver:
        server = (
            draw(st.sampled_from(("", "tcp:")))
            + server
            + draw(st.just("") | PORT.map(",{}".format))
        )
    elif draw(st.booleans()):
        parts.append(f"PORT={draw(PORT)}")
    parts.append("SERVER=" + draw(st.sampled_from((server, f"{{{server}}}"))))
    secret = draw(SECRET)
    parts.append("PWD={" + secret.replace("}", "}}") + "}")
    parts += draw(
        st.lists(st.sampled_from(("DATABASE=localhost", "UID={a;b}", "")), max_size=3, unique=True)
    )
    return ";".join(draw(st.permutations(parts))), secret


@many
@given(odbc_texts())
def test_odbc_changes_the_address_only(drawn: tuple[str, str]) -> None:
    text, _ = drawn
    assume("://" not in text)  # a URI, whatever else it is
    reading = dsn.read(text, "odbc")
    assert not reading.trouble
    before, rest = see_odbc(text)
    assert [(end.host, str(end.effective_port)) for end in reading.endpoints] == before
    after, left = see_odbc(shifted(text, "odbc"))
    assert (after, left) == ([("db.test", "15999")], rest)


@st.composite
def redis_texts(draw: st.DrawFn) -> tuple[str, str]:
    host = st.tuples(NAME | st.just("[::1]"), st.just("") | PORT.map(":{}".format)).map("".join)
    parts = draw(st.lists(host | st.just("!/tmp/localhost"), min_size=1, max_size=4))
    options = ("ssl=true", "ssl=False", "name=localhost", "abortConnect=false", "$INFO=x")
    parts += draw(st.lists(st.sampled_from(options), max_size=3, unique=True))
    secret = draw(SECRET).replace(",", "").strip()
    blanks = draw(st.sampled_from((",", ", ", " ,", ",,")))
    return blanks.join([*draw(st.permutations(parts)), f"password={secret}"]), secret


@many
@given(redis_texts())
def test_stackexchange_changes_addresses_only(drawn: tuple[str, str]) -> None:
    text, _ = drawn
    assume("://" not in text)  # a URI, whatever else it is
    reading = dsn.read(text, "stackexchange")
    assert not reading.trouble
    before, rest = see_stackexchange(text)
    assert [(end.host, str(end.effective_port)) for end in reading.endpoints] == before
    after, left = see_stackexchange(shifted(text, "stackexchange"))
    assert (after, left) == ([("db.test", "15999")] * len(before), rest)


@st.composite
def go_texts(draw: st.DrawFn) -> tuple[str, str]:
    secret = draw(SECRET)
    address = draw(NAME) + draw(st.just("") | PORT.map(":{}".format))
    address = draw(st.just(address) | PORT.map("[::1]:{}".format))
    network = draw(st.sampled_from(("tcp", "")))
    tail = draw(st.sampled_from(("", "localhost", "db?charset=utf8", "db?a=localhost:1")))
    return f"u:{secret}@{network}({address})/{tail}", secret


@many
@given(go_texts())
def test_go_mysql_changes_the_address_only(drawn: tuple[str, str]) -> None:
    text, _ = drawn
    assume("://" not in text)  # a URI, whatever else it is
    reading = dsn.read(text, "go_mysql")
    assert not reading.trouble
    before, rest = see_go(text)
    assert [(end.host, str(end.effective_port)) for end in reading.endpoints] == before
    after, left = see_go(shifted(text, "go_mysql"))
    assert (after, left) == ([("db.test", "15999")], rest)


@many
@given(
    st.one_of(
        ado_texts().map(lambda drawn: ("adonet", *drawn[1:])),
        odbc_texts().map(lambda drawn: ("odbc", *drawn)),
        redis_texts().map(lambda drawn: ("stackexchange", *drawn)),
        go_texts().map(lambda drawn: ("go_mysql", *drawn)),
    ),
    st.text(st.sampled_from("QZ7"), min_size=6, max_size=6),
)
def test_a_password_never_shows(drawn: tuple[str, str, str], mark: str) -> None:
    dialect, text, secret = drawn
    assume(secret and text.count(secret) == 1)
    text = text.replace(secret, secret + mark)
    assert mark not in dsn.mask(text, dsn.read(text, dialect))


PIECES = (
    "Server Host Port Password Encrypt DRIVER localhost [::1] ::1 a 1 tcp np unix = == ; , : ' "
    '" { } }} ( ) @ / ? ! ssl=true MySQL'
)
JUMBLE = st.lists(
    st.sampled_from((*PIECES.split(" "), " ", "Data Source", "SQL Server")), max_size=24
).map("".join)


@many
@given(st.text(max_size=40) | JUMBLE)
def test_any_text_is_read_and_comes_back(text: str) -> None:
    for dialect in DIALECTS:
        reading = dsn.read(text, dialect)
        same = [(end.host, end.effective_port) for end in reading.endpoints]
        assert dsn.splice(text, reading.endpoints, same) == text
        dsn.mask(text, reading)
        try:
            once = shifted(text, dialect)
        except dsn.Unwritable:
            continue
        again = dsn.read(once, dialect)
        assert [(end.host, end.effective_port) for end in again.endpoints] == [NEW] * len(same)
        assert shifted(once, dialect) == once


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "unit", ["a=", "=", "==", "'", "''", "{", "}}", ",", ";", ":", "@", "(", "/", " "]
)
def test_time_is_linear(dialect: str, unit: str) -> None:
    for start in ("Server=", "DRIVER={x};SERVER=", "u:p@tcp(", ""):

        def prepare(size: int, start: str = start) -> Callable[[], object]:
            text = start + unit * (size // len(unit))
            return lambda: dsn.read(text, dialect)

        assert_linear(prepare, 12_500)


# --- what a vector cannot say -------------------------------------------------------------------


def test_a_port_has_no_place_where_the_driver_is_not_known() -> None:
    text = "Server=localhost;Database=x;User Id=u;Password=p"
    (end,) = dsn.read(text, "adonet").endpoints
    assert (end.host, end.effective_port) == ("localhost", None)
    assert dsn.splice(text, [end], [("h", None)]) == text.replace("localhost", "h")
    with pytest.raises(dsn.Unwritable):
        dsn.splice(text, [end], [("h", 1)])
    with pytest.raises(dsn.Unwritable):
        dsn.splice(text, [end], [("::1", None)])


@pytest.mark.parametrize(
    ("protocol", "after"),
    [
        ("mssql", "Server=h,1;Database=x"),
        ("postgresql", "Server=h;Port=1;Database=x"),
        ("mysql", "Server=h;Port=1;Database=x"),
    ],
)
def test_a_known_protocol_tells_the_driver(protocol: str, after: str) -> None:
    text = "Server=localhost;Database=x"
    reading = dsn.read(text, "adonet", protocol=protocol)
    assert reading.protocol == protocol
    assert dsn.splice(text, reading.endpoints, [("h", 1)]) == after


def test_hosts_that_share_a_port_take_one_only() -> None:
    text = "Server=a,b;Port=1;CharSet=utf8"
    ends = dsn.read(text, "adonet").endpoints
    with pytest.raises(dsn.Unwritable):
        dsn.splice(text, ends, [("a", 1), ("b", 2)])
    assert dsn.splice(text, ends, [("a", 2), ("b", 2)]) == "Server=a,b;Port=2;CharSet=utf8"


@pytest.mark.parametrize(
    ("dialect", "text", "after"),
    [
        ("adonet", "Server=tcp:h,1;Encrypt=no", "Server=tcp:fd00::1,2;Encrypt=no"),
        ("adonet", "Host=h:1;Search Path=x", "Host=[fd00::1]:2;Search Path=x"),
        ("adonet", "Server=h;Port=1;SslCa=x", "Server=[fd00::1];Port=2;SslCa=x"),
        ("odbc", "DRIVER={SQL Server};SERVER=h,1", "DRIVER={SQL Server};SERVER=fd00::1,2"),
        ("stackexchange", "h:1", "[fd00::1]:2"),
        ("go_mysql", "u:p@tcp(h:1)/", "u:p@tcp([fd00::1]:2)/"),
    ],
)
def test_ipv6_is_written_as_the_place_wants_it(dialect: str, text: str, after: str) -> None:
    spliced = shifted(text, dialect, ("fd00::1", 2))
    assert spliced == after
    (end,) = dsn.read(spliced, dialect).endpoints
    assert (end.host, end.port) == ("fd00::1", 2)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [("stackexchange", "::1,ssl=true"), ("go_mysql", "u:p@tcp(::1)/"), ("go_mysql", "tcp(h)/")],
)
def test_a_place_without_brackets_takes_what_it_can(dialect: str, text: str) -> None:
    (end,) = dsn.read(text, dialect).endpoints
    assert dsn.splice(text, [end], [("x", None)]) == text.replace(end.host, "x")
    wanted = ("fd00::1", 1) if end.host == "h" else (end.host, 1)
    with pytest.raises(dsn.Unwritable):
        dsn.splice(text, [end], [wanted])
