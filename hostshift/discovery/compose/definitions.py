"""The services and networks of a file, and how a second file overrides them. Pure.

We keep only keys about names, networks and ports. Each has the merge rule of
compose-go (override/merge.go and override/uncity.go): lists grow, mappings merge, a new
value replaces any other, and null replaces nothing.
"""

from __future__ import annotations

from hostshift.discovery.compose import names, ports
from hostshift.discovery.compose.keys import NETWORK_KEYS, SERVICE_KEYS, TOP_KEYS
from hostshift.discovery.compose.problems import Beyond, Problem
from hostshift.discovery.compose.values import Unset, mapping, number, text, texts, truth
from hostshift.discovery.model import IGNORE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from hostshift.discovery.budget import Budget
    from hostshift.discovery.compose.definition_types import (
        Attachment,
        Deploy,
        DocumentDefinition,
        NetworkDefinition,
        ServiceDefinition,
        ServiceReader,
    )
    from hostshift.discovery.compose.values import Value

    T = TypeVar("T")


def alone(name: str, value: Value) -> ServiceDefinition:
    """Read a service that extends no other one.

    Raises:
        Problem: a value is of the wrong kind.
        Beyond: it does extend one, or uses another feature that we do not know.

    """
    definition = keys(value, f"services.{name}")
    if type(value) is dict and "extends" in value:
        raise Beyond(f"services.{name}: extends")
    return definition


def read(tree: Value, budget: Budget, service: ServiceReader = alone) -> DocumentDefinition:
    """Read one document: its services and networks.

    Args:
        tree: the document, variables replaced.
        budget: the time and the ports that it may take.
        service: reads one of its services.

    Raises:
        Problem: a value is of the wrong kind.
        Beyond: it uses a feature that we leave to compose itself.

    """
    top = mapping(tree, "the file")
    _only_known(top, TOP_KEYS, "the file")
    if top.get("include"):
        raise Beyond("include")
    document: DocumentDefinition = {"services": {}, "networks": {}}
    for name, value in _named(top, "services"):
        definition = document["services"][name] = service(name, value)
        budget.take(len(definition.get("ports", ())) + len(definition.get("expose", ())))
        budget.check()
    for name, value in _named(top, "networks"):
        document["networks"][name] = _network(value, f"networks.{name}")
    return document


def merged(base: DocumentDefinition, over: DocumentDefinition) -> DocumentDefinition:
    """Merge a second document into the first ones."""
    return {
        "services": _merged_each(base["services"], over["services"], merged_service),
        "networks": _merged_each(base["networks"], over["networks"], _merge_network),
    }


def check_complete(document: DocumentDefinition) -> None:
    """Raise Problem where no document so far gives a key a value.

    Compose validates after each document, and whether a service's profile is on or not.
    """
    for service, definition in document["services"].items():
        for key in definition.get("empty", ()):
            if key != "deploy":
                raise Problem(f"services.{service}.{key} has no value")
        if "deploy" in definition and None in definition["deploy"].values():
            raise Problem(f"services.{service}.deploy.replicas has no value")


def _named(top: dict[str, Value], section: str) -> list[tuple[str, Value]]:
    """Return the entries of a section by their names."""
    if section not in top:
        return []
    entries = mapping(top[section], section)
    return [(names.key(name, section), value) for name, value in entries.items()]


def _only_known(entries: dict[str, Value], known: frozenset[str], where: str) -> None:
    """Raise Beyond for an unknown key: it may change what the others mean."""
    if not entries.keys() <= known and any(
        key not in known and not key.startswith("x-") for key in entries
    ):
        raise Beyond(f"{where}: a key that this version does not know")


# --- one service --------------------------------------------------------------------------------


def keys(service: Value, where: str) -> ServiceDefinition:
    """Read a service's own keys in a document, without those that it extends.

    Raises:
        Problem: a value is of the wrong kind.
        Beyond: a key is not known.

    """
    raw = mapping(service, where)
    _only_known(raw, SERVICE_KEYS, where)
    definition: ServiceDefinition = {}
    empty: list[str] = []
    for name, value in raw.items():
        reader = _READERS.get(name)
        if reader is not None and value is not None:
            definition.update(reader(value, f"{where}.{name}"))
        elif reader is not None:
            empty.append(name)
    if empty:
        definition["empty"] = empty
    return definition


def _labels(value: Value, where: str) -> dict[str, str]:
    """Read a list of ``key=value`` or a mapping; a value that is no text becomes ""."""
    if type(value) is list:
        pairs = (_label_text(entry, where).partition("=") for entry in value)
        return {name: after for name, _, after in pairs}
    return {name: _label(name, label) for name, label in mapping(value, where).items()}


def _label_text(entry: Value, where: str) -> str:
    if type(entry) is Unset and "$" not in (name := entry.text.partition("=")[0]):
        return f"{name}={_label(name, entry)}"
    return text(entry, where)


def _label(name: str, value: Value) -> str:
    if type(value) is Unset and name == IGNORE:  # the one label that decides anything
        raise value.problem
    if type(value) is bool:
        return str(value).lower()
    return str(value) if type(value) in (str, int) else ""


def _networks(value: Value, where: str) -> dict[str, Attachment | None]:
    if type(value) is list:
        return dict.fromkeys(texts(value, where))
    return {
        name: None if on is None else _attachment(on, f"{where}.{name}")
        for name, on in mapping(value, where).items()
    }


def _attachment(value: Value, where: str) -> Attachment:
    """Read a service's aliases and fixed addresses on a network."""
    raw = mapping(value, where)
    attachment: Attachment = {}
    if "aliases" in raw:
        attachment["aliases"] = texts(raw["aliases"], f"{where}.aliases")
    if "ipv4_address" in raw:
        attachment["ipv4_address"] = _address(raw["ipv4_address"], f"{where}.ipv4_address")
    if "ipv6_address" in raw:
        attachment["ipv6_address"] = _address(raw["ipv6_address"], f"{where}.ipv6_address")
    return attachment


def _address(value: Value, where: str) -> str:
    return ports.address(text(value, where), where)


def _depends_on(value: Value, where: str) -> dict[str, bool]:
    """Read which services this one needs, and whether each must exist."""
    if type(value) is list:
        return dict.fromkeys(texts(value, where), True)
    needed = {}
    for name, condition in mapping(value, where).items():
        required = mapping(condition, f"{where}.{name}").get("required", True)
        needed[name] = truth(required, f"{where}.{name}.required")
    return needed


def _deploy(value: Value, where: str) -> Deploy:
    raw = mapping(value, where)
    if "replicas" not in raw:
        return {}
    replicas = raw["replicas"]
    return {"replicas": None if replicas is None else number(replicas, f"{where}.replicas")}


def _image(value: Value, where: str) -> bool:
    return type(value) is Unset or bool(text(value, where))


_READERS: dict[str, Callable[[Value, str], ServiceDefinition]] = {
    "build": lambda _value, _where: {"build": True},
    "container_name": lambda value, where: {"container_name": text(value, where)},
    "depends_on": lambda value, where: {"depends_on": _depends_on(value, where)},
    "deploy": lambda value, where: {"deploy": _deploy(value, where)},
    "expose": lambda value, where: {"expose": ports.exposed(value, where)},
    "image": lambda value, where: {"image": _image(value, where)},
    "labels": lambda value, where: {"labels": _labels(value, where)},
    "links": lambda value, where: {"links": texts(value, where)},
    "network_mode": lambda value, where: {"network_mode": text(value, where)},
    "networks": lambda value, where: {"networks": _networks(value, where)},
    "ports": lambda value, where: {"ports": ports.publications(value, where)},
    "profiles": lambda value, where: {"profiles": texts(value, where)},
    "provider": lambda _value, _where: {"provider": True},
    "scale": lambda value, where: {"scale": number(value, where)},
}
"""What reads each key that we keep, if it has a value."""


# --- one network --------------------------------------------------------------------------------


def _network(value: Value, where: str) -> NetworkDefinition | None:
    if value is None:
        return None
    raw = mapping(value, where)
    _only_known(raw, NETWORK_KEYS, where)
    network: NetworkDefinition = {}
    if "name" in raw:
        network["name"] = text(raw["name"], f"{where}.name")
    external = raw.get("external")
    if type(external) is dict:  # the old way to name it
        network["external"] = True
        if "name" in external:
            old = text(external["name"], f"{where}.external.name")
            if network.setdefault("name", old) != old:
                raise Problem(f"{where}: two names")
    elif external is not None:
        network["external"] = truth(external, f"{where}.external")
    return network


# --- merging ------------------------------------------------------------------------------------


def _merged_each(
    base: dict[str, T], over: dict[str, T], merge: Callable[[T, T], T]
) -> dict[str, T]:
    result = dict(base)
    for name, value in over.items():
        result[name] = merge(base[name], value) if name in base else value
    return result


def merged_service(base: ServiceDefinition, over: ServiceDefinition) -> ServiceDefinition:
    """Merge a service of a second document, or a service that extends this one, into a service."""
    result: ServiceDefinition = {**base, **over}
    if "depends_on" in base and "depends_on" in over:
        result["depends_on"] = {**base["depends_on"], **over["depends_on"]}
    if "deploy" in base and "deploy" in over:
        result["deploy"] = _merge_deploy(base["deploy"], over["deploy"])
    if "expose" in base and "expose" in over:
        result["expose"] = _grown(base["expose"], over["expose"])
    if "labels" in base and "labels" in over:
        result["labels"] = {**base["labels"], **over["labels"]}
    if "links" in base and "links" in over:
        result["links"] = _grown(base["links"], over["links"])
    if "networks" in base and "networks" in over:
        result["networks"] = _merged_each(base["networks"], over["networks"], _merge_attachment)
    if "ports" in base and "ports" in over:
        result["ports"] = {**base["ports"], **over["ports"]}
    if "profiles" in base and "profiles" in over:
        result["profiles"] = _grown(base["profiles"], over["profiles"])
    if "empty" in result:
        empty = dict.fromkeys([*base.get("empty", ()), *over.get("empty", ())])
        result["empty"] = [name for name in empty if name not in result]
    return result


def _merge_network(
    base: NetworkDefinition | None, over: NetworkDefinition | None
) -> NetworkDefinition | None:
    return {**base, **over} if base is not None and over is not None else over or base


def _merge_attachment(base: Attachment | None, over: Attachment | None) -> Attachment | None:
    if base is None or over is None:
        return over or base
    result: Attachment = {**base, **over}
    if "aliases" in base and "aliases" in over:
        result["aliases"] = _grown(base["aliases"], over["aliases"])
    return result


def _merge_deploy(base: Deploy, over: Deploy) -> Deploy:
    return {**base, **over} if over.get("replicas") is not None else base or over


def _grown(base: tuple[T, ...], over: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(base + over))
