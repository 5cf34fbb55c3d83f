"""``kafka``: bootstrap servers, and lists of listeners, which have the same form.

A comma list of ``host[:port]`` with spaces around the commas. The name of a listener
or a security protocol (``SASL_SSL://``) may stand before each: kafka-python
(kafka/cluster.py, collect_hosts), Java (ClientUtils.parseAndValidateAddresses),
librdkafka (rd_kafka_brokers_add0).
"""

from __future__ import annotations

from hostshift.dsn.authority import first_of
from hostshift.dsn.dialects._nested import doubtful, pieces, trimmed
from hostshift.dsn.host_port import host_port, port_number
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Endpoint, Scheme

_URL = "kafka://"


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start, end = 0, len(text)
    if text[: len(_URL)].lower() == _URL:  # as programs of their own write it, with options
        start = len(_URL)
        end = first_of(text, "/?", start)
    return Reading(
        dialect="kafka",
        protocol="kafka",
        endpoints=tuple(_endpoints(text, end, scheme.port or 9092)),
        secrets=(*secret_parameters(text, end), *doubtful(text, start, end)),
    )


def _endpoints(text: str, until: int, default_port: int) -> Iterator[Endpoint]:
    """Yield one endpoint for each entry that names a host."""
    if text.find("://", len(_URL)) >= 0:
        until = len(text)  # a list of URLs
    if text.find(";", 0, until) >= 0:
        raise Unreadable("a ; stands in the list, and Kafka's clients part servers at commas only")
    for span in pieces(text, ",", 0, until):
        start, end = trimmed(text, *span)
        start = _behind_protocol(text, start, end)
        if start == end:
            continue
        if text[start] == ":":  # a listener on all interfaces
            _ = start + 1 == end or port_number(text[start + 1 : end])
            continue
        if text[start] != "[" and text.count(":", start, end) > 1:
            raise Unreadable("an IPv6 address without brackets, which clients read differently")
        yield host_port(text, start, end, default_port)


def _behind_protocol(text: str, start: int, end: int) -> int:
    """Return the offset of an entry's host."""
    at = text.find("://", start, end)
    if at < 0:
        return start
    name = text[start:at].replace("_", "").replace("-", "").replace(".", "")
    if not (name.isascii() and name.isalnum()):
        raise Unreadable("what stands before :// is no security protocol")
    return at + 3
