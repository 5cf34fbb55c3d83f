"""Shared by the URI dialects: the part between ``://`` and the path.

Each dialect finds where the user information and the authority end, for they differ
there. The functions here then read the hosts and find the secrets.
"""

from __future__ import annotations

from hostshift.dsn.host_port import (
    as_is,
    host_port,
    is_address,
    is_socket,
    no_ipv6,
    port_number,
)
from hostshift.dsn.masking import is_secret, parameters, secret_parameters
from hostshift.dsn.model import Endpoint, Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostshift.dsn.model import Scheme


def start_of(text: str) -> int:
    """Return the offset behind the first ``://``.

    Raises:
        Unreadable: the text has none.

    """
    at = text.find("://")
    if at < 0:
        raise Unreadable("the text has no ://", refused=True)
    return at + 3


def first_of(text: str, marks: str, start: int) -> int:
    """Return the offset of the first of these characters from an offset on, or the text's end."""
    end = len(text)
    for mark in marks:
        at = text.find(mark, start, end)
        if at >= 0:
            end = at
    return end


def reading(
    dialect: str,
    text: str,
    scheme: Scheme,
    at: int,
    end: int,
    *,
    several: bool = False,
    decode: Callable[[str], str] | None = None,
) -> Reading:
    """Read the hosts behind the user information, and find the secrets of the whole text.

    Args:
        dialect: the name for the reading.
        text: the connection string.
        scheme: what hostshift knows of its scheme.
        at: the offset of the ``@`` that ends the user information, -1 without one.
        end: the offset where the authority ends.
        several: whether commas separate several hosts.
        decode: undoes the escapes that the consumer undoes in hosts; the default
            refuses a host with escapes.

    Raises:
        Unreadable: the place of the hosts is not clear, or no reader takes them.

    """
    start = start_of(text)
    refuse_users(text, start, at, end)
    refuse_another_url(text, end)
    found = endpoints(text, at + 1 if at >= 0 else start, end, scheme.port, several, decode)
    return Reading(
        dialect=dialect,
        protocol=scheme.protocol,
        endpoints=tuple(found if not _has_bracket(text, start, at) else map(_nameable, found)),
        secrets=(credentials(text, start, at, end), *secret_parameters(text, end)),
    )


def refuse_users(text: str, start: int, at: int, end: int) -> None:
    """Refuse user information that holds a whole host, or brackets beside those of an address.

    ``u:p@a,u:p@b`` has two hosts for some readers, and for urllib one with a long password.
    urllib counts brackets in all of the authority (``urlsplit``, "Invalid IPv6 URL"): it takes
    ``:a]b@[::1]``, and refuses it once a name has taken the place of the address.

    Raises:
        Unreadable: the text has such user information.

    """
    first = text.find("@", start, max(at, start))
    mark = first_of(text, ",;", first) if first >= 0 else at
    if mark < at and is_address(text[text.rfind("@", first, mark) + 1 : mark]):
        raise Unreadable("a user may stand at each of several hosts, or the password holds an @")
    if _has_bracket(text, start, at) and text.find("[", at, end) >= 0:
        raise Unreadable("brackets stand before the @, and those of the address may end them")


def _has_bracket(text: str, start: int, at: int) -> bool:
    """Return True if the user information holds a bracket."""
    return text.find("[", start, max(at, start)) >= 0 or text.find("]", start, max(at, start)) >= 0


_NAME_ONLY = no_ipv6("an IPv6 address would stand in brackets, and the user information has one")


def _nameable(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose host cannot become an IPv6 address."""
    return endpoint.replace(host_at=endpoint.host_at.replace(write=_NAME_ONLY))


def refuse_later_brackets(text: str, start: int, end: int) -> None:
    """Refuse brackets that urllib takes for those of the only host: it takes no port before them.

    So it takes ``a:1,[::1]:2`` for ``[::1]:2`` and ``[::1],a:2`` for ``[::1]:2`` as well, and
    refuses the port once a name stands there (``_NetlocResultMixinStr._hostinfo``).

    Raises:
        Unreadable: a later host of the list stands in brackets, or the first without a port.

    """
    if text.find("[", text.find(",", start, end), end) >= 0:
        raise Unreadable("a later host of the list stands in brackets, and to urllib it is alone")
    if text.find("],", start, end) >= 0:
        raise Unreadable("a host in brackets has no port in a list, and to urllib it is alone")


def refuse_user_alone(found: Reading, at: int) -> None:
    """Refuse an entry of a list that has a user and no host, as ``u:a@/b@host`` without escapes.

    Raises:
        Unreadable: nothing stands behind the ``@``.

    """
    if at >= 0 and not found.endpoints:
        raise Unreadable("no host stands behind the user, so an @ may be part of the password")


def refuse_another_url(text: str, end: int) -> None:
    """Refuse ``scheme://http://host``, in which the inner scheme looks like the host.

    Args:
        text: the connection string.
        end: the offset where the authority ends.

    Raises:
        Unreadable: the authority ends with the ``://`` of another URL.

    """
    if text.startswith("://", end - 1):
        raise Unreadable("another URL stands where the host should be")


def credentials(text: str, start: int, at: int, end: int) -> tuple[int, int]:
    """Return the span of the password; without one, of the user, which then is a token.

    A later ``@`` may end a password that holds a raw ``@`` and a raw ``/``, ``?`` or ``#``,
    of which the reader sees only the beginning. Then all up to the later one may be secret,
    or the whole text if the user information has no ``@``.
    """
    if at < 0:
        return (start, len(text)) if text.find("@", end) >= 0 else (start, start)
    last = text.rfind("@")
    colon = text.find(":", start, at)
    if colon < 0 or colon == at - 1:  # ``token@``, ``token:@``
        return start, last
    return colon + 1, last


def secrets(text: str, start: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of a URI that may hold a secret.

    One may hold a raw ``@``, ``/`` or ``;``, which moves its end.
    """
    yield credentials(text, start, at, end)
    yield from secret_parameters(text, end)
    for begin, stop in parameters(text, text.find("?", end)):
        equals = text.find("=", begin, stop)
        if equals >= 0 and is_secret(text[begin:equals]):
            yield equals + 1, stop  # up to the next ``&``: a ``;`` in a secret does not end it


def refuse_properties(text: str, start: int, at: int) -> None:
    """Refuse ``host;name=value`` if an ``@`` stands behind the ``;``.

    SQL Server's drivers write properties so, and their passwords may hold a raw ``@``: the
    text behind it is no host, but the password's end.

    Raises:
        Unreadable: the text has such an ``@``.

    """
    semicolon = text.find(";", start, max(at, start))
    if semicolon >= 0 and text.find("=", semicolon, at) >= 0:
        raise Unreadable("an @ stands behind ;name=, so that it may be part of a password")


def is_list(text: str, start: int, end: int) -> bool:
    """Return True if commas part several hosts between two offsets, none of them empty."""
    return "," in text[start:end] and all(text[start:end].split(","))


def endpoints(
    text: str,
    start: int,
    end: int,
    default_port: int | None,
    several: bool,
    decode: Callable[[str], str] | None = None,
) -> list[Endpoint]:
    """Read ``host[:port]`` or a comma list of them; sockets and empty hosts give no endpoint."""
    listed = []
    while start <= end:
        comma = text.find(",", start, end) if several else -1
        stop = comma if comma >= 0 else end
        entry = text[start:stop]
        if entry[:1] == ":":  # no host: the driver's own default
            _ = entry == ":" or port_number(entry[1:])
        elif entry and not is_socket(entry):
            listed.append(host_port(text, start, stop, default_port, decode or refuse_escapes))
        start = stop + 1
    return listed


def unquote(host: str) -> str:
    """Undo percent escapes."""
    from urllib.parse import unquote as undo

    return undo(host)


def refuse_escapes(host: str) -> str:
    """Refuse a host with escapes: most drivers take them literally, some undo them."""
    if ":" in host:  # the zone of an IPv6 address
        return as_is(host)
    raise Unreadable("a host holds percent escapes, which clients read differently")


def refuse_parameters(text: str, end: int, names: tuple[str, ...]) -> None:
    """Refuse a query that names an address, which would override the authority.

    Raises:
        Unreadable: a parameter has one of these names, or escapes in its name.

    """
    query = text.find("?", end)
    for parameter in text[query + 1 :].split("&") if query >= 0 else ():
        name = parameter.partition("=")[0]
        # PHP's lists: host[]=…, read[host][]=…
        listed = "[" in name and any(f"{one}]" in name or f"{one}[" in name for one in names)
        if name in names or listed or "%" in name:
            raise Unreadable("the query names an address, which overrides the one before it")


def user_twice(text: str) -> tuple[int, int]:
    """Return the position of a user and a password that are the same; empty if they are not."""
    at = text.find("@")
    start = text.find("://", 0, max(at, 0)) + 3
    user, colon, password = text[start:at].partition(":")
    return (start, at) if at >= 0 and colon and user == password else (0, 0)
