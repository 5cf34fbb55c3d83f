"""``oracle``: Oracle's connect strings, as python-oracledb and Oracle's own clients read them.

``[user/password@]`` and then EZConnect, ``[tcps://]host[:port][,host…]/service?…``,
or a descriptor, ``(DESCRIPTION=(ADDRESS=(HOST=…)(PORT=…))…)``; anything else is a
name that ``tnsnames.ora`` explains. Source: python-oracledb,
``impl/base/parsers.pyx``, ConnectStringParser.
"""

from __future__ import annotations

from hostshift.strings.dialects import _oracle_easy, _oracle_tns
from hostshift.strings.model import Endpoint, Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.dialects._jdbc import Span

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

    Drivers differ in which ``@`` they take if there are several.
    """
    at = text.find("@", start)
    if at >= 0 and text.find("@", at + 1) >= 0:
        raise Unreadable("there are several @, of which drivers take different ones")
    return at


def password_start(text: str, start: int, at: int) -> int:
    """Return where the password begins; without a slash all may be a token."""
    slash = text.find("/", start, at)
    return slash + 1 if slash >= 0 else start


def _no_service(text: str, start: int) -> Span:
    """Return what is a password if not ``host/service`` but ``user/password`` is meant.

    python-oracledb's connect() takes it so where no user is given besides.
    """
    slash = text.find("/", start)
    if slash <= start or any(mark in text[start:slash] for mark in ":,;(["):
        return start, start
    return slash + 1, len(text)


def connect_string(text: str, start: int, scheme: Scheme, secrets: list[Span]) -> list[Endpoint]:
    """Read a connect string from an offset on; its secrets are added to the list."""
    port = _PORT if scheme.port is None else scheme.port
    if text.startswith("(", start):
        return _oracle_tns.endpoints(text, start, port, secrets)
    return _oracle_easy.endpoints(text, start, port, secrets)
