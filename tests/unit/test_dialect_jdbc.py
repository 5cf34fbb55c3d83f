"""The dialects ``jdbc`` and ``oracle``: laws of splicing, and python-oracledb's own view."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hostshift.dsn import splice
from hostshift.dsn.dialects import jdbc, oracle
from hostshift.dsn.model import Reading, Scheme, Unreadable, Unwritable
from tests.unit.timing import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = Scheme(protocol="", port=None, dialects=("jdbc",))
EXAMPLES = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
BEGINNINGS = (
    *("jdbc:postgresql://", "jdbc:mysql://", "jdbc:mysql:replication://", "mysqlx://"),
    *("jdbc:mariadb://", "jdbc:mariadb:sequential://", "jdbc:sqlserver://", "jdbc:redshift://"),
    *("jdbc:oracle:thin:@", "jdbc:oracle:thin:u/p@(DESCRIPTION=", "jdbc:ch://", "jdbc:h2:tcp://"),
    *("jdbc:hsqldb:hsql://", "jdbc:postgresql:", "jdbc:", ""),
)
PIECES = st.lists(
    st.sampled_from(
        (
            *"/?#@:;,=&()[]{}%+ '\"",
            *("localhost", "::1", "[::1]", "db", "1521", ":3306", "host=", "port=", "address="),
            *("(HOST=", "(PORT=", "(ADDRESS=", "PROTOCOL=tcp)", "serverName=", "password=", "}}"),
        )
    ),
    max_size=14,
).map("".join)


def spliced(reading: Reading, text: str, host: str, first_port: int) -> str:
    ports = range(first_port, first_port + len(reading.endpoints))
    return splice(text, reading.endpoints, [(host, port) for port in ports])


@pytest.mark.parametrize("read", [jdbc.read, oracle.read])
@EXAMPLES
@given(st.sampled_from(BEGINNINGS), PIECES | st.text(max_size=30))
def test_laws_for_any_text(
    read: Callable[[str, Scheme], Reading], beginning: str, rest: str
) -> None:
    text = beginning + rest
    try:
        ends = read(text, SCHEME).endpoints
    except Unreadable:
        return
    same = [(end.host, end.effective_port) for end in ends]
    assert splice(text, ends, same) == text
    try:
        there = splice(text, ends, [("db.test", 15999)] * len(ends))
    except Unwritable:
        return
    again = read(there, SCHEME).endpoints
    assert [(end.host, end.effective_port) for end in again] == [("db.test", 15999)] * len(ends)
    assert splice(there, again, [("db.test", 15999)] * len(ends)) == there


HOST = st.sampled_from(("localhost", "127.0.0.1", "DB-1.a_b", "x", "h.example.com"))
V6 = st.sampled_from(("::1", "fd00::7", "2001:db8::10.0.0.1"))
PORT = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))
SERVICE = st.sampled_from(("/localhost", "/a.b", "/s:dedicated", "/s:pooled/localhost", "/"))
QUERY = st.sampled_from(
    ("", "?retry_count=3", '?ssl_server_cert_dn="CN=localhost:1521"', "?sdu=8192&expire_time=2")
)


@st.composite
def easy(draw: st.DrawFn) -> str:
    """Return an EZConnect string."""
    host = HOST | V6.map(lambda host: f"[{host}]")
    lists = st.lists(st.tuples(host, PORT).map("".join), min_size=1, max_size=3).map(",".join)
    hosts = ";".join(draw(st.lists(lists, min_size=1, max_size=2)))
    begin = draw(st.sampled_from(("", "//", "tcp://", "tcps://", "TCPS://")))
    return begin + hosts + draw(SERVICE) + draw(QUERY)


@st.composite
def descriptor(draw: st.DrawFn) -> str:
    """Return a descriptor."""

    def node(name: str, value: str) -> str:
        gap = draw(st.sampled_from(("", "", " ", "  ")))
        name = draw(st.sampled_from((name, name.lower(), name.title())))
        return f"({gap}{name}{gap}={gap}{value}{gap})"

    def address(_: int) -> str:
        inside = [node("HOST", draw(HOST | V6 | HOST.map(lambda host: f'"{host}"')))]
        inside += [node("PROTOCOL", "TCPS")] * draw(st.integers(0, 1))
        if draw(st.booleans()):
            inside.append(node("PORT", str(draw(st.integers(1, 65535)))))
        return node("ADDRESS", "".join(draw(st.permutations(inside))))

    addresses = "".join(address(each) for each in range(draw(st.integers(1, 3))))
    if draw(st.booleans()):
        addresses = node("ADDRESS_LIST", node("LOAD_BALANCE", "ON") + addresses)
    data = node("CONNECT_DATA", node("SERVICE_NAME", "localhost") + node("HOST", "localhost"))
    security = node("SECURITY", node("SSL_SERVER_CERT_DN", '"CN=(HOST=localhost)"'))
    return node("DESCRIPTION", addresses + data + draw(st.sampled_from(("", security))))


def seen(oracledb: Any, text: str) -> tuple[list[tuple[str, int]], str] | None:
    """Return the addresses that python-oracledb dials, and all the rest of what it read."""
    params = oracledb.ConnectParams()
    try:
        params.parse_connect_string(text)
        rest = params.get_connect_string()
    except (oracledb.Error, TypeError):  # it stumbles itself over an ADDRESS without a host
        return None
    if rest is None:  # no ADDRESS has a host
        return [], ""
    as_list = [
        value if isinstance(value, list) else [value] for value in (params.host, params.port)
    ]
    pairs = list(zip(*as_list, strict=True))
    for host, port in pairs:
        rest = rest.replace(f"(HOST={host})(PORT={port})", "(-)", 1)
    return pairs, rest


@EXAMPLES
@given(st.one_of(easy(), descriptor()))
def test_python_oracledb_sees_the_new_address_and_nothing_else_new(text: str) -> None:
    oracledb = pytest.importorskip("oracledb")
    before = seen(oracledb, text)
    if before is None:
        event("refused by the driver")
        return
    reading = oracle.read(text, SCHEME)  # nothing that is plausible is left alone
    assert [(end.host, end.effective_port) for end in reading.endpoints] == before[0]
    try:
        there = spliced(reading, text, "db.test", 15900)
    except Unwritable:  # one port that serves several hosts
        there = splice(text, reading.endpoints, [("db.test", 15900)] * len(reading.endpoints))
    after = seen(oracledb, there)
    assert after is not None
    assert {host for host, _ in after[0]} == {"db.test"}
    assert all(port >= 15900 for _, port in after[0])
    assert after[1] == before[1]


@EXAMPLES
@given(st.one_of(easy(), descriptor()), st.data())
def test_python_oracledb_agrees_on_what_is_damaged(text: str, data: st.DataObject) -> None:
    oracledb = pytest.importorskip("oracledb")
    at = data.draw(st.integers(0, len(text)))
    mark = data.draw(st.sampled_from("/?#@:;,=&()[]{}% '\"xX1"))
    text = text[:at] + mark + text[at + data.draw(st.integers(0, 1)) :]
    try:
        found = oracle.read(text, SCHEME).endpoints
    except Unreadable:
        return
    before = seen(oracledb, text)
    if before is not None and "@" not in text:
        assert [(end.host, end.effective_port) for end in found] == before[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("jdbc:sqlserver://localhost:1433", "IPv6"),
        ("jdbc:oracle:thin:@localhost:1521:XE", "IPv6"),
        ("jdbc:hsqldb:hsql://localhost/x", "IPv6"),
    ],
)
def test_where_no_ipv6_can_stand_none_is_written(text: str, why: str) -> None:
    ends = jdbc.read(text, SCHEME).endpoints
    with pytest.raises(Unwritable, match=why):
        splice(text, ends, [("fd00::1", 1)])


def test_ipv6_stands_in_a_property_of_sql_server_and_in_a_descriptor_without_brackets() -> None:
    text = "jdbc:sqlserver://;serverName=localhost"
    ends = jdbc.read(text, SCHEME).endpoints
    assert splice(text, ends, [("fd00::1", 1433)]) == "jdbc:sqlserver://;serverName=fd00::1"
    text = "(ADDRESS=(HOST=localhost)(PORT=1))"
    ends = oracle.read(text, SCHEME).endpoints
    assert splice(text, ends, [("fd00::1", 1)]) == "(ADDRESS=(HOST=fd00::1)(PORT=1))"


def test_a_failover_partner_keeps_its_port() -> None:
    text = "jdbc:sqlserver://localhost;failoverPartner=localhost"
    ends = jdbc.read(text, SCHEME).endpoints
    there = splice(text, ends, [("db.test", 1433)] * 2)
    assert there == "jdbc:sqlserver://db.test;failoverPartner=db.test"
    with pytest.raises(Unwritable, match="default port"):
        splice(text, ends, [("db.test", 2)] * 2)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "jdbc:postgresql://localhost/d",
            "jdbc:mysql://localhost/d",
            "jdbc:mariadb://localhost/d",
        ),
        *("jdbc:sqlserver://localhost", "jdbc:oracle:thin:@//localhost/s", "mysqlx://localhost/d"),
        *("jdbc:redshift://localhost/d", "jdbc:ch://localhost/d", "jdbc:ch://localhost/d?ssl=true"),
        *("jdbc:h2:tcp://localhost/d", "jdbc:hsqldb:hsql://localhost/d"),
    ],
)
def test_a_default_port_that_the_caller_knows_is_taken(text: str) -> None:
    (end,) = jdbc.read(text, SCHEME.replace(port=9999)).endpoints
    assert end.effective_port == 9999


def test_hosts_that_share_a_port_cannot_get_different_ones() -> None:
    ends = oracle.read("a,b:1522/s", SCHEME).endpoints
    with pytest.raises(Unwritable, match="different"):
        splice("a,b:1522/s", ends, [("a", 1), ("b", 2)])


@pytest.mark.parametrize(
    "unit",
    [
        *("jdbc:postgresql://|a,|/d", "jdbc:mysql://|(host=a),|/", "jdbc:mysql://|address=(|"),
        *("jdbc:mysql://|[|", "jdbc:mariadb://|address=(host=a),|/", "jdbc:sqlserver://h;|;=|"),
        *("jdbc:sqlserver://h;p={|}}|", "jdbc:sqlserver://h;|a={x};|", "jdbc:ch://h/?|&a=|"),
        *("jdbc:oracle:thin:@|(a=|", "jdbc:oracle:thin:@|h,|/s", "jdbc:oracle:thin:@(D=|(A=b)|)"),
        *(
            'jdbc:oracle:thin:@(D=|(A="b")|)',
            "jdbc:oracle:thin:@(D=(A=|b(|",
            "jdbc:h2:tcp://h/|;=|",
        ),
    ],
)
def test_time_is_linear(unit: str) -> None:
    begin, middle, *end = unit.split("|")

    def prepare(times: int) -> Callable[[], object]:
        text = begin + middle * times + "".join(end)
        return lambda: read_or_refuse(text)

    assert_linear(prepare, 2_500)


def read_or_refuse(text: str) -> None:
    with contextlib.suppress(Unreadable):
        jdbc.read(text, SCHEME)
