"""Keywords of ODBC drivers that hold a whole address: ``DBQ``, ``SERVERNODE``, ``EXAHOST``, ….

Sources: Oracle's ODBC driver (DBQ is a TNS name or EZConnect), SAP HANA's (SERVERNODE, a comma
list), Exasol's (EXAHOST), ClickHouse's (Url), MongoDB's (URI), by their manuals.
"""

from __future__ import annotations

from hostshift.dsn import schemes
from hostshift.dsn.dialects._nested import nested, pieces, port_backwards
from hostshift.dsn.host_port import host_port
from hostshift.dsn.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.dialects._keyword_values import Pair
    from hostshift.dsn.dialects._nested import Span
    from hostshift.dsn.model import Endpoint

NAMES = frozenset(("dbq", "servernode", "exahost", "exaport", "dbcname", "url", "uri"))


def read(text: str, named: dict[str, list[Pair]]) -> Reading | None:
    """Return the endpoints that such a keyword names, None if the text has none of them.

    Raises:
        Unreadable: there are several, or the address has a form that hostshift does not read.

    """
    found = [pair for name in NAMES for pair in named.get(name, ())]
    if not found:
        return None
    if len(found) > 1 or found[0].blanks or found[0].escaped:
        raise Unreadable("the address is given twice, or with blanks or braces in it")
    pair = found[0]
    if pair.keyword == "dbq" and not _is_oracle(text, named):
        return None  # a file, to drivers of Access, Excel and others
    reads = _READS.get(pair.keyword)
    if reads is None:
        raise Unreadable("the address stands in a keyword that hostshift does not read")
    return reads(text, (pair.start, pair.end))


def _is_oracle(text: str, named: dict[str, list[Pair]]) -> bool:
    """Return True if the driver's name, or its file's, is that of one for Oracle."""
    names = [text[pair.start : pair.end].lower() for pair in named.get("driver", ())]
    return any("oracle" in name or "sqora" in name for name in names)


def _oracle(text: str, span: Span) -> Reading:
    """Read EZConnect or a descriptor. Anything else is an alias."""
    from hostshift.dsn.dialects import oracle

    value = text[slice(*span)]
    if "\\" in value or not any(mark in value for mark in "/:("):
        return Reading(dialect="odbc")
    return nested(oracle.read, text, span, Scheme(protocol="oracle", port=None, dialects=()))


def _hana(text: str, span: Span) -> Reading:
    return Reading(dialect="odbc", protocol="hana", endpoints=_list(text, span, None))


def _exasol(text: str, span: Span) -> Reading:
    """Read a comma list of ``host[:port]``, but no range (``10.0.0.11..14``)."""
    if ".." in text[slice(*span)]:
        raise Unreadable("a range of addresses, of which the driver takes any")
    endpoints = port_backwards(_list(text, span, 8563))
    return Reading(dialect="odbc", protocol="exasol", endpoints=endpoints)


def _list(text: str, span: Span, port: int | None) -> tuple[Endpoint, ...]:
    spans = pieces(text, ",", *span)
    return tuple(host_port(text, start, end, port) for start, end in spans)


def _url(text: str, span: Span) -> Reading:
    """Read a URL by its own scheme."""
    scheme = schemes.find(text[slice(*span)].partition("://")[0])
    if scheme is None or scheme.dialects not in (("uri",), ("mongodb",)):
        raise Unreadable("the URL has a scheme that no such driver takes")
    module = __import__(f"hostshift.dsn.dialects.{scheme.dialects[0]}", fromlist=("read",))
    return nested(module.read, text, span, scheme)


_READS = {
    "dbq": _oracle,
    "servernode": _hana,
    "exahost": _exasol,
    "url": _url,
    "uri": _url,
}
