"""``oracle``: Oracle's connect strings, as python-oracledb and Oracle's own clients read them.

``[user/password@]`` and then EZConnect, ``[tcps://]host[:port][,host…]/service?…``,
or a descriptor, ``(DESCRIPTION=(ADDRESS=(HOST=…)(PORT=…))…)``. Anything else is a
name that ``tnsnames.ora`` defines. Source: python-oracledb,
``impl/base/parsers.pyx``, ConnectStringParser.
"""

from __future__ import annotations

from hostshift.dsn.dialects.oracle import easy_connect, tns
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.dialects.jdbc.shared import Span

_PORT = 1521


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start = len(text) - len(text.lstrip())
    at = credentials_end(text, start)
    if at >= 0 and text.startswith("(", start):
        raise Unreadable("a descriptor holds an @, which may end credentials")
    secrets = [(password_start(text, start, at), at)] if at >= 0 else [_no_service(text, start)]
    return Reading(
        dialect="oracle",
        protocol="oracle",
        endpoints=tuple(connect_string(text, max(start, at + 1), scheme, secrets)),
        secrets=tuple(secrets),
    )


def credentials_end(text: str, start: int) -> int:
    """Return the offset of the ``@`` behind the credentials, -1 without one.

    Raises:
        Unreadable: the text has several, of which drivers take different ones.

    """
    at = text.find("@", start)
    if at >= 0 and text.find("@", at + 1) >= 0:
        raise Unreadable("there are several @, of which drivers take different ones")
    return at


def password_start(text: str, start: int, at: int) -> int:
    """Return the offset of the password; without a slash all may be a token."""
    slash = text.find("/", start, at)
    return slash + 1 if slash >= 0 else start


def _no_service(text: str, start: int) -> Span:
    """Return the span of the password if ``host/service`` is really ``user/password``.

    python-oracledb's connect() reads it so if it gets no user besides.
    """
    slash = text.find("/", start)
    if slash <= start or any(mark in text[start:slash] for mark in ":,;(["):
        return start, start
    return slash + 1, len(text)


def connect_string(text: str, start: int, scheme: Scheme, secrets: list[Span]) -> list[Endpoint]:
    """Read a connect string from an offset on, and add its secrets to the list."""
    port = _PORT if scheme.port is None else scheme.port
    if text.startswith("(", start):
        return tns.endpoints(text, start, port, secrets)
    return easy_connect.endpoints(text, start, port, secrets)
