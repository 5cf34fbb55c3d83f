"""Variables whose names show that clients dial what they hold. Pure."""

from __future__ import annotations

from hostshift import dsn
from hostshift.base import redaction, server_names
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
    port_of,
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
FILL_IN = "fill it in before hostshift reads it"

_PORTS = ("PORT", "PORT_NUMBER", "PORTS")
"""What names of ports end with; Bitnami's images write the second."""
ENGINE_WORDS = ("CONNECTION", "ENGINE", "DRIVER", "DIALECT", "TYPE", "CLIENT", "ADAPTER")
"""``DB_CONNECTION=pgsql`` (Laravel), ``DB_ENGINE=django.db.backends.postgresql``, …"""


def place(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | Kept | None:
    """Return what a variable is, by its name and by the shape of its value; None for no address."""
    client = names.client(name)
    if is_json_list(value):
        return json_list(name, value, lambda text: is_data(text) or _is_dialled(text, client))
    if parts := labelled(value) or (_parts(value, client) if client else ()):
        return Variable(name=name, spans=parts, protocol=client.protocol if client else "")
    if value[:1] == ":" and value[1:].isdecimal() and not _is_of_data(client):
        return Kept(name=name, reason=IS_A_PORT, step=to_list("clients dial it", name))
    if value[:1] in ("/", "@") or are_sockets(value) or host_of(value).lower() in NO_HOSTS:
        return None
    if client is None or (not client.serves_web and value.startswith(("http://", "https://"))):
        return _of_no_client(name, value, environ)
    how = names.both(name)
    if how and not names_service(value):
        return _ambiguous(name, value, how)
    return _named(name, value, environ, client)


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
        return None if client.is_bare else _with_port(pair(name, environ, client), environ, client)
    if client.holds_hosts and not client.is_bare:
        reason = f"its value {redaction.shape(value)} is not a host"
        return Kept(name=name, reason=reason, step=CORRECT, recognised=True)
    if client.is_bare and not value.startswith(_LOCAL[:2]):
        return None  # the service's name may have any text
    if any(mark in value for mark in _LOCAL):
        return Kept(name=name, reason=IS_UNREADABLE, step=CORRECT, recognised=True)
    return None


def _with_port(found: Pair, environ: Mapping[str, str], client: Client) -> Pair | Kept:
    """Return a pair, unless a variable of another name may hold its port.

    libmysqlclient reads ``MYSQL_TCP_PORT``, ddtrace ``DD_TRACE_AGENT_PORT``, programs more.
    """
    if environ.get(found.port) or found.default_port is None:
        return found
    for name, value in environ.items():
        before = _before_port(name.upper())
        if not before or not (value.strip().isdecimal() or is_template(value)):
            continue
        kin = names.client(f"{before}HOST")
        same = kin is not None and (kin.protocol, kin.port) == (client.protocol, client.port)
        if same and value.strip() != str(found.default_port):
            shown, host = redaction.name(name), redaction.name(found.host)
            step = f"list the pair: HOSTSHIFT_ENV={host}:{shown}"
            return Kept(
                name=found.host,
                reason=f"its port may be in {shown}",
                step=step,
                recognised=True,
            )
    return found


def _before_port(upper: str) -> str:
    """Return what a name has before its word for a port; empty if it has none."""
    end = next((end for end in _PORTS if upper.endswith(end)), "")
    return upper[: len(upper) - len(end)] if end else ""


def _ambiguous(name: str, value: str, how: str) -> Kept | None:
    """Return a variable that a server reads as well; None if its value is no address."""
    step = to_list("clients dial it here", name)
    is_one = has_address(value) or are_hosts(value)
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


def _is_of_data(client: Client | None) -> bool:
    return client is not None and client.protocol in DATA_PROTOCOLS


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
        return Variable(name=name, protocol=engine(name, environ))
    port = port_name(name)
    if not environ.get(port, "").isdecimal():
        return None
    return Pair(host=name, port=port, protocol=engine(name, environ))


def _of_pair(name: str, value: str, environ: Mapping[str, str]) -> Pair | Kept | None:
    """Return a local host beside its port: of one of several servers, or of an unknown one."""
    port = port_name(name)
    is_host = port != name and names.normal(name).endswith(("_HOST", "_HOSTNAME"))
    if not is_host or not environ.get(port) or not is_loopback(value):
        return None
    client = names.of_one_of_several(name)
    how = names.both(name)
    if client is not None and not how and names.is_usual_port(client, environ[port]):
        return pair(name, environ, client)
    listing = f"{redaction.name(name)}:{redaction.name(port)}"
    step = f"if only clients dial it, list the pair: HOSTSHIFT_ENV={listing}"
    return Kept(name=name, reason=how or IS_UNKNOWN, step=step)


def _unknown(name: str) -> Kept:
    return Kept(name=name, reason=IS_UNKNOWN, step=to_list("only clients dial it", name))


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
    if kept := contradicted(name, value, environ, holds_hosts=client.holds_hosts):
        return kept
    return Variable(name=name, protocol=client.protocol or engine(name, environ))


def pair(name: str, environ: Mapping[str, str], client: Client) -> Pair:
    """Return the host variable of a pair, with that of its port."""
    protocol = client.protocol or engine(name, environ)
    port = client.port if client.protocol else dsn.default_port(protocol)
    return Pair(host=name, port=port_name(name), protocol=protocol, default_port=port)


def port_name(name: str) -> str:
    """Return the variable that holds the port of a host: ``PGHOST``, ``DB_HOST``, ``db.host``."""
    last = name[_last_at(name) :]
    glued = last[: -len("host")] if last.lower().endswith("host") else ""
    return name[: len(name) - len(last)] + glued + _in_the_case_of(last, "port")


def contradicted(
    name: str, value: str, environ: Mapping[str, str], *, holds_hosts: bool
) -> Kept | None:
    """Return a whole address that stays because the variable of its port holds another one.

    Args:
        name: the variable.
        value: its value.
        environ: the variables beside it.
        holds_hosts: by its name it may hold a host alone. Any other, such as a URL's, stays only
            if it has no port: then a client may take the one beside it, as Qdrant's does. Those
            of data services take the default of their URL's scheme.

    """
    port = port_name(name)
    other = environ.get(port, "").strip()
    if not other.isdecimal():
        return None
    reading = dsn.read(value)
    by_scheme = port_of(value) or "://" not in value or reading.protocol in DATA_PROTOCOLS
    if not holds_hosts and by_scheme:
        return None
    ports = {str(endpoint.effective_port) for endpoint in reading.endpoints}
    if not ports or not ports.isdisjoint((other.lstrip("0"), "None")):
        return None
    shown = redaction.name(port)
    reason = f"it is a whole address, and {shown} holds another port"
    step = f"write the port into it, or unset {shown}"
    return Kept(name=name, reason=reason, step=step, recognised=True)


def engine(name: str, environ: Mapping[str, str]) -> str:
    """Return a database's protocol, from a variable beside that of its host."""
    prefix = name[: _last_at(name)]
    before = prefix.rstrip("_.")
    if before.upper().endswith(("_CONNECTION", ".CONNECTION")):  # database__connection__host, Ghost
        prefix = before[: -len("CONNECTION")]
    for word in ENGINE_WORDS:
        found = server_names.protocol_of(
            environ.get(prefix + _in_the_case_of(prefix, word.lower()), "")
        )
        if found:
            return found
    return ""


def _last_at(name: str) -> int:
    """Return where the last word of a name begins."""
    return max(name.rfind("_"), name.rfind("."), name.rfind(":")) + 1


def _in_the_case_of(pattern: str, word: str) -> str:
    """Write a word in the case of another one: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()
