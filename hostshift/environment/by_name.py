"""Variables whose names show that clients dial what they hold. Pure."""

from __future__ import annotations

from hostshift import dsn
from hostshift.base.addresses import is_loopback
from hostshift.environment import names
from hostshift.environment.model import Kept, Pair, Variable
from hostshift.environment.shapes import (
    are_hosts,
    is_endpoint,
    is_template,
    json_list,
    labelled,
    names_service,
)
from hostshift.environment.values import has_address, host_of, is_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.environment.names import Client

IS_TEMPLATE = "it is a template, which something else has to fill in"
IS_UNKNOWN = "its name does not show that only clients dial it"
NO_HOST = "default"
"""Symfony writes it where the library of a mail provider knows the host (Mailer, Transport)."""
FILL_IN = "fill it in before hostshift reads it"

ENGINE_WORDS = ("CONNECTION", "ENGINE", "DRIVER", "DIALECT", "TYPE", "CLIENT", "ADAPTER")
"""``DB_CONNECTION=pgsql`` (Laravel), ``DB_ENGINE=django.db.backends.postgresql``, …"""
ENGINES = {
    "postgres": "postgresql",
    "pg": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongo": "mongodb",
    "mssql": "mssql",
    "redis": "redis",
}
"""Parts of the values of such variables, with the protocol."""


def place(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | Kept | None:
    """Return what a variable is, by its name and by the shape of its value; None for no address."""
    client = names.client(name)
    if value.lstrip()[:1] == "[":
        return json_list(name, value, lambda text: is_data(text) or _is_dialled(text, client))
    if labels := labelled(value):
        return Variable(name=name, spans=labels)
    if value[:1] in ("/", "@") or host_of(value) == NO_HOST:
        return None
    if client is None:
        return _of_service(name, value, environ) or (_unknown(name) if has_address(value) else None)
    how = names.both(name)
    if how and not names_service(value):
        return _ambiguous(name, value, how)
    return _named(name, value, environ, client)


def _named(
    name: str, value: str, environ: Mapping[str, str], client: Client
) -> Variable | Pair | Kept | None:
    """Return what a variable is that clients of a service read."""
    if client.is_bare and not (has_address(value) and is_endpoint(value)):
        return None
    if is_template(value):
        return Kept(name=name, reason=IS_TEMPLATE, step=FILL_IN, recognised=True)
    if has_address(value):
        return _addressed(name, value, environ, client)
    if client.holds_hosts or is_loopback(value):
        return pair(name, environ, client)
    return None


def _ambiguous(name: str, value: str, how: str) -> Kept | None:
    """Return a variable that a server reads as well; None if its value is no address."""
    step = f"if clients dial it here, list it: HOSTSHIFT_ENV={name}"
    is_one = has_address(value) or are_hosts(value)
    return Kept(name=name, reason=how, step=step) if is_one else None


def _is_dialled(text: str, client: Client | None) -> bool:
    return client is not None and has_address(text)


def _of_service(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | None:
    """Return a variable with the name of a service, which no browser can look up.

    Such a name changes only where it means nothing, so what works as written stays.
    """
    if not names_service(value):
        return None
    if "://" in value:
        return Variable(name=name)
    if not names.is_address_name(name):
        return None
    if has_address(value):
        return Variable(name=name, protocol=engine(name, environ))
    port = port_name(name)
    if not environ.get(port, "").isdecimal():
        return None
    return Pair(host=name, port=port, protocol=engine(name, environ))


def _unknown(name: str) -> Kept:
    step = f"if only clients dial it, list it: HOSTSHIFT_ENV={name}"
    return Kept(name=name, reason=IS_UNKNOWN, step=step)


def _addressed(
    name: str, value: str, environ: Mapping[str, str], client: Client
) -> Variable | Kept:
    """Return a variable with a whole address, unless another one holds its port as well."""
    if client.holds_hosts and "://" not in value:
        port = pair(name, environ, client).port
        other = environ.get(port, "")
        if other and other != value.strip(" \"'").rpartition(":")[2]:
            reason = f"it holds a port, and {port} holds another"
            return Kept(name=name, reason=reason, step=f"unset {port}", recognised=True)
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


def engine(name: str, environ: Mapping[str, str]) -> str:
    """Return a database's protocol, from a variable beside that of its host."""
    prefix = name[: _last_at(name)]
    before = prefix.rstrip("_.")
    if before.upper().endswith(("_CONNECTION", ".CONNECTION")):  # database__connection__host, Ghost
        prefix = before[: -len("CONNECTION")]
    for word in ENGINE_WORDS:
        found = environ.get(prefix + _in_the_case_of(prefix, word.lower()), "").lower()
        for part, protocol in ENGINES.items():
            if part in found:
                return protocol
    return ""


def _last_at(name: str) -> int:
    """Return where the last word of a name begins."""
    return max(name.rfind("_"), name.rfind("."), name.rfind(":")) + 1


def _in_the_case_of(pattern: str, word: str) -> str:
    """Write a word in the case of another one: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()
