"""What is around this process: services, their names and addresses; a module for each source."""

from __future__ import annotations

import os

from hostshift.addresses import in_subnets
from hostshift.surroundings import EMBEDDED_DNS
from hostshift.topology.gaps import passing
from hostshift.topology.merge import merged
from hostshift.topology.model import (
    Container,
    Gap,
    Membership,
    Neighbourhood,
    Note,
    Publication,
    Service,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.deadline import Deadline
    from hostshift.policy import Policy
    from hostshift.questions import Resolve
    from hostshift.vantages import Vantage

__all__ = [
    "Container",
    "Gap",
    "Membership",
    "Neighbourhood",
    "Note",
    "Publication",
    "Service",
    "ask",
    "could_not_say",
    "look_around",
    "merged",
    "passing",
]

FILES = ("saved", "compose")


def look_around(
    policy: Policy,
    stands: Vantage,
    deadline: Deadline,
    resolve: Resolve,
    *,
    names: tuple[str, ...] | None = None,
) -> Neighbourhood:
    """Ask the sources in their order and put together what they say.

    What an engine shows goes before what a file says of the same service. Of the
    files, the first source that says anything counts. A name server is only asked
    where no engine could be.

    Args:
        policy: says which sources there are, and where files are.
        stands: where this process stands.
        deadline: the time all of them may take together.
        resolve: looks names up.
        names: ask name servers as well, also for these names. None: do not ask them.

    """
    found: list[Neighbourhood] = []
    for source in policy.sources:
        engine = any(one.engine for one in found)
        if source == "dns" and (engine or names is None):
            continue
        if source in FILES and any(one.services for one in found if not one.engine):
            continue
        found.append(ask(source, policy, stands, deadline, resolve, names or ()))
    return _with_hints(merged(found), found)


def _with_hints(around: Neighbourhood, found: Sequence[Neighbourhood]) -> Neighbourhood:
    """Add the signs of a project that was not read; they only count beside others' services."""
    if len(around.siblings()) == len(around.services):
        return around
    from hostshift.topology import hints

    written = [one for one in found if not one.engine]
    described = [path for one in written for path in one.config_files]
    known = {*described, *(path for one in written for path in one.referenced_files)}
    return around.replace(hints=hints.find(os.environ, known, described=bool(described)))


def ask(
    source: str,
    policy: Policy,
    stands: Vantage,
    deadline: Deadline,
    resolve: Resolve,
    names: tuple[str, ...] = (),
) -> Neighbourhood:
    """Ask one source. What was wrong with it is in the notes, what it could not say in the gaps.

    Args:
        source: engine, saved, compose or dns.
        policy: says where files are.
        stands: where this process stands.
        deadline: the time that it may take.
        resolve: looks names up.
        names: names that the name server is asked for.

    """
    try:
        if source == "engine":
            return _engine(stands, deadline, resolve)
        if source == "saved":
            return _saved(policy, deadline)
        if source == "compose":
            return _compose(policy, deadline)
        return _dns(stands, deadline, names)
    except Exception as error:  # noqa: BLE001 - a source that breaks could not say
        return could_not_say(error, source)


def could_not_say(error: BaseException, source: str = "engine") -> Neighbourhood:
    """Return what is known where looking failed: that nobody could say."""
    late = isinstance(error, TimeoutError)
    what = "did not answer in time" if late else f"could not be asked ({type(error).__name__})"
    where = "the engine" if source == "engine" else f"the source {source}"
    return Neighbourhood(gaps=(Gap(source=source, where=where, what=what),))


def _engine(stands: Vantage, deadline: Deadline, resolve: Resolve) -> Neighbourhood:
    from hostshift.topology import engine

    subnets = () if stands.network == "host" else stands.subnets
    return engine.read(
        stands.own_ids, os.environ, deadline=deadline, resolve=resolve, subnets=subnets
    )


def _saved(policy: Policy, deadline: Deadline) -> Neighbourhood:
    from hostshift.topology import saved

    return saved.read(None, file=policy.topology_file, deadline=deadline)


def _compose(policy: Policy, deadline: Deadline) -> Neighbourhood:
    from hostshift.topology import compose

    return compose.read(None, os.environ, file=policy.compose_file, deadline=deadline)


def _dns(stands: Vantage, deadline: Deadline, names: tuple[str, ...]) -> Neighbourhood:
    """Ask the name server of this container's network, where there is one."""
    nameserver = _nameserver(stands)
    if nameserver is None:
        return Neighbourhood()
    from hostshift.topology import dns

    return dns.around(nameserver, stands.own_addresses, stands.subnets, deadline, names)


def _nameserver(stands: Vantage) -> str | None:
    """Return the name server that knows siblings: Docker's, or Podman's on its network."""
    if stands.naming == "docker":
        return EMBEDDED_DNS
    if stands.naming != "podman":
        return None
    return next((at for at in stands.nameservers if in_subnets(at, stands.subnets)), None)
