"""What ``host.docker.internal:P`` and its like mean: a port of the host. Pure."""

from __future__ import annotations

from hostshift.addresses import is_loopback, is_private
from hostshift.decision import Target
from hostshift.questions import Around, Resolves
from hostshift.routes import identify, services
from hostshift.routes.locate import ANY_V4, ANY_V6, host_addresses
from hostshift.routes.loopback import take_host
from hostshift.topology.model import Neighbourhood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Certainty
    from hostshift.questions import Asking, Steps
    from hostshift.routes.identify import Match

ANY = (ANY_V4, ANY_V6)


def decide(asked: Asked) -> Asking:
    """Decide ``host.docker.internal:P`` and its like: it stays where it resolves."""
    resolves = asked.host.lower() in asked.vantage.host_names or (yield from _resolves(asked))
    match, around = yield from _published(asked)
    if resolves:
        if match is not None and _only_on_loopback(match):
            return (yield from services.reach(asked, match, around))
        return asked.stays("host", "the name resolves here", settled=False)
    trace = [f"{asked.host} does not resolve here"]
    if match is not None:
        return (yield from services.reach(asked, match, around, tuple(trace)))
    return (yield from _by_address(asked, trace))


def _resolves(asked: Asked) -> Steps[bool]:
    """Tell whether the name has an address that could be the host's.

    A name server that knows everything answers with an address of its own.
    """
    found: tuple[str, ...] | None = yield Resolves(name=asked.host)
    return found is None or any(map(is_private, found))


def _published(asked: Asked) -> Steps[tuple[Match | None, Neighbourhood]]:
    """Find the running service that publishes the port, where this is not the host itself."""
    if asked.port is None or not asked.vantage.has_host_beyond:
        return None, Neighbourhood()
    around: Neighbourhood = yield Around()
    matches = identify.meant(around, identify.by_publication(around, asked.port))
    running = [match for match in matches if match.running]
    return (running[0] if len(running) == 1 else None), around


def _only_on_loopback(match: Match) -> bool:
    """Tell whether a port is published so that the host's name does not lead to it."""
    bound = [
        out.address
        for one in match.containers
        for out in one.publications
        if out.port == match.port and out.protocol == "tcp"
    ]
    return all(address and is_loopback(address) and address not in ANY for address in bound)


def _by_address(asked: Asked, trace: list[str]) -> Asking:
    """Take the host's address for its name."""
    target, hosts = Target(kind="host", port=asked.port), host_addresses(asked)
    if not hosts:
        return asked.undecided("the name does not resolve, nor is the host's address known", trace)
    if asked.vantage.network == "host":
        return asked.goes(hosts[0], target, "known", "the name means the host: here", trace)
    host: str = hosts[0]
    certainty: Certainty = "assumed"
    if asked.policy.probe != "never":
        found = yield from take_host(asked, trace)
        if found is not None:
            host, certainty = found.after.host, "observed"
    return asked.goes(host, target, certainty, "the name means the host", trace)
