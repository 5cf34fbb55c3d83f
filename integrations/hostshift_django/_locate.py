"""Other hosts and ports among a driver's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift import _announce, libpq, parameters, strings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.parameters import Pair

CLIENT = "Django's databases"


def wanted(driver: str, vendor: str, given: Mapping[str, Any]) -> list[Pair]:
    """Read the configured hosts and ports; none where the address is said elsewhere.

    Args:
        driver: as SQLAlchemy names it.
        vendor: of the database, as Django names it.
        given: the driver's parameters.

    """
    port = strings.default_port(vendor)
    pairs = parameters.pairs(driver, given)
    return [(host, port if own is None else own) for host, own in pairs]


def located(driver: str, vendor: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the addresses of this moment.

    libpq is given both: the host that is meant, by which it checks the certificate and
    finds the password, and the number to dial. The drivers of MySQL check what they dial,
    so they fail closed.

    Raises:
        OSError: a name that has to be a number for libpq has none, or (WrongServerError)
            what is written leads to another server than the one that is meant.
        UndecidedError: only with STRICT.

    """
    meant = wanted(driver, vendor, given)
    decisions = [_announce.dial(host, port, vendor, CLIENT) for host, port in meant]
    found = [(one.after.host, one.after.port) for one in decisions]
    if found == meant:
        return given
    if driver in parameters.LIBPQ:
        return {**given, **libpq.parameters(given, meant, found)}
    return {**given, **parameters.written(given, found)}
