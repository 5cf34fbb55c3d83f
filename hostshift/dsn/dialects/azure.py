"""``azure``: the strings of Azure's services and of their emulators: ``name=value;``, with URLs.

``AccountEndpoint`` (Cosmos DB), ``BlobEndpoint``, ``QueueEndpoint``, ``TableEndpoint`` (Storage,
Azurite), ``Endpoint`` (Service Bus, Event Hubs, App Configuration, SignalR, whose emulator has its
port in ``Port``: ServiceEndpoint, ConnectionStringParser). A value ends at the semicolon, and
there are no quotes. Sources: azure-core and azure-storage for Python (``parse_connection_string``).
"""

from __future__ import annotations

from hostshift.dsn import schemes
from hostshift.dsn.dialects import uri
from hostshift.dsn.dialects._nested import joined, nested, pieces, trimmed
from hostshift.dsn.host_port import as_is, check_host, nowhere, port_number
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Scheme, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    Span = tuple[int, int]

_BUS = {True: 5672, False: 5671}
"""The port of AMQP: the emulator's, which has no TLS, and the service's."""
_HUBS = ("hostname", "gatewayhostname")
"""Azure IoT's names of a hub and of an edge gateway before it."""
_EMULATOR = ("localhost", "127.0.0.1")
_PYTHON = {
    **dict.fromkeys(
        ("blobendpoint", "queueendpoint", "fileendpoint"),
        "azure-storage-* retries at the cloud's secondary address with retry_to_secondary=True, and"
        " delete_blobs and its like need url_prepend= with the account's name",
    ),
    "tableendpoint": "azure-data-tables takes localhost alone for Cosmos DB's emulator",
    "accountendpoint": "azure-cosmos checks the certificate unless connection_verify=False",
}
"""What the libraries for Python do otherwise, by the name of the endpoint: base_client.py of
azure-storage, _common_conversion.py of azure-data-tables, _synchronized_request.py of azure-cosmos.
"""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    values: dict[str, Span] = {}
    secrets: list[Span] = []
    for start, end in (trimmed(text, *span) for span in pieces(text, ";")):
        name, value = _pair(text, start, end)
        if name in values:
            raise Unreadable("a name stands twice")
        if name:
            values[name] = value
            secrets += [value] if is_secret(name) else []
    if "developmentstorageproxyuri" in values:
        raise Unreadable("a proxy is named, which stands for the host")
    emulated = text[slice(*values.get("usedevelopmentemulator", (0, 0)))].lower() == "true"
    places = [span for name, span in values.items() if name.endswith("endpoint") and any(span)]
    readings = [_url(text, span, emulated, scheme) for span in places]
    if "port" in values:
        if len(places) > 1:
            raise Unreadable("several endpoints stand beside one port")
        readings = [_with_port(text, reading, values["port"]) for reading in readings]
    protocol = readings[0].protocol if readings else scheme.protocol
    reading = joined(Reading(dialect="azure", protocol=protocol), readings)
    hubs = () if places else (_hub(text, *values[name]) for name in _HUBS if name in values)
    return reading.replace(
        endpoints=(*reading.endpoints, *hubs),
        secrets=(*reading.secrets, *secrets),
        note=_note(text, values),
    )


def _with_port(text: str, reading: Reading, span: Span) -> Reading:
    """Return the reading of SignalR's endpoint with the port of its own.

    Raises:
        Unreadable: the endpoint has a port as well.

    """
    number = port_number(text[slice(*span)])
    slot = Slot(start=span[0], end=span[1], write=as_is)
    if any(endpoint.port is not None for endpoint in reading.endpoints):
        raise Unreadable("there are two ports")
    ends = tuple(endpoint.replace(port=number, port_at=slot) for endpoint in reading.endpoints)
    return reading.replace(endpoints=ends)


def _note(text: str, values: dict[str, Span]) -> str:
    """Return what changes for Python's libraries with another address than an emulator's usual."""
    hosts = {name: text[slice(*span)].partition("://")[2] for name, span in values.items()}
    changes = (
        change for name, change in _PYTHON.items() if hosts.get(name, "").startswith(_EMULATOR)
    )
    notes = "; ".join(dict.fromkeys(changes))
    return f"Azure's libraries for Python know an emulator by localhost: {notes}" if notes else ""


def _hub(text: str, start: int, end: int) -> Endpoint:
    """Read the host of an IoT hub, whose port is that of AMQP, MQTT or HTTPS, as the client says.

    The key signs the name, so that no other one can stand there.
    """
    host = text[start:end]
    check_host(host)
    return Endpoint(
        host=host,
        port=None,
        default_port=None,
        host_at=Slot(start=start, end=end, write=_signed),
        port_at=nowhere(end, "an IoT hub's text has no place for a port"),
    )


def _signed(_: str) -> str:
    raise Unwritable("the key of an IoT hub signs its name")


def _pair(text: str, start: int, end: int) -> tuple[str, Span]:
    """Return a name in lower case and the span of its value; an empty name for an empty part."""
    if start == end:
        return "", (start, end)
    equals = text.find("=", start, end)
    if equals <= start:
        raise Unreadable("a name has no value", refused=True)
    return text[start:equals].strip().lower(), (equals + 1, end)


def _url(text: str, span: Span, emulated: bool, scheme: Scheme) -> Reading:
    """Read the URL of one service."""
    name = text[slice(*span)].partition("://")[0].lower()
    known = schemes.find(name)
    if name == "sb":
        port = _BUS[emulated] if scheme.port is None else scheme.port
        known = Scheme(protocol="amqp", port=port, dialects=("uri",))
    if known is None or known.protocol not in ("http", "amqp"):
        raise Unreadable("an endpoint is no URL of HTTP or of Service Bus", refused=True)
    return nested(uri.read, text, span, known)
