"""The format of the saved topology: what is not exactly this is not believed. Pure."""

from __future__ import annotations

from hostshift.topology.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hostshift.topology.budget import Budget

FORMAT = 1


def check(said: object, budget: Budget) -> None:
    """Check a document.

    Args:
        said: what was read.
        budget: the time and the entries that it may take.

    Raises:
        Problem: it is not exactly of this format, or has too much in it.

    """
    document = _object(said, "it", "format", "project", "services")
    if type(document.get("format")) is not int or document["format"] != FORMAT:
        raise Problem(f"format: expected {FORMAT}")
    _text(document.get("project"), "project")
    for name, service in _object(document.get("services"), "services").items():
        where = f"services.{name}"
        _text(name, "services")
        _object(service, where, "containers", "linked")
        _texts(service.get("linked", []), f"{where}.linked")
        for at, container in enumerate(_list(service.get("containers"), f"{where}.containers")):
            _check_container(container, f"{where}.containers[{at}]")
            budget.take(_entries(container))
            budget.check()


def _entries(container: dict[str, Any]) -> int:
    """Count the ports, networks and names of a checked container."""
    lists = (container.get("ports", ()), container.get("exposed", ()))
    names = container.get("networks", {}).values()
    return sum(map(len, lists)) + sum(1 + len(each) for each in names)


def _check_container(said: object, where: str) -> None:
    known = ("name", "networks", "ports", "exposed", "network_mode")
    container = _object(said, where, *known)
    _text(container.get("name"), f"{where}.name")
    for network, names in _object(container.get("networks", {}), f"{where}.networks").items():
        _text(network, f"{where}.networks")
        _texts(names, f"{where}.networks.{network}")
    for port in _list(container.get("exposed", []), f"{where}.exposed"):
        _port(port, f"{where}.exposed")
    if "network_mode" in container:
        _text(container["network_mode"], f"{where}.network_mode")
    for at, out in enumerate(_list(container.get("ports", []), f"{where}.ports")):
        _check_port(out, f"{where}.ports[{at}]")


def _check_port(said: object, where: str) -> None:
    out = _object(said, where, "port", "published", "address", "protocol")
    _port(out.get("port"), f"{where}.port")
    if "published" in out:
        _port(out["published"], f"{where}.published")
    _text(out.get("protocol", "tcp"), f"{where}.protocol")
    from ipaddress import ip_address

    try:
        ip_address(_text(out.get("address", "::"), f"{where}.address"))
    except ValueError:
        raise Problem(f"{where}.address: is no address") from None


def _object(said: object, where: str, *known: str) -> dict[str, Any]:
    if type(said) is not dict:
        raise Problem(f"{where}: expected an object")
    if known and not said.keys() <= set(known):
        raise Problem(f"{where}: may have {', '.join(known)} and no more")
    return said


def _list(said: object, where: str) -> list[Any]:
    if type(said) is not list:
        raise Problem(f"{where}: expected a list")
    return said


def _texts(said: object, where: str) -> None:
    for entry in _list(said, where):
        _text(entry, where)


def _text(said: object, where: str) -> str:
    """Check a name: it is printed, and asked of name servers."""
    if type(said) is not str or not 0 < len(said) < 256 or not said.isprintable() or " " in said:
        raise Problem(f"{where}: expected a name")
    return said


def _port(said: object, where: str) -> None:
    if type(said) is not int or not 0 < said < 65536:
        raise Problem(f"{where}: expected a port")
