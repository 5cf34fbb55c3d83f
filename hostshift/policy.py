"""What the user has set, as one plain frozen value; and how MAP and KEEP are read. Pure."""

from __future__ import annotations

from hostshift._record import Record
from hostshift.addresses import format_address, ipv4_value, ipv6_value, is_loopback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """A host, a port, or both, as MAP and KEEP name them."""

    host: str | None
    port: int | None

    def covers(self, host: str, port: int | None, loopback_names: Iterable[str] = ()) -> bool:
        """Tell whether an endpoint is meant; ``localhost`` stands for loopback in any spelling."""
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
        map: str | tuple[MapRule, ...] = (),  # noqa: A002 - the setting's name
        keep: str | tuple[Place, ...] = (),
        prefer: str = "host",
        host_address: str | None = None,
        probe: str = "auto",
        budget: float = DEFAULT_BUDGET,
        sources: str | tuple[str, ...] = SOURCES,
        compose_file: str | None = None,
        topology_file: str | None = None,
        isolation: str | None = None,
        network: str | None = None,
        naming: str | None = None,
        env: str | tuple[str, ...] = (),
    ) -> None:
        """Take lists as tuples or as the text that the settings take.

        Raises:
            ValueError: a value is not one of those allowed; says which.

        """
        super().__init__(
            mode=one_of(mode, MODES),
            strict=strict,
            map=parse_map(map) if isinstance(map, str) else map,
            keep=parse_keep(keep) if isinstance(keep, str) else keep,
            prefer=one_of(prefer, PREFERENCES),
            host_address=host_address and parse_host(host_address),
            probe=one_of(probe, PROBES),
            budget=positive(budget),
            sources=parse_sources(sources) if isinstance(sources, str) else sources,
            compose_file=compose_file,
            topology_file=topology_file,
            isolation=isolation and one_of(isolation, ISOLATIONS),
            network=network and one_of(network, NETWORKS),
            naming=naming and one_of(naming, NAMINGS),
            env=parse_names(env) if isinstance(env, str) else env,
        )

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
        """Return the entry of KEEP that covers an endpoint."""
        return next(
            (place for place in self.keep if place.covers(host, port, loopback_names)), None
        )


def same_host(declared: str, host: str, loopback_names: Iterable[str] = ()) -> bool:
    """Compare a host of a setting with one of a string, by value where it is a number."""
    if declared.lower() == host.lower():
        return True
    if declared.lower() == "localhost":
        return is_loopback(host, loopback_names)
    if ":" in declared:
        return ipv6_value(declared) is not None and ipv6_value(declared) == ipv6_value(host)
    return ipv4_value(declared) is not None and ipv4_value(declared) == ipv4_value(host)


def one_of(value: str, allowed: tuple[str, ...]) -> str:
    """Return the value in lower case if it is allowed.

    Raises:
        ValueError: it is not.

    """
    if value.lower() not in allowed:
        raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
    return value.lower()


def positive(seconds: float) -> float:
    """Return a number of seconds that a budget can be.

    Raises:
        ValueError: it is not a number above 0 and up to 60.

    """
    if not 0 < seconds <= 60:
        raise ValueError(f"{seconds!r} is not a number of seconds above 0 and up to 60")
    return seconds


def parse_sources(text: str) -> tuple[str, ...]:
    """Read a comma list of topology sources.

    Raises:
        ValueError: one of them does not exist.

    """
    return tuple(one_of(entry, SOURCES) for entry in _entries(text))


def parse_host(text: str) -> str:
    """Read a host without a port.

    Raises:
        ValueError: it is none.

    """
    if ":" in text and ipv6_value(text) is not None:
        return text
    place = parse_place(text)
    if place.host is None or place.port is not None:
        raise ValueError(f"{text!r} is not a host without a port")
    return place.host


def parse_names(text: str) -> tuple[str, ...]:
    """Read a comma list of names of variables; ``*`` and ``?`` stand for what they do in shells.

    Raises:
        ValueError: an entry holds what no name of a variable does.

    """
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if "=" in name or any(character.isspace() for character in name):
            raise ValueError(f"{name!r} is no name of a variable")
    return names


def parse_map(text: str) -> tuple[MapRule, ...]:
    """Read a comma list of ``from=to``.

    Each side is a host or ``host:port``, an IPv6 address in brackets.

    Raises:
        ValueError: says what is wrong with which entry.

    """
    rules = []
    for entry in _entries(text):
        source, equals, goal = entry.partition("=")
        if not equals:
            raise ValueError(f"{entry!r} is not of the form from=to")
        rules.append(MapRule(source=parse_place(source), goal=parse_place(goal)))
    return tuple(rules)


def parse_keep(text: str) -> tuple[Place, ...]:
    """Read a comma list of hosts, ports and ``host:port``.

    Raises:
        ValueError: says what is wrong with which entry.

    """
    return tuple(
        Place(host=None, port=_port(entry, entry))
        if entry.isascii() and entry.isdecimal()
        else parse_place(entry)
        for entry in _entries(text)
    )


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
        raise ValueError(f"{entry!r} is neither a host nor host:port (IPv6 goes in brackets)")
    return Place(host=host, port=None if port is None else _port(port, entry))


def _port(text: str, entry: str) -> int:
    if len(text) > 5 or not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ValueError(f"{entry!r}: a port is a number from 1 to 65535")
    return int(text)


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]
