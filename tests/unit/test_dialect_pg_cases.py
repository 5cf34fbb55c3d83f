"""Single cases of libpq, SQLAlchemy and MongoDB strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostshift import dsn
from hostshift.dsn.model import Unwritable

if TYPE_CHECKING:
    from collections.abc import Callable

    # Every host with its port, as the driver would dial them; and all else it read.
    Seen = tuple[list[tuple[str, str]], object]

from tests.unit.drivers_see import NEW, SEES, is_place, read
from tests.unit.timing import assert_linear


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
        dsn.splice(text, ends, [NEW])
    assert dsn.splice(text, ends, [("::2", 1)]) == expected


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
    spliced = dsn.splice(text, ends, [("x", port) for port in ports])
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
    spliced = dsn.splice(text, ends, [("fd00::1", 1)] * len(ends))
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
        dsn.splice(text, ends, [("fd00::1", None)] * len(ends))


@pytest.mark.parametrize("text", ["mysql://h/d?x=@", "mysql://u@h/d?x=@"])
def test_sqlalchemy_takes_no_new_colon_before_a_later_at(text: str) -> None:
    ends = read(text, "sqlalchemy").endpoints
    assert dsn.splice(text, ends, [("x", None)]) == text.replace("h", "x")
    for wanted in (("h", 1), ("fd00::1", None)):
        with pytest.raises(Unwritable):
            dsn.splice(text, ends, [wanted])


@pytest.mark.parametrize("host", ["a b", "a'b", "a,b", "a\\b", "a:1", ""])
def test_no_host_can_break_out_of_its_place(host: str) -> None:
    for text in ("host=h", "host='h'", "postgresql:///d?host=h"):
        with pytest.raises(Unwritable):
            dsn.splice(text, read(text, "libpq").endpoints, [(host, None)])


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
    def prepare(count: int) -> Callable[[], object]:
        text = start + unit * count
        return lambda: read(text, dialect)

    assert_linear(prepare, 4_000)
