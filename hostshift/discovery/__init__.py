"""Find the services around this process, with names and addresses. One module per source."""

from __future__ import annotations

import os

from hostshift.base.addresses import in_subnets
from hostshift.detect.sources import EMBEDDED_DNS
from hostshift.discovery.gaps import passing
from hostshift.discovery.merge import merged
from hostshift.discovery.model import (
    Container,
    Gap,
    Membership,
    Note,
    Publication,
    Service,
    Topology,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.base.deadline import Deadline
    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.discovery.model import Resolve

__all__ = [
    "Container",
    "Gap",
    "Membership",
    "Note",
    "Publication",
    "Service",
    "Topology",
    "could_not_say",
    "discover",
    "merged",
    "passing",
    "query_source",
]

FILES = ("saved", "compose")
_FOR_SIGNS = 0.9
"""The share of the time that is left for the signs of a project that no source describes."""


def discover(
    policy: Policy,
    vantage: Vantage,
    deadline: Deadline,
    resolve: Resolve,
    *,
    names: tuple[str, ...] | None = None,
) -> Topology:
    """Ask the sources in their order and merge their answers.

    If an engine and a file describe the same service, the engine's description counts. Of
    the files, the first source that lists any service counts. We ask a name server only if
    no engine answered.

    Args:
        policy: names the sources and the places of files.
        vantage: where this process stands.
        deadline: the time that all sources may take together.
        resolve: looks names up.
        names: ask name servers as well, also for these names. None: do not ask them.

    """
    answers: list[Topology] = []
    for source in policy.sources:
        engine = any(answer.engine for answer in answers)
        if source == "dns" and (engine or names is None):
            continue
        if source in FILES and any(answer.services for answer in answers if not answer.engine):
            continue
        answers.append(query_source(source, policy, vantage, deadline, resolve, names or ()))
    return _with_hints(merged(answers), answers, deadline)


def _with_hints(topology: Topology, answers: Sequence[Topology], deadline: Deadline) -> Topology:
    """Add the signs of a project that we did not read; they only count beside others' services.

    Looking for them leaves some of the time, or nobody would wait for the answers of the sources.
    """
    if len(topology.siblings()) == len(topology.services):
        return topology
    from hostshift.discovery import unread_projects

    files = [answer for answer in answers if not answer.engine]
    described = [path for answer in files for path in answer.config_files]
    known = {*described, *(path for answer in files for path in answer.referenced_files)}
    search = type(deadline)(0.0, deadline.left * _FOR_SIGNS)
    hints = unread_projects.find(os.environ, known, described=bool(described), deadline=search)
    return topology.replace(hints=hints)


def query_source(
    source: str,
    policy: Policy,
    vantage: Vantage,
    deadline: Deadline,
    resolve: Resolve,
    names: tuple[str, ...] = (),
) -> Topology:
    """Ask one source. Its notes hold what was wrong with it, its gaps what it could not say.

    Args:
        source: engine, saved, compose or dns.
        policy: names the places of files.
        vantage: where this process stands.
        deadline: the time that the source may take.
        resolve: looks names up.
        names: ask the name server for these names.

    """
    try:
        if source == "engine":
            return _engine(vantage, deadline, resolve)
        if source == "saved":
            return _saved(policy, deadline)
        if source == "compose":
            return _compose(policy, deadline)
        return _dns(vantage, deadline, names)
    except Exception as error:  # noqa: BLE001 - a source that raises could not say
        return could_not_say(error, source)


def could_not_say(error: BaseException, source: str = "") -> Topology:
    """Return a topology with one gap: asking failed with an error.

    Args:
        error: what went wrong.
        source: which source was asked; "" for all of them together, because nobody knows then
            which one was late.

    """
    late = isinstance(error, TimeoutError)
    what = "did not answer in time" if late else f"could not be asked ({type(error).__name__})"
    where = {"": "the search for services", "engine": "the engine"}.get(
        source, f"the source {source}"
    )
    return Topology(gaps=(Gap(source=source or "engine", where=where, what=what),))


def _engine(vantage: Vantage, deadline: Deadline, resolve: Resolve) -> Topology:
    from hostshift.discovery import engine

    subnets = () if vantage.network == "host" else vantage.subnets
    return engine.read(
        vantage.own_ids, os.environ, deadline=deadline, resolve=resolve, subnets=subnets
    )


def _saved(policy: Policy, deadline: Deadline) -> Topology:
    from hostshift.discovery import saved

    return saved.read(None, file=policy.topology_file, deadline=deadline)


def _compose(policy: Policy, deadline: Deadline) -> Topology:
    from hostshift.discovery import compose

    return compose.read(None, os.environ, file=policy.compose_file, deadline=deadline)


def _dns(vantage: Vantage, deadline: Deadline, names: tuple[str, ...]) -> Topology:
    """Ask the name server of this container's network, if it has one."""
    nameserver = _nameserver(vantage)
    if nameserver is None:
        return Topology()
    from hostshift.discovery import reverse_dns

    return reverse_dns.around(nameserver, vantage.own_addresses, vantage.subnets, deadline, names)


def _nameserver(vantage: Vantage) -> str | None:
    """Return the name server that knows siblings: Docker's, or Podman's on its network."""
    if vantage.naming == "docker":
        return EMBEDDED_DNS
    if vantage.naming != "podman":
        return None
    return next(
        (address for address in vantage.nameservers if in_subnets(address, vantage.subnets)), None
    )
