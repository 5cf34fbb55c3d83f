"""The names of variables that hold a port or name a server, beside that of a host. Pure."""

from __future__ import annotations

from hostshift import dsn
from hostshift.base import redaction, server_names
from hostshift.base.addresses import is_loopback
from hostshift.environment import names
from hostshift.environment.model import Kept, Pair
from hostshift.environment.shapes import is_template, port_of
from hostshift.environment.values import DATA_PROTOCOLS, LAST_WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.environment.names import Client

_PORTS = ("PORT", "PORT_NUMBER", "PORTS")
"""What names of ports end with; Bitnami's images write the second."""
ENGINE_WORDS = ("CONNECTION", "ENGINE", "DRIVER", "DIALECT", "TYPE", "CLIENT", "ADAPTER")
"""``DB_CONNECTION=pgsql`` (Laravel), ``DB_ENGINE=django.db.backends.postgresql``, …"""


def pair(name: str, environ: Mapping[str, str], client: Client) -> Pair:
    """Return the host variable of a pair, with that of its port."""
    protocol = client.protocol or engine(name, environ)
    port = client.port if client.protocol else dsn.default_port(protocol)
    return Pair(host=name, port=names.port_name(name), protocol=protocol, default_port=port)


def contradicted(
    name: str,
    value: str,
    environ: Mapping[str, str],
    *,
    holds_hosts: bool,
    default_port: int | None = None,
) -> Kept | None:
    """Return a whole address that stays because the variable of its port holds another one.

    Args:
        name: the variable.
        value: its value.
        environ: the variables beside it.
        holds_hosts: by its name it may hold a host alone. Any other, such as a URL's, stays only
            if it has no port: then a client may take the one beside it, as Qdrant's does. Those
            of data services take the default of their URL's scheme.
        default_port: the port that its clients take for a URL without one, where that is their
            own; 0 if they do not agree on one.

    """
    port = names.port_name(name)
    other = environ.get(port, "").strip()
    if not other.isdecimal():
        return None
    reading = dsn.read(value, default_port=default_port or None)
    by_scheme = port_of(value) or "://" not in value or reading.protocol in DATA_PROTOCOLS
    if not holds_hosts and by_scheme:
        return None
    ports = {
        str(end.port if default_port == 0 else end.effective_port) for end in reading.endpoints
    }
    if not ports or not ports.isdisjoint((other.lstrip("0"), "None")):
        return None
    shown = redaction.name(port)
    reason = f"it is a whole address, and {shown} holds another port"
    step = f"write the port into it, or unset {shown}"
    return Kept(name=name, reason=reason, step=step, recognised=True)


def engine(name: str, environ: Mapping[str, str]) -> str:
    """Return a database's protocol, from a variable beside that of its host."""
    found = (server_names.protocol_of(value) for _, value in engines(name, environ))
    return next(filter(None, found), "")


def engines(name: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what names the server of a host beside it, each with the word of its variable."""
    prefix = name[: names.last_at(name)]
    before = prefix.rstrip("_.")
    if before.upper().endswith(("_CONNECTION", ".CONNECTION")):  # database__connection__host, Ghost
        prefix = before[: -len("CONNECTION")]
    for word in ENGINE_WORDS:
        yield word, environ.get(prefix + names.in_the_case_of(prefix, word.lower()), "")
    outer = before[: -len("MYSQL")]
    if before.upper().endswith("MYSQL"):  # in a file, the host of ``adapter: mysql2``
        for word in ENGINE_WORDS:
            yield word, environ.get(outer + word, "")


def beside(name: str, word: str, environ: Mapping[str, str]) -> str:
    """Return the value of the variable that has another last word."""
    last = name[names.last_at(name) :]
    other = name[: len(name) - len(last)] + names.in_the_case_of(last, word.lower())
    return environ.get(other, "").strip()


def with_port(found: Pair, environ: Mapping[str, str], client: Client) -> Pair | Kept:
    """Return a pair, unless a variable of another name may hold its port.

    libmysqlclient reads ``MYSQL_TCP_PORT``, ddtrace ``DD_TRACE_AGENT_PORT``, programs more.

    Args:
        found: the pair.
        environ: the variables beside it.
        client: the service, by the name of the host's variable.

    """
    if environ.get(found.port) or found.default_port is None:
        return found
    for name, value in environ.items():
        upper = name.upper()
        before = _before_port(upper) if "PORT" in upper else ""
        if not before or not (value.strip().isdecimal() or is_template(value)):
            continue
        is_kin = _is_kin(before, client)
        may_hold = is_kin or _is_general(name, before, found, environ)
        if may_hold and value.strip() != str(found.default_port):
            shown, host = redaction.name(name), redaction.name(found.host)
            step = f"list the pair: HOSTSHIFT_ENV={host}:{shown}"
            return Kept(
                name=found.host,
                reason=f"its port may be in {shown}",
                step=step,
                # A .env file for compose has ports that it publishes, beside names of services.
                recognised=is_kin or is_loopback(environ.get(found.host, "")),
            )
    return found


def _is_kin(before: str, client: Client) -> bool:
    """Return True if the variable of a port has another name of the same service."""
    kin = names.client(f"{before}HOST")
    if kin is None or kin.protocol != client.protocol:
        return False
    return kin.port == client.port or None in (kin.port, client.port)


_DATABASES = frozenset(("postgresql", "mysql", "mariadb", "mssql", "oracle", "mongodb"))
_QUEUES = frozenset(("amqp", "redis", "kafka", "nats", "mqtt", "beanstalk"))
_GENERAL = {
    **dict.fromkeys(("DB", "DATABASE", "SQL", "DATASOURCE"), _DATABASES),
    **dict.fromkeys(("BROKER", "QUEUE", "MQ"), _QUEUES),
    "CACHE": frozenset(("redis", "memcached")),
}
"""Words for a kind of service, with the protocols of those that they may stand for."""


def _is_general(name: str, before: str, found: Pair, environ: Mapping[str, str]) -> bool:
    """Return True for ``DB_PORT`` beside ``MYSQL_HOST``, and for the reverse.

    It is the port of a host that the environment has, if there is one for it: ``DB_HOST``.
    """
    words, hosts = names.normal(before).split("_"), names.normal(found.host).split("_")
    kin = names.client(f"{before}HOST")
    general, other = (words, hosts) if words[-1] in _GENERAL else (hosts[:-1], words)
    protocols = _GENERAL.get(general[-1] if general else "", frozenset())
    if found.protocol not in protocols or general[:-1] != other[: len(general) - 1]:
        return False
    if general is not words and (kin is None or kin.protocol != found.protocol):
        return False
    return not any(
        environ[host] and host != found.host and names.port_name(host) == name
        for host in environ
        if names.normal(host).rpartition("_")[2] in LAST_WORDS
    )


def _before_port(upper: str) -> str:
    """Return what a name has before its word for a port; empty if it has none."""
    end = next((end for end in _PORTS if upper.endswith(end)), "")
    return upper[: len(upper) - len(end)] if end else ""
