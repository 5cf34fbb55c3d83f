"""The one sibling of my own project that a ``localhost`` string can mean. Pure."""

from __future__ import annotations

from hostshift.conventions import usual_names
from hostshift.decision import Target
from hostshift.routes import host
from hostshift.routes.reach import late, spelled
from hostshift.topology.gaps import hiding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.decision import Asked, Decision
    from hostshift.questions import Look
    from hostshift.topology import Neighbourhood, Service


def take(asked: Asked, look: Look, trace: list[str]) -> Decision | None:
    """Take the one sibling of my project that has a usual name and greets in the protocol."""
    port, usual = asked.port, usual_names(asked.protocol)
    around = look.around(tuple(sorted(usual)))
    gap = hiding(around)
    if gap is not None:
        return late(asked, gap, trace)
    called = _called(around, usual)
    named = [found for found in called if found.addresses and found.running]
    if around.project is None:
        trace.append("no compose project of this container is known")
    elif not called:
        trace.append(f"no sibling in {around.project} has a name usual for {asked.speaks}")
    elif not named:
        trace.append(f"{_names(called)} has no address that is known from here")
    if not named or port is None:
        return None
    asking = tuple((found.addresses[0], port) for found in named)
    answers = look.greets(asking, asked.protocol)
    if None in answers:
        silent = [found for found, greets in zip(named, answers, strict=True) if greets is None]
        return asked.undecided(f"{_names(silent)} did not say in time what it speaks", trace)
    greeting = [found for found, greets in zip(named, answers, strict=True) if greets]
    # One that is down could be the one that is meant: the others do not inherit its string.
    down = [found for found in called if found not in named]
    return _only_sibling(asked, look, trace, [*greeting, *down] if greeting else [])


def _called(around: Neighbourhood, usual: frozenset[str]) -> list[Service]:
    """Return the siblings with a usual name, this process's own service left out."""
    me = around.me.name if around.me is not None else None
    return [
        found
        for found in around.siblings()
        if found.service in usual
        and me not in [one.name for one in found.containers]
        and found.service != around.observed_service
    ]


def _names(found: list[Service]) -> str:
    return " and ".join(sorted(one.service for one in found))


def _only_sibling(
    asked: Asked, look: Look, trace: list[str], greeting: list[Service]
) -> Decision | None:
    """Choose a sibling where exactly one is left; replicas of a service are one."""
    port, by_name = asked.port, {found.name: found for found in greeting}
    names = sorted(by_name)
    trace.append(f"greets as {asked.speaks} on {port}: {', '.join(names) or 'no sibling'}")
    if not names:
        return None
    if len(names) > 1:
        reason = f"{' and '.join(names)} could both be meant by {port}: name one with HOSTSHIFT_MAP"
        return asked.undecided(reason, trace, host.routes(names, port, "it greets"))
    target = Target(kind="service", name=names[0], port=port)
    reason = f"the only sibling that speaks {asked.speaks} on {port}"
    at, numbers = spelled(look, names[0], by_name[names[0]].addresses)
    return asked.goes(at, target, "observed", reason, trace, numbers=numbers)
