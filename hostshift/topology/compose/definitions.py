"""What a file says of its services and networks, and how a second file overrides it. Pure.

Only keys that have to do with names, networks and ports are kept. Each has the
merge rule that compose-go gives it (override/merge.go and override/uncity.go):
lists grow, mappings are merged, the rest is replaced, and nothing (null)
replaces nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.topology.compose import names, ports
from hostshift.topology.compose.keys import NETWORK_KEYS, SERVICE_KEYS, TOP_KEYS
from hostshift.topology.compose.problems import Beyond, Problem
from hostshift.topology.compose.values import Unset, mapping, number, text, texts, truth
from hostshift.topology.model import IGNORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.topology.budget import Budget

Definition = dict[str, Any]
"""Of a service or network: its keys, read; None where a file says nothing after the colon."""
if TYPE_CHECKING:
    ServiceReader = Callable[[str, Any], Definition]
    """Reads a service, from its name and what the document says of it."""


def alone(name: str, said: Any) -> Definition:
    """Read a service that extends no other one.

    Raises:
        Problem: something is not of the kind that it has to be.
        Beyond: it does extend one, or uses another feature that is not known here.

    """
    found = keys(said, f"services.{name}")
    if "extends" in said:
        raise Beyond(f"services.{name}: extends")
    return found


def read(tree: Any, budget: Budget, service: ServiceReader = alone) -> Definition:
    """Read one document: its services and networks.

    Args:
        tree: the document, variables replaced.
        budget: the time and the ports that it may take.
        service: how to read one of its services.

    Raises:
        Problem: something is not of the kind that it has to be.
        Beyond: it uses a feature that is left to compose itself.

    """
    top = mapping(tree, "the file")
    _only_known(top, TOP_KEYS, "the file")
    if top.get("include"):
        raise Beyond("include")
    found: Definition = {"services": {}, "networks": {}}
    for name, said in _named(top, "services"):
        one = found["services"][name] = service(name, said)
        budget.take(len(one.get("ports") or ()) + len(one.get("expose") or ()))
        budget.check()
    for name, said in _named(top, "networks"):
        found["networks"][name] = _network(said, f"networks.{name}")
    return found


def merged(base: Definition, over: Definition) -> Definition:
    """Merge what a second document says into what the first ones said."""
    return {
        "services": _merged_each(base["services"], over["services"], merged_service),
        "networks": _merged_each(base["networks"], over["networks"], _merge_network),
    }


def check_complete(said: Definition) -> None:
    """Raise Problem where a key is there, but no document so far gives it a value.

    Compose validates after each document, and whether a service's profile is on or not.
    """
    for service, keys in said["services"].items():
        if None in keys.values():
            for key, value in keys.items():
                if value is None and key != "deploy":
                    raise Problem(f"services.{service}.{key} has no value")
        if "deploy" in keys and None in (keys["deploy"] or {}).values():
            raise Problem(f"services.{service}.deploy.replicas has no value")


def _named(top: dict[str, Any], section: str) -> list[tuple[str, Any]]:
    """Return the entries of a section by their names."""
    if section not in top:
        return []
    entries = mapping(top[section], section)
    return [(names.key(name, section), said) for name, said in entries.items()]


def _only_known(said: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Raise Beyond where a key is not known: it may change what the others mean."""
    if not said.keys() <= known and any(
        key not in known and not key.startswith("x-") for key in said
    ):
        raise Beyond(f"{where}: a key that this version does not know")


# --- one service --------------------------------------------------------------------------------


def keys(said: Any, where: str) -> Definition:
    """Read what a document itself says of a service, without what it extends.

    Raises:
        Problem: something is not of the kind that it has to be.
        Beyond: a key is not known.

    """
    raw = mapping(said, where)
    _only_known(raw, SERVICE_KEYS, where)
    found: Definition = {}
    for name, value in raw.items():
        reader = _READERS.get(name)
        if reader is not None:
            found[name] = None if value is None else reader(value, f"{where}.{name}")
    return found


def _labels(value: Any, where: str) -> dict[str, str]:
    """Read a list of ``key=value`` or a mapping; what is not a text is of no interest here."""
    if type(value) is list:
        pairs = (_label_text(entry, where).partition("=") for entry in value)
        return {name: after for name, _, after in pairs}
    return {name: _label(name, said) for name, said in mapping(value, where).items()}


def _label_text(entry: Any, where: str) -> str:
    if type(entry) is Unset and "$" not in (name := entry.text.partition("=")[0]):
        return f"{name}={_label(name, entry)}"
    return text(entry, where)


def _label(name: str, said: Any) -> str:
    if type(said) is Unset and name == IGNORE:  # the one label that decides anything
        raise said.problem
    if type(said) is bool:
        return str(said).lower()
    return str(said) if type(said) in (str, int) else ""


def _networks(value: Any, where: str) -> dict[str, Definition | None]:
    if type(value) is list:
        return dict.fromkeys(texts(value, where))
    return {
        name: None if said is None else _attachment(said, f"{where}.{name}")
        for name, said in mapping(value, where).items()
    }


def _attachment(said: Any, where: str) -> Definition:
    """Read what a service is on a network: aliases and fixed addresses."""
    raw = mapping(said, where)
    found: Definition = {}
    if "aliases" in raw:
        found["aliases"] = texts(raw["aliases"], f"{where}.aliases")
    for name in ("ipv4_address", "ipv6_address"):
        if name in raw:
            found[name] = ports.address(text(raw[name], f"{where}.{name}"), f"{where}.{name}")
    return found


def _depends_on(value: Any, where: str) -> dict[str, bool]:
    """Read which services are needed, and whether each must be there."""
    if type(value) is list:
        return dict.fromkeys(texts(value, where), True)
    found = {}
    for name, said in mapping(value, where).items():
        required = mapping(said, f"{where}.{name}").get("required", True)
        found[name] = truth(required, f"{where}.{name}.required")
    return found


def _deploy(value: Any, where: str) -> Definition:
    said = mapping(value, where)
    if "replicas" not in said:
        return {}
    replicas = said["replicas"]
    return {"replicas": None if replicas is None else number(replicas, f"{where}.replicas")}


def _present(value: Any, _: str) -> bool:
    return value is not None


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "build": _present,
    "container_name": text,
    "depends_on": _depends_on,
    "deploy": _deploy,
    "expose": ports.exposed,
    "image": lambda value, where: type(value) is Unset or bool(text(value, where)),
    "labels": _labels,
    "links": texts,
    "network_mode": text,
    "networks": _networks,
    "ports": ports.publications,
    "profiles": texts,
    "provider": _present,
    "scale": number,
}


# --- one network --------------------------------------------------------------------------------


def _network(said: Any, where: str) -> Definition | None:
    if said is None:
        return None
    raw = mapping(said, where)
    _only_known(raw, NETWORK_KEYS, where)
    found: Definition = {}
    if "name" in raw:
        found["name"] = text(raw["name"], f"{where}.name")
    external = raw.get("external")
    if type(external) is dict:  # the old way to name it
        found["external"] = True
        if "name" in external:
            old = text(external["name"], f"{where}.external.name")
            if found.setdefault("name", old) != old:
                raise Problem(f"{where}: two names")
    elif external is not None:
        found["external"] = truth(external, f"{where}.external")
    return found


# --- merging ------------------------------------------------------------------------------------


def _merged_each(
    base: dict[str, Any], over: dict[str, Any], merge: Callable[[Any, Any], Any]
) -> dict[str, Any]:
    found = dict(base)
    for name, said in over.items():
        found[name] = merge(base[name], said) if name in base else said
    return found


def merged_service(base: Definition, over: Definition) -> Definition:
    """Merge what a second document, or a service that extends this one, says of a service."""
    found = dict(base)
    for name, value in over.items():
        before = base.get(name)
        if before is None:
            found[name] = value
        elif value is not None:
            found[name] = _MERGERS[name](before, value) if name in _MERGERS else value
    return found


def _merge_network(base: Definition | None, over: Definition | None) -> Definition | None:
    return {**base, **over} if base is not None and over is not None else over or base


def _merge_networks(
    base: dict[str, Definition | None], over: dict[str, Definition | None]
) -> dict[str, Definition | None]:
    return _merged_each(base, over, _merge_attachment)


def _merge_attachment(base: Definition | None, over: Definition | None) -> Definition | None:
    if base is None or over is None:
        return over or base
    found = {**base, **over}
    if "aliases" in base and "aliases" in over:
        found["aliases"] = _grown(base["aliases"], over["aliases"])
    return found


def _merge_deploy(base: Definition, over: Definition) -> Definition:
    return {**base, **over} if over.get("replicas") is not None else base or over


def _grown(base: tuple[Any, ...], over: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(base + over))


def _updated(base: dict[Any, Any], over: dict[Any, Any]) -> dict[Any, Any]:
    return {**base, **over}


_MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    "depends_on": _updated,
    "deploy": _merge_deploy,
    "expose": _grown,
    "labels": _updated,
    "links": _grown,
    "networks": _merge_networks,
    "ports": _updated,
    "profiles": _grown,
}
