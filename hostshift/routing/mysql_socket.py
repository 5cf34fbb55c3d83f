"""The host ``localhost`` for clients that take it for MySQL's Unix socket. Pure.

:mod:`hostshift.dsn.mysql_clients` says which these are. To them a port beside ``localhost`` means
nothing. So a socket that is here stays, and no rule writes the word where such a client may read
it: a published port would become the socket of another server.
"""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.dsn.mysql_clients import LOCALHOST, MAYBE, POSSIBLE, USUAL
from hostshift.dsn.scheme_table import ROWS
from hostshift.routing.certainty import SOCKETS
from hostshift.routing.model import Address
from hostshift.routing.outcomes import stays, undecided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.routing.model import Decision, RouteRequest
    from hostshift.routing.queries import Look

_PORT = 3306
_NUMBER = "127.0.0.1"


def by_socket(request: RouteRequest, look: Look) -> Decision | None:
    """Return the decision for a ``localhost`` that is a socket to its client; None for any other.

    In a container without the socket the address as written can only fail, so it goes by the
    port, as for other clients.
    """
    if request.socket in ("", MAYBE) or request.host.lower() != LOCALHOST:
        return None
    if request.socket not in (USUAL, POSSIBLE):
        name = redaction.name(request.socket)
        reason = f"its client takes localhost for a Unix socket, which {name} sets"
        return stays(request, "here", reason, settled=False)
    found = look.mysql_socket()
    if found is None:
        reason = "hostshift could not see whether its client has a Unix socket here for localhost"
        return undecided(request, reason, missing=SOCKETS)
    if not found:
        return None
    verb = "takes" if request.socket == USUAL else "may take"
    reason = f"its client {verb} localhost for a Unix socket, and {found} is one"
    return stays(request, "here", reason, settled=False)


def over_tcp(request: RouteRequest, decision: Decision) -> Decision:
    """Return a decision with the number in the place of a ``localhost`` that a rule chose.

    That counts for any text of MySQL, as most do not say which library reads them.
    """
    after = decision.after
    if not decision.changed or after.host.lower() != LOCALHOST or not _is_mysqls(request, decision):
        return decision
    evidence = (*decision.evidence, "MySQL's clients may take localhost for a Unix socket")
    return decision.replace(after=Address(host=_NUMBER, port=after.port), evidence=evidence)


def _is_mysqls(request: RouteRequest, decision: Decision) -> bool:
    """Return True if a server may be MySQL: by the protocol, or else by the port or the name."""
    if request.protocol:
        return request.protocol == "mysql"
    name, ports = decision.target.name.lower(), {request.port, decision.target.port}
    if _PORT in ports or "mysql" in name or "mariadb" in name:
        return True
    return bool(request.socket) and ports.isdisjoint(port for _, _, port, _ in ROWS)
