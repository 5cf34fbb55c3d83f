"""What HOSTSHIFT_ENV lists: names, patterns, pairs, protocols and exclusions. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hostshift import dsn
from hostshift.base import redaction
from hostshift.base.log import info
from hostshift.base.record import Record
from hostshift.environment import by_name, credentials, names, port_names
from hostshift.environment.model import Kept, Pair, Variable
from hostshift.environment.shapes import (
    are_hosts,
    is_json_list,
    is_template,
    json_list,
    may_be_address,
    port_of,
)
from hostshift.environment.values import has_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.config.policy import Policy

IS_EXCLUDED = "HOSTSHIFT_ENV excludes it"


class Entry(Record):
    """One entry of the list."""

    pattern: str
    port: str = ""
    """The variable that holds the port, in ``HOST:PORT``."""
    protocol: str = ""
    """The server's protocol, in ``NAME=protocol``."""
    excludes: bool = False

    @property
    def is_pattern(self) -> bool:
        """Return True if the entry may name several variables."""
        return not {"*", "?", "["}.isdisjoint(self.pattern)

    def matches(self, name: str) -> bool:
        """Return True if the entry names a variable."""
        return fnmatchcase(name, self.pattern) if self.is_pattern else name == self.pattern


def parsed(text: str) -> Entry:
    """Read one entry: ``NAME``, ``PATTERN*``, ``HOST:PORT``, ``NAME=protocol``, ``-NAME``."""
    if text.startswith("-"):
        return Entry(pattern=text[1:], excludes=True)
    written, _, protocol = text.partition("=")
    host, _, port = written.partition(":")
    return Entry(pattern=host, port=port, protocol=protocol)


def entry(name: str, listed: Sequence[str]) -> Entry | None:
    """Return the entry that names a variable: an exclusion first, then a name, then a pattern."""
    fitting = [each for each in map(parsed, listed) if each.matches(name)]
    fitting.sort(key=lambda each: (not each.excludes, each.is_pattern))
    return fitting[0] if fitting else None


def place(
    name: str, value: str, environ: Mapping[str, str], listed: Sequence[str]
) -> Variable | Pair | Kept | None:
    """Return what HOSTSHIFT_ENV makes of a variable, None if it does not list it."""
    found = entry(name, listed)
    if found is None:
        return None
    if found.excludes:
        return Kept(name=name, reason=IS_EXCLUDED)
    if found.is_pattern and (not may_be_address(value) or credentials.is_credential(name, value)):
        return None
    if is_template(value):
        return Kept(name=name, reason=by_name.IS_TEMPLATE, step=by_name.FILL_IN, recognised=True)
    other = environ.get(found.port, "") if found.port else ""
    if other and has_address(value) and other != port_of(value):
        reason = f"it is a whole address, and {redaction.name(found.port)} holds another port"
        return Kept(name=name, reason=reason, step="list one of them alone", recognised=True)
    return _pair(name, value, environ, found) or _variable(name, value, found)


def _pair(name: str, value: str, environ: Mapping[str, str], found: Entry) -> Pair | None:
    """Return the pair of a listed host without a port; None for any other value."""
    if "://" in value or has_address(value):
        return None
    client = names.client(name)
    known = port_names.pair(name, environ, client) if client and client.holds_hosts else None
    if known is None and not found.port and not (found.protocol and are_hosts(value)):
        return None
    protocol = found.protocol or (known.protocol if known else port_names.engine(name, environ))
    port = dsn.default_port(protocol) if found.protocol or known is None else known.default_port
    names_port = found.port or names.port_name(name)
    return Pair(host=name, port=names_port, protocol=protocol, listed=True, default_port=port)


def _variable(name: str, value: str, found: Entry) -> Variable | None:
    """Return a listed variable that holds whole addresses; None for a JSON list without texts."""
    client = names.client(name)
    protocol = found.protocol or (client.protocol if client else "")
    whole: Variable | None = Variable(name=name, listed=True)
    if value.lstrip()[:1] == "[" and is_json_list(value):
        whole = json_list(name, value, bool, listed=True)
    port = None if found.protocol else by_name.default_port(value, client)
    return whole and whole.replace(protocol=protocol, default_port=port)


def unmatched(environ: Mapping[str, str], policy: Policy) -> list[str]:
    """Return a line for each entry that names no variable: else nobody would see a typing error.

    Args:
        environ: names and values.
        policy: the settings with the list.

    """
    return [
        f"HOSTSHIFT_ENV: {redaction.printable(text)} names no variable of the environment"
        for text in policy.env
        if policy.mode != "off" and not any(map(parsed(text).matches, environ))
    ]


def tell_unmatched(environ: Mapping[str, str], policy: Policy) -> None:
    """Log the entries that name no variable."""
    for line in unmatched(environ, policy):
        info("%s", line)
