"""What may name a service: ``db:5432``, ``shop-db-1:5432``, ``172.18.0.3:5432``. Pure.

What works as written stays as written: a name that resolves here is left alone,
whatever a file says. Only an engine that shows the service running while the
name as written does not answer overrules that.
"""

from __future__ import annotations

from hostshift import addresses
from hostshift.conventions import USUAL_NAMES
from hostshift.questions import Around, Connected, Greets, Reach, Resolves
from hostshift.routes import identify
from hostshift.routes.locate import host_addresses, locate
from hostshift.routes.said import SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Asking, Outcome, Steps
    from hostshift.routes.identify import Match
    from hostshift.topology import Neighbourhood

PRIVATE_SUFFIXES = ("internal", "local", "localdomain", "lan", "docker", "podman", "test")
"""Last labels of names that no public name server answers (RFC 6761, 6762, 8375 and habit)."""

DIALLED: tuple[Outcome, ...] = ("refused", "closed", "silent")
"""Outcomes of an address that was tried and is not answering."""


def may_be_one(asked: Asked) -> bool:
    """Tell whether an endpoint could name a service around; others see no look-up at all."""
    stands = asked.vantage
    if asked.port is None or not (stands.network == "host" or stands.has_host_beyond):
        return False
    if addresses.is_number(asked.host):
        # The rest of 127/8 is somebody's purpose.
        return addresses.is_private(asked.host) and not asked.host.startswith("127.")
    labels = asked.host.rstrip(".").split(".")
    return len(labels) == 1 or "_" in labels[-1] or labels[-1].lower() in PRIVATE_SUFFIXES


def decide(asked: Asked) -> Asking:
    """Decide a name or an address that a service around may have."""
    port, numeric = asked.port or 0, addresses.is_number(asked.host)
    if numeric and (works := (yield from _routes(asked))):
        return asked.stays("here", works, settled=False)
    around: Neighbourhood = yield Around()
    find = identify.by_address if numeric else identify.by_name
    matches = identify.meant(around, find(around, asked.host, port))
    if not matches:
        reason = "no service around has this name or address"
        return asked.stays("elsewhere", reason, settled=False)
    works = "" if numeric else (yield from _answers(asked, matches))
    match, *others = matches
    if others:
        return asked.stays("here", works, settled=False) if works else ambiguous(asked, matches)
    if works:
        certainty = match.service.certainty
        return asked.goes(asked.host, match.target, certainty, works, port=asked.port)
    return (yield from reach(asked, match, around))


def ambiguous(asked: Asked, matches: tuple[Match, ...], trace: tuple[str, ...] = ()) -> Decision:
    """Choose none of several, and name them."""
    names = sorted(map(str, matches))
    reason = f"{' and '.join(names)} could be meant: name one with MAP"
    return asked.undecided(reason, trace)


def _routes(asked: Asked) -> Steps[str]:
    """Tell that an address is reached as it is: it is on a network that this process is on."""
    (connected,) = yield Connected(addresses=(asked.host,))
    return "its address routes from here" if connected else ""


def _answers(asked: Asked, matches: tuple[Match, ...]) -> Steps[str]:
    """Tell that a name works as written; empty where it does not."""
    found: tuple[str, ...] | None = yield Resolves(name=asked.host)
    if found is None:
        return "the name service did not answer in time"
    if not found:
        return ""
    running = [match for match in matches if match.running]
    if not running or asked.policy.probe == "never" or _has_address(running, found):
        return "the name resolves here"
    (outcome,) = yield Reach(addresses=((asked.host, asked.port or 0),))
    return "" if outcome in DIALLED else "the name resolves here"


def _has_address(matches: list[Match], found: tuple[str, ...]) -> bool:
    return any(set(match.service.addresses) & set(found) for match in matches)


def reach(asked: Asked, match: Match, around: Neighbourhood, trace: tuple[str, ...] = ()) -> Asking:
    """Give a service's address from here, if it is certain enough that it is there."""
    target = match.target
    if match.running:
        place = yield from locate(asked, match, around)
        if place.host is None:
            return asked.undecided(place.reason, trace)
        return asked.goes(place.host, target, "known", place.reason, trace, port=place.port)
    if around.engine:
        return asked.undecided(f"{match} does not run", trace)
    if match.service.certainty == "observed":
        name = match.service.name
        return asked.goes(name, target, "observed", f"{match} answers by that name", trace)
    return (yield from _unconfirmed(asked, match, around, trace))


def _unconfirmed(
    asked: Asked, match: Match, around: Neighbourhood, trace: tuple[str, ...]
) -> Asking:
    """Take what a file says to be published, if it accepts there and greets in the protocol."""
    target = match.target
    says = f"{match.service.source} says"
    place = yield from locate(asked, match, around)
    if place.host is None or asked.policy.probe == "never":
        return asked.undecided(f"{says} that {place.reason}; no engine confirms it", trace)
    hosts = host_addresses(asked) if place.host in host_addresses(asked) else (place.host,)
    wanted = tuple((host, place.port) for host in hosts)
    outcomes: tuple[Outcome, ...] = yield Reach(addresses=wanted)
    seen = [
        f"{host}:{port} {SAID[said]}" for (host, port), said in zip(wanted, outcomes, strict=True)
    ]
    trace = (*trace, *seen)
    for (host, port), said in zip(wanted, outcomes, strict=True):
        if said == "open" and (yield from _greets(asked, host, port)):
            reason = f"{says} that {place.reason} (unconfirmed: no engine could be asked)"
            return asked.goes(host, target, "intended", reason, trace, port=port)
    reason = f"{says} that {place.reason}, but nothing that fits answers there"
    return asked.undecided(reason, trace)


def _greets(asked: Asked, host: str, port: int) -> Steps[bool]:
    """Ask a data service to greet; of other protocols an open port is all that can be asked."""
    if asked.protocol not in USUAL_NAMES:
        return True
    (greets,) = yield Greets(addresses=((host, port),), protocol=asked.protocol)
    return bool(greets)
