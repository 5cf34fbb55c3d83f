"""How kombu's brokers in one list depend on each other's ports."""

from __future__ import annotations

from hostshift.strings.model import Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hostshift.strings.model import Endpoint, Reading, Slot


def linked(found: Sequence[Reading], names: Sequence[str]) -> tuple[Endpoint, ...]:
    """Return the endpoints of a list of brokers, those without a port with the one they take.

    Raises:
        Unreadable: which port a broker takes depends on when it is tried.

    """
    if "sentinel" in names:
        return _sentinels(found, names)
    endpoints = [endpoint for broker in found for endpoint in broker.endpoints]
    if len(found) == 1:
        return tuple(endpoints)
    if any(len(broker.endpoints) != 1 for broker in found) or "zookeeper" in names:
        raise Unreadable("a list in which not every broker is one host")
    return _sharing(endpoints, [not name for name in names])


def _sentinels(found: Sequence[Reading], names: Sequence[str]) -> tuple[Endpoint, ...]:
    """Return the sentinels, each with a port of its own (kombu/transport/redis.py).

    Without one, kombu takes 26379 and Celery's result backend 6379.
    """
    endpoints = tuple(endpoint for broker in found for endpoint in broker.endpoints)
    if any(name != "sentinel" for name in names):
        raise Unreadable("a list of sentinels and of others")
    if any(endpoint.port is None for endpoint in endpoints):
        raise Unreadable(
            "a sentinel without a port, for which kombu and Celery take different ones"
        )
    return endpoints


def _sharing(endpoints: list[Endpoint], bare: list[bool]) -> tuple[Endpoint, ...]:
    """Give brokers without a port that of the one before, a bare name that of the first."""
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
    """Refuse a first broker without a port before others with one: it takes the last one's later.

    Where none has a port, all have to take the same one.
    """
    if endpoints[0].port is not None:
        return
    if any(endpoint.port is not None for endpoint in endpoints):
        raise Unreadable("a broker takes the port of another after the first round")
    if len({endpoint.default_port for endpoint in endpoints}) > 1:
        raise Unreadable("brokers of different kinds without ports")


def _once(slot: Slot) -> Slot:
    """Return a slot for the one port of several brokers."""
    return slot.replace(write=_single(slot.write), shared=True)


def _single(write: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that writes one port and refuses a list of several."""

    def write_one(value: str) -> str:
        if "," in value:
            raise Unwritable("kombu would take one port for all of these brokers")
        return write(value)

    return write_one
