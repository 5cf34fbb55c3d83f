"""Variables whose names show that clients dial what they hold. Pure."""

from __future__ import annotations

from hostshift import dsn
from hostshift.base import redaction
from hostshift.base.addresses import is_loopback
from hostshift.dsn import schemes
from hostshift.environment import names
from hostshift.environment.model import Kept, Pair, Variable
from hostshift.environment.shapes import (
    are_hosts,
    are_sockets,
    is_endpoint,
    is_json_list,
    is_template,
    json_list,
    labelled,
    names_service,
    parted,
    rooted,
    weighted,
)
from hostshift.environment.values import DATA_PROTOCOLS, has_address, host_of, is_data, to_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.environment.names import Client

IS_TEMPLATE = "it is a template, which something else has to fill in"
IS_UNKNOWN = "its name does not show that only clients dial it"
IS_OF_NO_SCHEME = "hostshift does not know the scheme of its URL"
IS_A_PORT = "a port alone is what servers bind, as Go's do"
IS_UNREADABLE = "clients dial it, by its name, and hostshift cannot read it"
CORRECT = "write it as a URL, as host:port, or as a JSON list of these"
_LOCAL = ("localhost", "127.0.0.1", "://")
NO_HOSTS = frozenset(("default", "null", "none", "nil", "undefined", "false", "true"))
"""What stands in a host's place and is none: ``default`` where the library of a mail provider
knows the host (Symfony's Transport), and ``null`` (Laravel's env())."""
_EMBEDDED = frozenset(("statsd", "smtp", "ldap", "mqtt", "stomp", "nats"))
_WORDS = frozenset(
    (
        *("auto", "local", "embedded", "memory", "in-memory", "inmemory", "all", "any"),
        *("on", "off", "yes", "no", "enable", "enabled", "disable", "disabled"),
    )
)
"""What is no host where it is all of a value: ``RAY_ADDRESS=auto``, ``DB_SERVER=enabled``."""
_ANY = frozenset("*%-.")
"""Characters of which some, alone, stand for any host or for none: ``DB_HOSTNAME=%``."""
FILL_IN = "fill it in before hostshift reads it"


_OWN = frozenset(
    (
        *(
            "DISCOVERY",
            "EUREKA",
            "CONSUL",
            "NACOS",
            "ADMIN",
            "DUBBO",
            "XXL",
            "ENTRYPOINTS",
            "ENTRY",
        ),
        *("PUPPETEER", "SELENIUM", "BROWSERLESS", "GOTENBERG", "FOR", "INPUTS", "KESTREL", "LOCAL"),
        *("EXPORTERS", "RECEIVERS", "RECEIVER", "EXPORTER", "PROMETHEUS", "OPENFGA", "CASSANDRA"),
        *(
            "SCYLLA",
            "SCYLLADB",
            "SOLR",
            "SOURCE",
            "SOURCES",
            "SINKS",
            "SGLANG",
            "LLAMA",
            "LLAMACPP",
        ),
        *("LLM", "EMBEDDING", "EMBEDDINGS", "RERANK", "RERANKER", "TTS", "STT", "WHISPER"),
    )
)
"""Words of names that :mod:`.served` knows. Most processes have none, and do not load it."""


def place(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | Kept | None:
    """Return what a variable is, by its name and by the shape of its value; None for no address."""
    if not _OWN.isdisjoint(names.normal(name).split("_")):
        from hostshift.environment import served

        if how := served.reason(name, value, environ):
            return _ambiguous(name, value, how)
    client = names.client(name)
    if is_json_list(value):
        return _of_list(name, value, environ, client)
    if parts := labelled(value) or (_parts(value, client) if client else ()):
        return Variable(name=name, spans=parts, protocol=client.protocol if client else "")
    if value[:1] == ":" and value[1:].isdecimal() and not _is_dialled_by_port(client):
        return Kept(name=name, reason=IS_A_PORT, step=to_list("clients dial it", name))
    if value[:1] in ("/", "@") or are_sockets(value) or _is_no_host(value):
        return None
    if client is None or (not client.serves_web and value.startswith(("http://", "https://"))):
        return _of_no_client(name, value, environ)
    how = names.both(name)
    if how and not names_service(value):
        return _ambiguous(name, value, how)
    return _named(name, value, environ, client)


def _of_list(
    name: str, value: str, environ: Mapping[str, str], client: Client | None
) -> Variable | Kept | None:
    """Return a JSON list, unless the variable of their port contradicts an address in it."""
    found = json_list(name, value, lambda text: is_data(text) or _is_dialled(text, client))
    if found is None or client is None:
        return found
    for span in found.spans:
        text = value[slice(*span)]
        if kept := _contradicted(name, text, environ, client):
            return kept
    return found.replace(default_port=default_port(value, client))


def _parts(value: str, client: Client) -> tuple[tuple[int, int], ...]:
    """Return the positions of addresses in a form that clients of some services take."""
    if client.is_bare:
        return weighted(value)
    with_path = client.protocol == "oracle" or client.port == _ZOOKEEPER
    return weighted(value) or parted(value) or (rooted(value) if with_path else ())


_ZOOKEEPER = 2181


def _named(
    name: str, value: str, environ: Mapping[str, str], client: Client
) -> Variable | Pair | Kept | None:
    """Return what a variable is that clients of a service read."""
    is_address = has_address(value)
    if client.is_bare and is_address and not is_endpoint(value):
        return None  # the name and the tag of an image
    if is_template(value):
        return Kept(name=name, reason=IS_TEMPLATE, step=FILL_IN, recognised=True)
    if is_address:
        return _addressed(name, value, environ, client)
    if is_loopback(value) or (client.holds_hosts and are_hosts(value)):
        return None if client.is_bare else _pair(name, environ, client)
    if client.holds_hosts and not client.is_bare:
        reason = f"its value {redaction.shape(value)} is not a host"
        return Kept(name=name, reason=reason, step=CORRECT, recognised=True)
    if client.is_bare and not value.startswith(_LOCAL[:2]):
        return None  # the service's name may have any text
    if any(mark in value for mark in _LOCAL):
        return Kept(name=name, reason=IS_UNREADABLE, step=CORRECT, recognised=True)
    return None


def _ambiguous(name: str, value: str, how: str) -> Kept | None:
    """Return a variable that a server reads as well; None if its value is no address."""
    step = to_list("clients dial it here", name)
    is_one = has_address(value) or are_hosts(value) or value[:1] == ":"
    is_one = is_one or any(mark in value for mark in _LOCAL)
    return Kept(name=name, reason=how, step=step) if is_one else None


def _of_no_client(
    name: str, value: str, environ: Mapping[str, str]
) -> Variable | Pair | Kept | None:
    """Return a variable whose name has no word of a service; None if its value is no address."""
    if has_address(value) and is_template(value):
        return Kept(name=name, reason=IS_TEMPLATE, step=FILL_IN)
    found = _of_service(name, value, environ) or _of_pair(name, value, environ)
    if found or not has_address(value):
        return found
    from hostshift.environment import peers

    if peers.is_peer(name, value, environ) or peers.is_place(name, value, environ):
        return Variable(name=name)
    return _unknown(name)


def _is_dialled_by_port(client: Client | None) -> bool:
    """Return True if clients take a port alone for one of localhost: go-redis' ``:6379``.

    Programs in Go serve the protocols of the other set themselves, and bind a port so.
    """
    if client is None:
        return False
    return client.protocol in DATA_PROTOCOLS and client.protocol not in _EMBEDDED


def _is_no_host(value: str) -> bool:
    """Return True for a word, a count or a wildcard that stands in a host's place."""
    plain = value.strip(" \"'").lower()
    if plain in _WORDS or host_of(value).lower() in NO_HOSTS or _ANY.issuperset(plain):
        return True
    return plain.isdecimal() and not is_loopback(plain)


def _is_dialled(text: str, client: Client | None) -> bool:
    return client is not None and has_address(text)


def _of_service(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | None:
    """Return a variable with the name of a service, which no browser can look up.

    Such a name changes only where it means nothing, so what works as written stays.
    """
    if not names_service(value):
        return None
    if "://" in value:
        return None if names.is_seen(name) else Variable(name=name)
    if not names.is_address_name(name):
        return None
    if has_address(value):
        return Variable(name=name, protocol=_engine(name, environ))
    port = names.port_name(name)
    if not environ.get(port, "").isdecimal():
        return None
    return Pair(host=name, port=port, protocol=_engine(name, environ))


def _of_pair(name: str, value: str, environ: Mapping[str, str]) -> Pair | Kept | None:
    """Return a local host beside its port: of one of several servers, or of an unknown one."""
    port = names.port_name(name)
    is_host = port != name and names.normal(name).endswith(("_HOST", "_HOSTNAME"))
    if not is_host or not environ.get(port) or not is_loopback(value):
        return None
    client = names.of_one_of_several(name)
    how = names.both(name)
    if client is not None and not how and names.is_usual_port(client, environ[port]):
        from hostshift.environment import port_names

        return port_names.pair(name, environ, client)
    listing = f"{redaction.name(name)}:{redaction.name(port)}"
    step = f"if only clients dial it, list the pair: HOSTSHIFT_ENV={listing}"
    return Kept(name=name, reason=how or IS_UNKNOWN, step=step)


def _unknown(name: str) -> Kept:
    return Kept(name=name, reason=IS_UNKNOWN, step=to_list("only clients dial it", name))


_OWN_PORTS = frozenset((9200, 19530))
"""Ports that some clients of a service take for a URL of HTTP without one, where others take that
of HTTP: elasticsearch-py 7 and opensearch-py, pymilvus."""
_QDRANT = 6333
"""The port that qdrant-client takes for such a URL (qdrant_client/qdrant_remote.py)."""


def default_port(value: str, client: Client | None) -> int | None:
    """Return the port that the clients of a service take for a URL of HTTP without one.

    Args:
        value: the URL, or a list of them.
        client: the service, if its name shows one.

    Returns:
        Their port; 0 if they do not agree on one, as clickhouse-connect and others of ClickHouse;
        None if they take that of the scheme.

    """
    if client is None or not ("http://" in value or "https://" in value):
        return None
    if client.port == _QDRANT:
        return _QDRANT
    return 0 if client.port in _OWN_PORTS or client.protocol == "clickhouse" else None


def _contradicted(name: str, value: str, environ: Mapping[str, str], client: Client) -> Kept | None:
    """Return an address that stays because the variable of its port holds another one."""
    if not environ.get(names.port_name(name), "").strip().isdecimal():
        return None  # most have none, and load nothing more
    from hostshift.environment import port_names

    own, holds_hosts = default_port(value, client), client.holds_hosts
    return port_names.contradicted(name, value, environ, holds_hosts=holds_hosts, default_port=own)


def _pair(name: str, environ: Mapping[str, str], client: Client) -> Pair | Kept:
    from hostshift.environment import port_names

    found = port_names.pair(name, environ, client)
    return port_names.with_port(found, environ, client)


def _engine(name: str, environ: Mapping[str, str]) -> str:
    from hostshift.environment import port_names

    return port_names.engine(name, environ)


def _addressed(
    name: str, value: str, environ: Mapping[str, str], client: Client
) -> Variable | Kept:
    """Return a variable with a whole address, unless another one holds its port as well."""
    scheme, separator, _ = value.strip(" \"'").partition("://")
    if separator and schemes.find(scheme) is None and dsn.read(value).dialect in ("", "uri"):
        # A generic reader may take a key for a host. What is no scheme at all is some list.
        odd = not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum()
        reason = IS_UNREADABLE if odd else IS_OF_NO_SCHEME
        return Kept(name=name, reason=reason, step=CORRECT, recognised=odd)
    if kept := _contradicted(name, value, environ, client):
        return kept
    return Variable(
        name=name,
        protocol=client.protocol or _engine(name, environ),
        default_port=default_port(value, client),
    )
