"""How kombu's brokers in one list depend on each other's ports."""

from __future__ import annotations

from hostshift.dsn.dialects._nested import one_port
from hostshift.dsn.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.dsn.model import Endpoint, Reading, Slot


def linked(readings: Sequence[Reading], names: Sequence[str]) -> tuple[Endpoint, ...]:
    """Return the endpoints of a list of brokers; those without a port share another's.

    Raises:
        Unreadable: which port a broker takes depends on when it is tried.

    """
    if "sentinel" in names:
        return _sentinels(readings, names)
    endpoints = [endpoint for broker in readings for endpoint in broker.endpoints]
    if len(readings) == 1:
        return tuple(endpoints)
    if any(len(broker.endpoints) != 1 for broker in readings) or "zookeeper" in names:
        raise Unreadable("a list in which not every broker is one host")
    return _sharing(endpoints, [not name for name in names])


def _sentinels(readings: Sequence[Reading], names: Sequence[str]) -> tuple[Endpoint, ...]:
    """Return the sentinels, each with a port of its own (kombu/transport/redis.py).

    Without one, kombu takes 26379 and Celery's result backend 6379.
    """
    endpoints = tuple(endpoint for broker in readings for endpoint in broker.endpoints)
    if any(name != "sentinel" for name in names):
        raise Unreadable("a list of sentinels and of others")
    if any(endpoint.port is None for endpoint in endpoints):
        raise Unreadable(
            "a sentinel without a port, for which kombu and Celery take different ones"
        )
    return endpoints


def _sharing(endpoints: list[Endpoint], bare: list[bool]) -> tuple[Endpoint, ...]:
    """Give a broker without a port the one of the broker before, a bare name the first one's."""
    owners: list[int] = []
    for number, endpoint in enumerate(endpoints):
        before = 0 if bare[number] or not number else owners[number - 1]
        owners.append(number if endpoint.port is not None or not number else before)
    _check(endpoints)
    followed = {owner for number, owner in enumerate(owners) if owner != number}
    slots = {owner: _once(endpoints[owner].port_at) for owner in followed}
    return tuple(
        endpoint.replace(port=endpoints[owner].port, port_at=slots[owner])
        if owner in slots
        else endpoint
        for endpoint, owner in zip(endpoints, owners, strict=True)
    )


def _check(endpoints: list[Endpoint]) -> None:
    """Refuse a first broker without a port before others with one.

    It takes the last one's after the first round. If no broker has a port, all have to
    take the same one.
    """
    if endpoints[0].port is not None:
        return
    if any(endpoint.port is not None for endpoint in endpoints):
        raise Unreadable("a broker takes the port of another after the first round")
    if len({endpoint.default_port for endpoint in endpoints}) > 1:
        raise Unreadable("brokers of different kinds without ports")


def _once(slot: Slot) -> Slot:
    """Return a slot for the one port of several brokers."""
    return slot.replace(write=one_port(slot.write), shared=True)
