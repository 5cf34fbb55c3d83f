"""Choose the grammar that reads a text: the consumer's if the caller names it, else all plausible.

If nobody names the consumer, every plausible grammar has to see the same endpoints in
the string, or hostshift leaves it alone.
"""

from __future__ import annotations

from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.record import Record
from hostshift.dsn import authority, schemes
from hostshift.dsn.dialects import DIALECTS
from hostshift.dsn.model import MOST_ADDRESSES, TOO_MANY, Reading, Scheme, Unreadable, is_plain
from hostshift.errors import UnknownDialectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str, Scheme], Reading]

_loaded: dict[str, Read] = {}

_UNKNOWN = Scheme(protocol="", port=None, dialects=("uri",))


def reader(dialect: str) -> Read:
    """Return a dialect's function; load its module at first use."""
    function = _loaded.get(dialect)
    if function is None:
        module = __import__(f"hostshift.dsn.dialects.{dialect}", fromlist=("read",))
        function = _loaded[dialect] = module.read
    return function


def read(
    text: str,
    dialect: str | None = None,
    *,
    protocol: str = "",
    default_port: int | None = None,
    ours: bool = False,
) -> Reading:
    """Find the endpoints of a connection string. No text makes it raise.

    It does not read a text of more than :data:`.model.MOST_CHARACTERS` characters or
    :data:`.model.MOST_ADDRESSES` addresses. The reading then has no endpoints, and its trouble is
    the reason. Time is linear in the text.

    Args:
        text: the connection string.
        dialect: the grammar of the text's consumer. Without it the scheme decides, and
            if its plausible readers disagree the reading has no endpoints.
        protocol: the protocol, for a text whose scheme does not determine it.
        default_port: the consumer's port for a text without one, where it is not the scheme's.
        ours: hostshift wrote the hosts in it, so none of them can be a part of a password.

    Raises:
        UnknownDialectError: hostshift has no dialect of that name.

    """
    if dialect is not None and dialect not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        from hostshift.base.redaction import shape

        masked = shape(dialect) if isinstance(dialect, str) else type(dialect).__name__
        raise UnknownDialectError(f"dialect={masked}: unknown; the dialects are {known}")
    if not is_plain(text):
        from hostshift.dsn import unfit

        if trouble := unfit.too_much(text):
            return Reading(dialect="", trouble=trouble)
    consumer = _Consumer(dialect=dialect, protocol=protocol, default_port=default_port, ours=ours)
    if not text or (text[0] not in _AROUND and text[-1] not in _AROUND):
        return _read(text, consumer)
    from hostshift.dsn import wrapping

    start, end = wrapping.inside(text)
    reading = _read(text[start:end], consumer)
    return reading if end - start == len(text) else wrapping.wrapped(text, start, reading)


_AROUND = " \t\r\n'\""
"""What may stand around a text: see :mod:`hostshift.dsn.wrapping`."""


class _Consumer(Record):
    """What the caller knows of the text's consumer."""

    dialect: str | None
    protocol: str
    default_port: int | None
    ours: bool


def _read(text: str, consumer: _Consumer) -> Reading:
    """Read a text without its wrapping."""
    if not is_plain(text):
        from hostshift.dsn import unfit

        if trouble := unfit.no_string(text):
            return Reading(dialect="", trouble=trouble)
    scheme = _scheme(text)
    if scheme.dialects == ("none",) and not _may_go_on(text, consumer):
        return _without_further(text, reader("none")(text, scheme))
    if consumer.protocol or consumer.default_port is not None:
        scheme = scheme.replace(
            protocol=scheme.protocol or consumer.protocol,
            port=scheme.port if consumer.default_port is None else consumer.default_port,
        )
    several = consumer.dialect in (None, "uris") and text.find("://") != text.rfind("://")
    if several and not _splits(text, scheme):
        listed = _listed(text, consumer)
        if listed is not None:
            return _with_all_addresses(text, listed)
    names = (consumer.dialect,) if consumer.dialect else scheme.dialects
    reading = _with_all_addresses(text, _with_ports(text, consumer, _agreed(text, scheme, names)))
    if consumer.dialect and consumer.dialect not in scheme.dialects and scheme.dialects:
        own = _read(text, consumer.replace(dialect=None))
        reading = _with_secrets_of(text, own, reading, hosts=scheme.dialects == ("hostport",))
    if not consumer.ours:
        reading = _without_doubt(text, _without_split(text, reading))
    return _without_further(text, _with_token(text, reading))


def _may_go_on(text: str, consumer: _Consumer) -> bool:
    """Return True if other URLs may stand behind one without an address, as in a list."""
    if consumer.dialect == "amqp":
        return ";" in text
    return consumer.dialect in (None, "uris") and text.find("://") != text.rfind("://")


def _splits(text: str, scheme: Scheme) -> bool:
    """Return True if a scheme's dialect splits lists of URLs itself; kombu's at ``;`` only."""
    first = scheme.dialects[0] if scheme.dialects else ""
    return first in ("jdbc", "kafka", "memcached", "nats", "uris") or (
        first == "amqp" and ";" in text
    )


def _with_token(text: str, reading: Reading) -> Reading:
    """Return a reading that hides a user who is the password and looks random (Postmark's SMTP).

    Users of databases mostly are names, also where the password is the same.
    """
    start, end = authority.user_twice(text)
    if start == end:
        return reading
    from hostshift.dsn import token_users

    if not token_users.is_random(text[start:end].partition(":")[0]):
        return reading
    return reading.replace(secrets=(*reading.secrets, (start, end)))


def _listed(text: str, consumer: _Consumer) -> Reading | None:
    """Read a list of URLs; if one of them cannot be read, none is. None for any other text."""
    from hostshift.dsn import url_lists

    inner, sure = consumer.replace(dialect=None), consumer.dialect == "uris"
    return url_lists.read(text, lambda piece: _read(piece, inner), sure=sure)


def _scheme(text: str) -> Scheme:
    """Return what the beginning of a text shows, or else its shape."""
    name, separator, _ = text.partition("://")
    known = schemes.find(name) if separator else None
    # Also with an underscore, as in SQLAlchemy's names of drivers. Java's say more behind it.
    of_go = "@tcp(" in text or "://tcp(" in text
    if known is not None and not (known.protocol == "mysql" and of_go):
        return known
    from hostshift.dsn import shapes

    return shapes.find(text, name if separator else "") or _UNKNOWN


_TAKING_BACKSLASHES = frozenset(
    ("adonet", "jdbc", "libpq", "odbc", "pdo", "sqlserver", "stackexchange")
)
"""Dialects in which a backslash means one thing, so that they decide on it themselves."""
_BACKSLASH = "the text holds a backslash, which clients read differently"


def _agreed(text: str, scheme: Scheme, names: tuple[str, ...]) -> Reading:
    """Read with every grammar that may be the consumer's; they have to agree.

    A grammar that refuses the text does not count, because its consumer refuses it
    as well, whatever address hostshift writes there.
    """
    readings: list[Reading] = []
    trouble = "this is no connection string: neither scheme://… nor host:port"
    for name in names:
        if "\\" in text and name not in _TAKING_BACKSLASHES:
            return Reading(dialect="", trouble=_reason(text, names, _BACKSLASH))
        has_lines = not text.isprintable() and any(mark in text for mark in "\t\r\n")
        if has_lines and name not in ("oracle", "libpq"):
            return Reading(dialect="", trouble="the text holds control characters")
        try:
            readings.append(reader(name)(text, scheme))
        except (OSError, MemoryError, ImportError) as error:
            reraise_interrupt(error)
            return Reading(dialect="", trouble=_not_loaded(error), passing=True)
        except Unreadable as error:
            if not error.refused:
                return Reading(dialect="", trouble=_reason(text, names, error.reason))
            trouble = error.reason
    if not readings:
        return Reading(dialect="", trouble=_reason(text, names, trouble))
    first = readings[0]
    if len(first.endpoints) > MOST_ADDRESSES:
        return Reading(dialect="", trouble=TOO_MANY)
    differing = [other.dialect for other in readings if _places(other) != _places(first)]
    if differing:
        parties = " and ".join((first.dialect, *differing))
        return Reading(
            dialect="", trouble=_reason(text, names, f"{parties} see different hosts in it")
        )
    secrets = tuple(span for reading in readings for span in reading.secrets)
    voters = tuple(reading.dialect for reading in readings)
    return first.replace(secrets=secrets, voters=voters)


def _reason(text: str, names: tuple[str, ...], otherwise: str) -> str:
    """Return why a text cannot be read, with the raw character in a password that may be why."""
    from hostshift.dsn import unclear_passwords

    return unclear_passwords.reason(text, names, otherwise)


def _with_ports(text: str, consumer: _Consumer, reading: Reading) -> Reading:
    """Return a reading, without default ports that its possible consumers do not share."""
    sure = consumer.dialect not in (None, "uri", "uris") or consumer.default_port is not None
    sure = sure or (consumer.protocol == "postgresql" and "://" not in text)
    if sure or all(endpoint.port is not None for endpoint in reading.endpoints):
        return reading
    from hostshift.dsn import default_ports

    differ = default_ports.differ(text, reading)
    return default_ports.unknown(text, reading) if differ else reading


def _with_secrets_of(text: str, own: Reading, reading: Reading, *, hosts: bool) -> Reading:
    """Return a reading with the secrets that the text's own grammar sees in it, too.

    The caller may have named the wrong dialect, which then takes a password for something else.
    Most texts without a scheme are hosts to their own grammar, which knows only what has a port.
    """
    start = text.find("://") + 3 if "://" in text else 0
    end = len(text)
    if hosts and (reading.dialect not in _PAIRS or not own.trouble):
        return reading.replace(secrets=(*reading.secrets, *own.secrets))
    if hosts:
        end = text.rfind("@") + 1
    hidden = ((start, end),) if own.trouble else own.secrets
    return reading.replace(secrets=(*reading.secrets, *hidden))


_PAIRS = frozenset(("adonet", "azure", "libpq", "odbc", "pdo"))
"""Dialects of keywords and values, to which a user before a host is a part of a keyword."""


def _without_split(text: str, reading: Reading) -> Reading:
    """Return a reading, without its endpoints if a raw ``;`` or ``&`` may have split a password."""
    if not any(text[end : end + 1] in (";", "&") for _, end in reading.secrets if end):
        return reading
    from hostshift.dsn import split_secrets, unclear_passwords

    mark = split_secrets.mark(text, reading) if reading.endpoints else ""
    return Reading(dialect="", trouble=unclear_passwords.split(mark, reading)) if mark else reading


_WITH_PARAMETERS = frozenset(
    (
        *("amqp", "clickhouse", "jdbc", "kafka", "memcached", "nats", "oracle", "redis"),
        *("hostport", "sqlalchemy", "sqlserver", "uri", "uris"),
    )
)
"""Dialects whose consumers may know parameters that hostshift does not. To others an unknown one
is an error, or a variable of the server; their grammars know those that hold an address."""
_NO_PORT = "a host of the list has no port, and which one its client takes is not known"


def _without_further(text: str, reading: Reading) -> Reading:
    """Return a reading, without its endpoints if a list seems to go on behind a path."""
    if "://" not in text or not any(mark in text for mark in ",; "):
        return reading
    from hostshift.dsn import second_addresses

    if not second_addresses.is_in_path(text, reading):
        return reading
    names = reading.voters or (reading.dialect,)
    return Reading(dialect="", trouble=_reason(text, names, second_addresses.IN_PATH))


def _with_all_addresses(text: str, reading: Reading) -> Reading:
    """Return a reading, without its endpoints if an address would stay when the others move."""
    ports = {endpoint.effective_port for endpoint in reading.endpoints}
    if len(ports) > 1 and None in ports:
        return Reading(dialect="", trouble=_NO_PORT)
    if not ports or reading.dialect not in _WITH_PARAMETERS or not ("=" in text or ";" in text):
        return reading
    from hostshift.dsn import second_addresses

    if second_addresses.is_in(text, reading):
        return Reading(dialect="", trouble=second_addresses.REASON)
    return reading


def _without_doubt(text: str, reading: Reading) -> Reading:
    """Return a reading, without its endpoints if a host may be a part of a password."""
    last = text.rfind("@")
    if last >= 0 and not reading.endpoints and not reading.trouble:
        from hostshift.dsn import unclear_passwords

        return unclear_passwords.without_hosts(text, reading)
    if all(endpoint.host_at.start > last for endpoint in reading.endpoints):
        return reading
    from hostshift.dsn import misread_passwords

    if misread_passwords.is_in(text, reading):
        return Reading(dialect="", trouble=misread_passwords.reason(text))
    return reading


def _not_loaded(error: Exception) -> str:
    """Return why a grammar could not be loaded: for example, no descriptor is free.

    Raises:
        Exception: the error itself, if a signal handler raised it.

    """
    if isinstance(error, OSError) and error.errno is None:
        raise error
    why = getattr(error, "strerror", None) or type(error).__name__
    return f"hostshift could not load the grammar for it ({why})"


def _places(reading: Reading) -> list[tuple[object, ...]]:
    """Return what readings have to agree on: hosts and ports, and where they stand.

    How to write them does not count, because each reading may have a function of its own.
    """
    return [
        (
            *(endpoint.host, endpoint.port, endpoint.host_at.start, endpoint.host_at.end),
            *(endpoint.port_at.start, endpoint.port_at.end, endpoint.port_at.shared),
        )
        for endpoint in reading.endpoints
    ]
