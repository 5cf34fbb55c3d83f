"""The address of a service that is meant, if it is certain enough that it is there. Pure."""

from __future__ import annotations

from hostshift import addresses
from hostshift.conventions import USUAL_NAMES
from hostshift.decision import Address
from hostshift.routes.locate import host_addresses, locate
from hostshift.routes.said import SAID
from hostshift.topology.gaps import passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.decision import Asked, Certainty, Decision
    from hostshift.questions import Look
    from hostshift.routes.identify import Match
    from hostshift.routes.locate import Location
    from hostshift.topology import Gap, Neighbourhood


def reach(
    asked: Asked, look: Look, match: Match, around: Neighbourhood, trace: tuple[str, ...] = ()
) -> Decision:
    """Give a service's address from here, if it is certain enough that it is there."""
    target = match.target
    if match.running:
        place = locate(asked, look, match, around)
        if place.host is None:
            return asked.undecided(place.reason, trace)
        certainty: Certainty = "intended" if _is_half_told(around, match) else "known"
        found = asked.goes(
            place.host,
            target,
            certainty,
            place.reason,
            trace,
            port=place.port,
            numbers=place.numbers,
        )
        return found.replace(project=match.service.project)
    if around.engine:
        return asked.undecided(f"{match} does not run", trace)
    if match.service.certainty == "observed" and match.service.addresses:
        host, numbers = spelled(look, match.service.name, match.service.addresses)
        reason = f"{match} answers by that name"
        return asked.goes(host, target, "observed", reason, trace, numbers=numbers)
    gap = passing(around)
    if gap is not None:
        return asked.undecided(
            f"{gap.where} {gap.what}, so nothing says whether {match} runs", trace, fix=gap.fix
        )
    return _unconfirmed(asked, look, match, around, trace)


def _is_half_told(around: Neighbourhood, match: Match) -> bool:
    """Return True if the engine did not describe one of the containers that are meant."""
    names = {one.name for one in match.containers}
    return any(gap.container in names for gap in around.gaps if gap.container)


def spelled(look: Look, name: str, own: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return how to write a service: by its name where only it answers, else by its number.

    Args:
        look: what can be asked.
        name: the service's best name.
        own: its addresses, as a name server gave them for its containers; one at least.

    Returns:
        The host to write, and the numbers that a name stands for.

    """
    found = look.resolves(name)
    if found and set(found) <= set(own):
        return name, found
    return own[0], ()


def _unconfirmed(
    asked: Asked, look: Look, match: Match, around: Neighbourhood, trace: tuple[str, ...]
) -> Decision:
    """Take what a file says to be published, if a server there proves to speak the protocol.

    Whoever listens there would get the credentials. So it is never taken for a protocol that
    cannot be told, nor where the listener is another user's.
    """
    says = f"{match.service.source} says"
    place = locate(asked, look, match, around)
    if place.host is None or asked.policy.probe == "never":
        return asked.undecided(f"{says} that {place.reason}; no engine confirms it", trace)
    if asked.protocol not in USUAL_NAMES:
        reason = f"{says} that {place.reason}; no engine confirms it, and a server of this"
        return asked.undecided(f"{reason} protocol cannot be told from another", trace)
    if is_foreign(asked, look, place):
        reason = f"{says} that {place.reason}, but another user's program listens there"
        return asked.undecided(reason, trace)
    return _proven(asked, look, match, place, trace)


def is_foreign(asked: Asked, look: Look, place: Location) -> bool:
    """Return True if a port of this machine is another user's, or nobody could say whose."""
    host = place.host or ""
    on_host = asked.vantage.network == "host" and addresses.is_loopback(host)
    return on_host and look.foreign_listener(host, place.port) is not False


def _proven(
    asked: Asked, look: Look, match: Match, place: Location, trace: tuple[str, ...]
) -> Decision:
    """Take the first address of a published port whose server proves what it speaks."""
    known, host = host_addresses(asked), place.host or ""
    hosts = known if host in known else (host,)
    wanted = tuple((one, place.port) for one in hosts)
    outcomes = look.reach(wanted, protocol=asked.protocol)
    seen = [
        f"{Address(host=at, port=port)} {SAID[how]}"
        for (at, port), how in zip(wanted, outcomes, strict=True)
    ]
    trace = (*trace, *seen)
    reason = f"{match.service.source} says that {place.reason}"
    for (at, port), how in zip(wanted, outcomes, strict=True):
        if how == "open" and look.greets(((at, port),), asked.protocol, proof=True)[0]:
            why = f"{reason} (unconfirmed: no engine could be asked)"
            return asked.goes(at, match.target, "intended", why, trace, port=port)
    return asked.undecided(f"{reason}, but nothing that fits answers there", trace)


def late(asked: Asked, gap: Gap, trace: list[str]) -> Decision:
    """Decide nothing where a source that may know did not say this time."""
    reason = f"{gap.where} {gap.what}, and may know what is meant"
    return asked.undecided(reason, trace, fix=gap.fix)
