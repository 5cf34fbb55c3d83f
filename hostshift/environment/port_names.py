"""The variable that holds the port of a host, and what it means beside a whole address. Pure."""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.environment.model import Kept
from hostshift.environment.shapes import port_of
from hostshift.environment.values import DATA_PROTOCOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def port_name(name: str) -> str:
    """Return the variable that holds the port of a host: ``PGHOST``, ``DB_HOST``, ``db.host``."""
    last = name[last_at(name) :]
    glued = last[: -len("host")] if last.lower().endswith("host") else ""
    return name[: len(name) - len(last)] + glued + in_the_case_of(last, "port")


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
    other = environ.get(port, "")
    if not other or other == port_of(value) or (not holds_hosts and not _is_of(other, value)):
        return None
    shown = redaction.name(port)
    reason = f"it is a whole address, and {shown} holds another port"
    step = f"write the port into it, or unset {shown}"
    return Kept(name=name, reason=reason, step=step, recognised=True)


def _is_of(other: str, value: str) -> bool:
    """Return True if a client may take a port for a URL that has none and means another one."""
    from hostshift import dsn

    if not other.strip().isdecimal() or "://" not in value or port_of(value):
        return False
    reading = dsn.read(value)
    if reading.protocol in DATA_PROTOCOLS:
        return False
    return any(str(end.effective_port) != other.strip() for end in reading.endpoints)


def last_at(name: str) -> int:
    """Return where the last word of a name begins."""
    return max(name.rfind("_"), name.rfind("."), name.rfind(":")) + 1


def in_the_case_of(pattern: str, word: str) -> str:
    """Write a word in the case of another one: ``PORT``, ``port``, ``Port``."""
    if pattern.islower():
        return word
    return word.upper() if pattern.isupper() else word.title()
