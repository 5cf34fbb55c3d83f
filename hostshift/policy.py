"""What the user has set, as one plain frozen value; and how each setting is read. Pure."""

from __future__ import annotations

from hostshift._record import Record
from hostshift._setting_values import (
    choice,
    entries,
    one_of,
    or_none,
    parse_budget,
    parse_flag,
    parse_path,
    text_of,
)
from hostshift.addresses import format_address, ipv4_value, ipv6_value, is_loopback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike


MODES = ("on", "report", "off")
PREFERENCES = ("host", "sibling")
PROBES = ("auto", "never", "always")
SOURCES = ("engine", "saved", "compose", "dns")

ISOLATIONS = (
    "none", "docker", "podman", "kubernetes", "kata", "lxc", "nspawn", "gvisor", "buildkit",
    "sandbox", "ecs", "lambda", "cloudrun", "containerapps", "fly", "heroku", "appengine",
    "appservice", "render", "railway", "cloudfoundry", "koyeb", "nomad", "unknown",
)  # fmt: skip
NETWORKS = ("host", "own", "shared", "isolated", "unknown")
NAMINGS = ("host", "docker", "podman", "kubernetes", "plain", "unknown")

DEFAULT_BUDGET = 1.0


class Place(Record):
    """A host, a port, or both, as HOSTSHIFT_MAP and HOSTSHIFT_KEEP name them."""

    host: str | None
    port: int | None

    def covers(self, host: str, port: int | None, loopback_names: Iterable[str] = ()) -> bool:
        """Return True if this is the endpoint; ``localhost`` is loopback in any spelling."""
        if self.port is not None and self.port != port:
            return False
        if self.host is None:
            return True
        return same_host(self.host, host, loopback_names)

    def __str__(self) -> str:
        """Write the place as settings do."""
        return str(self.port) if self.host is None else format_address(self.host, self.port)


class MapRule(Record):
    """One declared route: this endpoint is reached there."""

    source: Place
    goal: Place


class Policy(Record):
    """What the user has set. The defaults suit most; see the settings page.

    ``budget`` is in seconds and bounds one resolve.
    """

    mode: str = "on"
    strict: bool = False
    map: tuple[MapRule, ...] = ()
    keep: tuple[Place, ...] = ()
    prefer: str = "host"
    host_address: str | None = None
    probe: str = "auto"
    budget: float = DEFAULT_BUDGET
    sources: tuple[str, ...] = SOURCES
    compose_file: str | None = None
    topology_file: str | None = None
    isolation: str | None = None
    network: str | None = None
    naming: str | None = None
    env: tuple[str, ...] = ()

    def __init__(  # noqa: PLR0913 - one argument a setting
        self,
        *,
        mode: str = "on",
        strict: bool = False,
        map: str | tuple[MapRule | str, ...] = (),  # noqa: A002 - the setting's name
        keep: str | tuple[Place | str | int, ...] = (),
        prefer: str = "host",
        host_address: str | None = None,
        probe: str = "auto",
        budget: float = DEFAULT_BUDGET,
        sources: str | tuple[str, ...] = SOURCES,
        compose_file: str | PathLike[str] | None = None,
        topology_file: str | PathLike[str] | None = None,
        isolation: str | None = None,
        network: str | None = None,
        naming: str | None = None,
        env: str | tuple[str, ...] = (),
    ) -> None:
        """Take lists as tuples or as the text that the settings take.

        Raises:
            SettingError: an argument is none that its ``HOSTSHIFT_*`` variable may have; says
                which, and what is expected. It is a ValueError.

        """
        given = dict(  # noqa: C408 - the arguments, as they are called
            mode=mode,
            strict=strict,
            map=map,
            keep=keep,
            prefer=prefer,
            host_address=host_address,
            probe=probe,
            budget=budget,
            sources=sources,
            compose_file=compose_file,
            topology_file=topology_file,
            isolation=isolation,
            network=network,
            naming=naming,
            env=env,
        )
        super().__init__(**{name: _argument(name, value) for name, value in given.items()})

    def standing(self) -> dict[str, str]:
        """Return what the user says of where this process stands, by question."""
        said = {"isolation": self.isolation, "network": self.network, "naming": self.naming}
        return {question: answer for question, answer in said.items() if answer}

    def looking(self) -> tuple[object, ...]:
        """Return what decides where is looked: two policies alike in this see the same."""
        files = (self.compose_file, self.topology_file)
        return (self.sources, *files, self.host_address, *self.standing().items())

    def choosing(self) -> tuple[object, ...]:
        """Return what decides a choice by observation: two policies alike in this choose alike."""
        return (self.prefer, self.probe, *self.looking())

    def declared(
        self, host: str, port: int | None, loopback_names: Iterable[str] = ()
    ) -> MapRule | None:
        """Return the rule that covers an endpoint; one with a port goes before one without."""
        covering = [rule for rule in self.map if rule.source.covers(host, port, loopback_names)]
        return next(
            (rule for rule in covering if rule.source.port is not None),
            covering[0] if covering else None,
        )

    def kept(self, host: str, port: int | None, loopback_names: Iterable[str] = ()) -> Place | None:
        """Return the entry of HOSTSHIFT_KEEP that covers an endpoint."""
        return next(
            (place for place in self.keep if place.covers(host, port, loopback_names)), None
        )


def same_host(declared: str, host: str, loopback_names: Iterable[str] = ()) -> bool:
    """Compare a host of a setting with one of a string, by value where it is a number."""
    name, other = _name(declared), _name(host)
    if name == other:
        return True
    if name == "localhost":
        return is_loopback(other, loopback_names)
    if ":" in declared:
        return ipv6_value(declared) is not None and ipv6_value(declared) == ipv6_value(host)
    return ipv4_value(declared) is not None and ipv4_value(declared) == ipv4_value(host)


def _name(host: str) -> str:
    """Return a name as DNS compares it: in lower case, without the dot of the root (RFC 1034, 3.1).

    A number stays: with a dot behind it, it is none to any client.
    """
    name = host.lower()
    plain = name.removesuffix(".")
    return name if ipv4_value(plain) is not None else plain


def _argument(name: str, value: object) -> object:
    """Read an argument of Policy.

    Raises:
        SettingError: it is not allowed. Nothing of the value is in its chain of causes.

    """
    try:
        return READERS[name](value)
    except ValueError:
        pass
    from hostshift import _setting_errors

    raise _setting_errors.refuse(name, value)


def parse_sources(value: object) -> tuple[str, ...]:
    """Read a comma list, or a tuple, of topology sources.

    Raises:
        ValueError: one of them does not exist.

    """
    return tuple(one_of(entry, SOURCES) for entry in entries(value))


def parse_host(value: object) -> str:
    """Read a host without a port.

    Raises:
        ValueError: it is none.

    """
    text = text_of(value)
    if ":" in text and ipv6_value(text) is not None:
        return text
    place = parse_place(text)
    if place.host is None or place.port is not None:
        raise ValueError("it is not a host without a port")
    return place.host


def parse_names(value: object) -> tuple[str, ...]:
    """Read a comma list, or a tuple, of names of variables.

    ``*`` and ``?`` stand for what they do in shells.

    Raises:
        ValueError: an entry holds what no name of a variable does.

    """
    names = tuple(text_of(entry).strip() for entry in entries(value))
    for name in names:
        if any(one in "=@/\0" or one.isspace() for one in name):
            from hostshift._setting_errors import shown

            raise ValueError(f"{shown(name)} is no name of a variable")
    return names


def parse_map(value: object) -> tuple[MapRule, ...]:
    """Read a comma list, or a tuple, of ``from=to``.

    Each side is a host or ``host:port``, an IPv6 address in brackets.

    Raises:
        ValueError: an entry is not of that form.

    """
    return tuple(
        entry if isinstance(entry, MapRule) else _rule(text_of(entry)) for entry in entries(value)
    )


def _rule(entry: str) -> MapRule:
    source, equals, goal = entry.partition("=")
    if not equals:
        raise ValueError("an entry is not of the form from=to")
    return MapRule(source=parse_place(source), goal=parse_place(goal))


def parse_keep(value: object) -> tuple[Place, ...]:
    """Read a comma list, or a tuple, of hosts, ports and ``host:port``.

    Raises:
        ValueError: an entry is none of these.

    """
    return tuple(entry if isinstance(entry, Place) else _kept(entry) for entry in entries(value))


def _kept(entry: object) -> Place:
    """Read an entry of HOSTSHIFT_KEEP; a number alone is a port, in a tuple an int as well."""
    if isinstance(entry, int) and not isinstance(entry, bool) and 0 < entry < 65536:
        return Place(host=None, port=entry)
    text = text_of(entry)
    if text.isascii() and text.isdecimal():
        return Place(host=None, port=_port(text))
    return parse_place(text)


def parse_place(text: str) -> Place:
    """Read a host or ``host:port``, an IPv6 address in brackets.

    Raises:
        ValueError: it is neither.

    """
    entry = text.strip()
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        valid = bool(bracket) and ipv6_value(host) is not None and rest[:1] in ("", ":")
        port = rest[1:] if rest else None
    else:
        host, colon, after = entry.partition(":")
        plain = host.replace("-", "").replace(".", "").replace("_", "")
        valid = plain.isascii() and plain.isalnum()
        port = after if colon else None
    if not valid:
        raise ValueError("an entry is neither a host nor host:port (IPv6 goes in brackets)")
    return Place(host=host, port=None if port is None else _port(port))


def _port(text: str) -> int:
    if len(text) > 5 or not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)


READERS: dict[str, Callable[[object], object]] = {
    "mode": choice(*MODES),
    "strict": parse_flag,
    "map": parse_map,
    "keep": parse_keep,
    "prefer": choice(*PREFERENCES),
    "host_address": or_none(parse_host),
    "probe": choice(*PROBES),
    "budget": parse_budget,
    "sources": parse_sources,
    "compose_file": or_none(parse_path),
    "topology_file": or_none(parse_path),
    "isolation": or_none(choice(*ISOLATIONS)),
    "network": or_none(choice(*NETWORKS)),
    "naming": or_none(choice(*NAMINGS)),
    "env": parse_names,
}
"""How each setting is read, from whichever source. What they raise is a ValueError that shows
nothing of the value that may be a secret."""
