"""What the names that a name server gives for an address tell of its container. Pure.

Compose, Swarm and Podman's compose tools put project and service into a
container's name; the name of its network, or an alias, tells where to part them.
"""

from __future__ import annotations

from hostshift._record import Record

TASK_ID = 25
"""Letters of a task's id (moby/swarmkit identity: base 36, 25 digits)."""


class Told(Record):
    """What an address's names tell."""

    project: str
    service: str
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
