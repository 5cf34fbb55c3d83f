"""What the names that a name server gives for an address tell of its container. Pure.

Compose, Swarm and Podman's compose tools put project and service into a
container's name; the name of its network, or an alias, tells where to part them.
"""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TASK_ID = 25
"""Letters of a task's id (moby/swarmkit identity: base 36, 25 digits)."""


class Told(Record):
    """What an address's names tell."""

    project: str
    service: str
    """Empty where the names do not tell: of this container itself, with ``container_name:``."""
    container: str
    network: str
    """Empty where the names do not tell: Podman's server does not say it."""
    task: bool = False
    """A task of a swarm: its service's name has an address of its own (the VIP)."""


def told(names: tuple[str, ...]) -> Told | None:
    """Read all the names of one address; None where they are not of a project."""
    for name in names:
        found = of_compose(name) or of_swarm(name)
        if found is not None:
            return found
    return of_podman(names)


def own(answers: Sequence[tuple[str, ...]]) -> Told | None:
    """Read the names of this process's own container, one tuple for each of its addresses.

    ``container_name:`` leaves no project in a container's name. Then ``project_default``
    tells it, the network that compose makes for each project, if it can be read in one
    way only: ``a_b_default`` is that of project ``a_b``, or ``b_default`` of project ``a``.
    """
    found = [one for one in map(told, answers) if one is not None]
    if found:
        # A prefix of the project fits as well where another network shares it.
        return max(found, key=lambda one: len(one.project))
    defaults = [one for names in answers for one in map(_of_default, names) if one is not None]
    return defaults[0] if len({one.project for one in defaults}) == 1 else None


def _of_default(name: str) -> Told | None:
    """Read ``container.project_default``; the service stays unknown."""
    container, _, network = name.rpartition(".")
    project = network.removesuffix("_default")
    if not container or not project or project == network or "_" in project:
        return None
    if _is_generated(container):  # by another project, which this network is foreign to
        return None
    return Told(project=project, service="", container=container, network=network)


def _is_generated(container: str) -> bool:
    """Return True if a name looks like one that compose or a swarm makes, of whichever project."""
    if len(container.rpartition(".")[2]) == TASK_ID:
        return True
    return any(separator in _service(container, separator) for separator in "-_")


def is_generated_for(container: str, project: str) -> bool:
    """Return True if a container's name was made of a project, a service and a number."""
    if not project or not container.startswith((f"{project}-", f"{project}_")):
        return False
    rest, separator = container[len(project) + 1 :], container[len(project)]
    return bool(_service(rest, separator))


def sibling(names: tuple[str, ...], called: str, mine: Told | None) -> Told | None:
    """Read the names of an address that a name leads to; None where it is not of my project.

    Docker's server tells the network. A container whose name tells no project counts
    as mine where the network is my project's, as ``project_network``, and no other
    project's: ``a_b_net`` could be project ``a_b``'s as well as project ``a``'s.
    Podman's server names no network: there the container's own name has to tell.
    """
    if mine is None:
        return None
    found = told(names)
    if found is not None:
        return found if found.project == mine.project else None
    for name in names:
        container, _, network = name.rpartition(".")
        rest = network.removeprefix(f"{mine.project}_")
        if not container or _is_generated(container):
            continue
        if rest and rest != network and "_" not in rest:
            return Told(project=mine.project, service=called, container=container, network=network)
    return None


def of_compose(name: str) -> Told | None:
    """Read ``project-service-1.project_network``, as Docker's name server gives it.

    Compose names containers ``project-service-1`` (v2), ``project_service_1``
    (v1) and ``project-service-run-<id>``, and networks ``project_network``.
    Both parts may hold the separators; the project is what both names share.
    """
    container, _, network = name.rpartition(".")
    for project in _prefixes(network):
        if not container.startswith((f"{project}-", f"{project}_")):
            continue
        service = _service(container[len(project) + 1 :], container[len(project)])
        if service:
            return Told(project=project, service=service, container=container, network=network)
    return None


def _service(rest: str, separator: str) -> str:
    """Take the number of a replica, or what marks a one-off, from a service's name."""
    service, _, number = rest.rpartition(separator)
    if number.isascii() and number.isdecimal():
        return service
    one_off, _, word = service.rpartition(separator)
    return one_off if word == "run" else ""


def _prefixes(network: str) -> list[str]:
    """List what may be the project in a network's name, the longest first."""
    return [network[:at] for at in range(len(network) - 1, 0, -1) if network[at] == "_"]


def of_swarm(name: str) -> Told | None:
    """Read ``stack_service.1.<task>.stack_network``, as a task's address is called."""
    container, _, network = name.rpartition(".")
    before, _, task = container.rpartition(".")
    called, _, slot = before.rpartition(".")
    if len(task) != TASK_ID or not (task.isascii() and task.isalnum()) or not slot:
        return None
    for stack in _prefixes(network):
        service = called.removeprefix(f"{stack}_")
        if service and service != called:
            return Told(
                project=stack, service=service, container=container, network=network, task=True
            )
    return None


def of_podman(names: tuple[str, ...]) -> Told | None:
    """Read a container's name with the aliases that it also has, in whatever order they come.

    One alias is the service's; the container is called after it.
    """
    for container in names:
        for alias in names:
            project = _project(container, alias) if alias != container else ""
            if project:
                return Told(project=project, service=alias, container=container, network="")
    return None


def _project(container: str, service: str) -> str:
    """Return what stands before a service and its number; empty where it does not fit."""
    for separator in "-_":
        body, _, number = container.rpartition(separator)
        project = body.removesuffix(f"{separator}{service}")
        if number.isascii() and number.isdecimal() and project != body:
            return project
    return ""
