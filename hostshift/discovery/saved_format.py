"""The exact format of the saved topology, and its check. Pure."""

from __future__ import annotations

from hostshift.discovery.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NotRequired, TypedDict

    from hostshift.base.json_tree import Tree
    from hostshift.discovery.budget import Budget

    class SavedPort(TypedDict):
        """A published port of a container."""

        port: int
        published: NotRequired[int]
        address: NotRequired[str]
        protocol: NotRequired[str]

    class SavedContainer(TypedDict):
        """A container of a service; ``networks`` holds its names by network."""

        name: str
        networks: NotRequired[dict[str, list[str]]]
        ports: NotRequired[list[SavedPort]]
        exposed: NotRequired[list[int]]
        network_mode: NotRequired[str]

    class SavedService(TypedDict):
        """A service of the project."""

        containers: list[SavedContainer]
        linked: NotRequired[list[str]]

    class SavedTopology(TypedDict):
        """The whole document."""

        format: int
        project: str | None
        services: dict[str, SavedService]


FORMAT = 1


def check(parsed: Tree, budget: Budget) -> SavedTopology:
    """Check a document and return it.

    Args:
        parsed: the JSON value that the file contains.
        budget: the limits for time and entries.

    Raises:
        Problem: it does not have exactly this format, or has too many entries.

    """
    document = _object(parsed, "it", "format", "project", "services")
    if type(document.get("format")) is not int or document["format"] != FORMAT:
        raise Problem(f"format: expected {FORMAT}")
    project = _text(document.get("project"), "project")
    services = {
        _text(name, "services"): _service(service, f"services.{name}", budget)
        for name, service in _object(document.get("services"), "services").items()
    }
    return {"format": FORMAT, "project": project, "services": services}


def _service(value: Tree, where: str, budget: Budget) -> SavedService:
    fields = _object(value, where, "containers", "linked")
    service: SavedService = {"containers": []}
    if "linked" in fields:
        service["linked"] = _texts(fields["linked"], f"{where}.linked")
    for at, each in enumerate(_list(fields.get("containers"), f"{where}.containers")):
        container = _container(each, f"{where}.containers[{at}]")
        service["containers"].append(container)
        budget.take(_entries(container))
        budget.check()
    return service


def _entries(container: SavedContainer) -> int:
    """Count the ports, networks and names of a container."""
    names = container.get("networks", {}).values()
    ports = len(container.get("ports", ())) + len(container.get("exposed", ()))
    return ports + sum(1 + len(each) for each in names)


def _container(value: Tree, where: str) -> SavedContainer:
    known = ("name", "networks", "ports", "exposed", "network_mode")
    fields = _object(value, where, *known)
    container: SavedContainer = {"name": _text(fields.get("name"), f"{where}.name")}
    if "networks" in fields:
        container["networks"] = {
            _text(network, f"{where}.networks"): _texts(names, f"{where}.networks.{network}")
            for network, names in _object(fields["networks"], f"{where}.networks").items()
        }
    if "exposed" in fields:
        exposed = _list(fields["exposed"], f"{where}.exposed")
        container["exposed"] = [_number(port, f"{where}.exposed") for port in exposed]
    if "network_mode" in fields:
        container["network_mode"] = _text(fields["network_mode"], f"{where}.network_mode")
    if "ports" in fields:
        ports = enumerate(_list(fields["ports"], f"{where}.ports"))
        container["ports"] = [_port(port, f"{where}.ports[{at}]") for at, port in ports]
    return container


def _port(value: Tree, where: str) -> SavedPort:
    fields = _object(value, where, "port", "published", "address", "protocol")
    port: SavedPort = {"port": _number(fields.get("port"), f"{where}.port")}
    if "published" in fields:
        port["published"] = _number(fields["published"], f"{where}.published")
    if "protocol" in fields:
        port["protocol"] = _text(fields["protocol"], f"{where}.protocol")
    if "address" in fields:
        port["address"] = _address(fields["address"], f"{where}.address")
    return port


def _address(value: Tree, where: str) -> str:
    from ipaddress import ip_address

    address = _text(value, where)
    try:
        ip_address(address)
    except ValueError:
        raise Problem(f"{where}: expected an IP address") from None
    return address


def _object(value: Tree, where: str, *known: str) -> dict[str, Tree]:
    if type(value) is not dict:
        raise Problem(f"{where}: expected an object")
    if known and not value.keys() <= set(known):
        raise Problem(f"{where}: only {', '.join(known)} are allowed")
    return value


def _list(value: Tree, where: str) -> list[Tree]:
    if type(value) is not list:
        raise Problem(f"{where}: expected a list")
    return value


def _texts(value: Tree, where: str) -> list[str]:
    return [_text(entry, where) for entry in _list(value, where)]


def _text(text: Tree, where: str) -> str:
    """Check a name: we print it and look it up at name servers."""
    if type(text) is not str or not 0 < len(text) < 256 or not text.isprintable() or " " in text:
        raise Problem(f"{where}: expected a name")
    return text


def _number(value: Tree, where: str) -> int:
    if type(value) is not int or not 0 < value < 65536:
        raise Problem(f"{where}: expected a port")
    return value
