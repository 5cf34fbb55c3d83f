"""What a client takes by default where a text does not name it: a port, a socket of MySQL's."""

from __future__ import annotations

from hostshift.dsn import default_ports, mysql_clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.dsn.model import Reading


def completed(
    text: str,
    reading: Reading,
    default_port: int | None,
    variables: Mapping[str, str],
    socket: str,
) -> Reading:
    """Return a reading with what the client takes from its own environment.

    Args:
        text: the connection string.
        reading: what was read in it.
        default_port: the client's own default port; 0 if its clients do not agree on one.
        variables: the client's environment.
        socket: what names a Unix socket beside the text; empty if nothing does.

    """
    if default_port == 0:
        reading = default_ports.unknown(text, reading)
    if default_port is None:
        reading = default_ports.by_variables(text, reading, variables)
    local = any(end.host.lower() == mysql_clients.LOCALHOST for end in reading.endpoints)
    if not (local and reading.protocol == "mysql") and (reading.protocol or not socket):
        return reading
    return reading.replace(socket=mysql_clients.socket(text, reading, socket))
