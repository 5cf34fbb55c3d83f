"""Identify a container by the names that a name server has for its address. Pure.

Compose, Swarm and Podman's compose tools put project and service into a container's
name. The name of its network, or an alias, shows where the project ends.
"""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TASK_ID = 25
"""Characters of a task's id (moby/swarmkit identity: base 36, 25 digits)."""


class Identity(Record):
    """The container that an address's names describe."""

    project: str
    service: str
    """Empty if the names do not show it: for this container itself, with ``container_name:``."""
    container: str
    network: str
    """Empty if the names do not show it: Podman's server never names it."""
    task: bool = False
    """True for a task of a swarm: its service's name has an address of its own (the VIP)."""


def identify(names: tuple[str, ...]) -> Identity | None:
    """Read all the names of one address; None if they do not belong to a project."""
    for name in names:
        identity = of_compose(name) or of_swarm(name)
        if identity is not None:
            return identity
    return of_podman(names)


def identify_own(answers: Sequence[tuple[str, ...]]) -> Identity | None:
    """Read the names of this process's own container, one tuple for each of its addresses.

    A container with ``container_name:`` has no project in its name. Then the network
    shows the project: compose makes ``project_default`` for each. It counts only if it can
    be read in one way: ``a_b_default`` is the network ``default`` of project ``a_b``, or
    ``b_default`` of project ``a``.
    """
    identities = [identity for identity in map(identify, answers) if identity is not None]
    if identities:
        # If another network has the same prefix, a part of the project's name fits as well.
        return max(identities, key=lambda identity: len(identity.project))
    defaults = [
        identity
        for names in answers
        for identity in map(_of_default, names)
        if identity is not None
    ]
    return defaults[0] if len({identity.project for identity in defaults}) == 1 else None


def _of_default(name: str) -> Identity | None:
    """Read ``container.project_default``; the service stays unknown."""
    container, _, network = name.rpartition(".")
    project = network.removesuffix("_default")
    if not container or not project or project == network or "_" in project:
        return None
    if _is_generated(container):  # by another project, which does not own this network
        return None
    return Identity(project=project, service="", container=container, network=network)


def _is_generated(container: str) -> bool:
    """Return True if compose or a swarm could have generated this name, for any project."""
    if len(container.rpartition(".")[2]) == TASK_ID:
        return True
    return any(separator in _service(container, separator) for separator in "-_")


def is_generated_for(container: str, project: str) -> bool:
    """Return True if a container's name consists of this project, a service and a number."""
    if not project or not container.startswith((f"{project}-", f"{project}_")):
        return False
    rest, separator = container[len(project) + 1 :], container[len(project)]
    return bool(_service(rest, separator))


def sibling(names: tuple[str, ...], alias: str, mine: Identity | None) -> Identity | None:
    """Read the names of the address behind a name; None if it is not in my project.

    Docker's server names the network. A container whose name shows no project counts as
    mine if the network can only be my project's, as ``project_network``. ``a_b_net`` does
    not count: it could be project ``a_b``'s as well as project ``a``'s. Podman's server
    names no network, so there the container's own name has to show the project.
    """
    if mine is None:
        return None
    identity = identify(names)
    if identity is not None:
        return identity if identity.project == mine.project else None
    for name in names:
        container, _, network = name.rpartition(".")
        rest = network.removeprefix(f"{mine.project}_")
        if not container or _is_generated(container):
            continue
        if rest and rest != network and "_" not in rest:
            return Identity(
                project=mine.project, service=alias, container=container, network=network
            )
    return None


def of_compose(name: str) -> Identity | None:
    """Read ``project-service-1.project_network``, as Docker's name server gives it.

    Compose names containers ``project-service-1`` (v2), ``project_service_1``
    (v1) and ``project-service-run-<id>``, and networks ``project_network``.
    Project and service may contain the separators; the project is what both names share.
    """
    container, _, network = name.rpartition(".")
    for project in _prefixes(network):
        if not container.startswith((f"{project}-", f"{project}_")):
            continue
        service = _service(container[len(project) + 1 :], container[len(project)])
        if service:
            return Identity(project=project, service=service, container=container, network=network)
    return None


def _service(rest: str, separator: str) -> str:
    """Remove a replica's number, or the ``run-<id>`` of a one-off, from a service's name."""
    service, _, number = rest.rpartition(separator)
    if number.isascii() and number.isdecimal():
        return service
    one_off, _, word = service.rpartition(separator)
    return one_off if word == "run" else ""


def _prefixes(network: str) -> list[str]:
    """List the possible projects in a network's name, the longest first."""
    return [network[:at] for at in range(len(network) - 1, 0, -1) if network[at] == "_"]


def of_swarm(name: str) -> Identity | None:
    """Read ``stack_service.1.<task>.stack_network``, the name of a task's address."""
    container, _, network = name.rpartition(".")
    before, _, task = container.rpartition(".")
    swarm_service, _, slot = before.rpartition(".")
    if len(task) != TASK_ID or not (task.isascii() and task.isalnum()) or not slot:
        return None
    for stack in _prefixes(network):
        service = swarm_service.removeprefix(f"{stack}_")
        if service and service != swarm_service:
            return Identity(
                project=stack, service=service, container=container, network=network, task=True
            )
    return None


def of_podman(names: tuple[str, ...]) -> Identity | None:
    """Read a container's name and its aliases, in any order.

    One alias is the service's name, and the container's name contains it.
    """
    for container in names:
        for alias in names:
            project = _project(container, alias) if alias != container else ""
            if project:
                return Identity(project=project, service=alias, container=container, network="")
    return None


def _project(container: str, service: str) -> str:
    """Return what precedes a service and its number; empty if the name has another form."""
    for separator in "-_":
        body, _, number = container.rpartition(separator)
        project = body.removesuffix(f"{separator}{service}")
        if number.isascii() and number.isdecimal() and project != body:
            return project
    return ""
