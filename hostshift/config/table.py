"""The table of all settings: name, default, reader, what is allowed, what it means.

It makes :class:`~hostshift.config.policy.Policy`, the variables, the files, the messages about
wrong values and the page ``docs/settings.md``. Pure.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.config.choices import (
    ISOLATIONS,
    MODES,
    NAMINGS,
    NETWORKS,
    PREFERENCES,
    PROBES,
    SOURCES,
)
from hostshift.config.places import parse_host, parse_keep, parse_map
from hostshift.config.readers import (
    MOST_BUDGET,
    choice,
    choices,
    or_none,
    parse_budget,
    parse_flag,
    parse_listed,
    parse_path,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Setting(Record):
    """One setting."""

    name: str
    """The keyword of Policy and the key in a file; ``HOSTSHIFT_`` and capitals for a variable."""
    default: object
    read: Callable[[object], object]
    """Reads a value of any type. It raises a ValueError that holds nothing of the value."""
    expected: str
    """What is allowed, for messages and the page."""
    choices: tuple[str, ...] = ()
    """The words that are allowed, if there are only a few."""
    meaning: str
    """What it does, for the page."""


def _choice(name: str, words: tuple[str, ...], default: str, meaning: str) -> Setting:
    return Setting(
        name=name,
        default=default,
        read=choice(*words),
        expected=f"one of {', '.join(words)}",
        choices=words,
        meaning=meaning,
    )


def _stand(name: str, words: tuple[str, ...]) -> Setting:
    """Return the setting that answers one question about where this process stands."""
    return Setting(
        name=name,
        default=None,
        read=or_none(choice(*words)),
        expected=f"one of {', '.join(words)}",
        choices=words,
        meaning=f"The {name} of [where you stand](vantage.md), instead of what hostshift found. "
        "`explain` says that you set it.",
    )


def _path(name: str, meaning: str) -> Setting:
    return Setting(
        name=name,
        default=None,
        read=or_none(parse_path),
        expected="the path of a file",
        meaning=meaning,
    )


SETTINGS = {
    setting.name: setting
    for setting in (
        _choice("mode", MODES, "on", "`report`: explain and log, but change nothing."),
        Setting(
            name="strict",
            default=False,
            read=parse_flag,
            expected="true or false",
            meaning="Raise `UndecidedError` where hostshift has to leave a string as it is.",
        ),
        Setting(
            name="map",
            default=(),
            read=parse_map,
            expected="a comma list of from=to, each a host or host:port, "
            "such as localhost:5432=db:5432",
            meaning="hostshift uses what you declare as it is, without a check. IPv6 goes "
            "in brackets. `localhost` on the left stands for loopback in every spelling. A name "
            "counts in any case, with or without a dot at its end. A rule with a port goes before "
            "one without.",
        ),
        Setting(
            name="keep",
            default=(),
            read=parse_keep,
            expected="a comma list of hosts, ports and host:port, such as localhost:5432",
            meaning="hostshift never touches these.",
        ),
        _choice(
            "prefer",
            PREFERENCES,
            "host",
            "What hostshift asks first for a `localhost` port: the host, or the services of your "
            "own compose project.",
        ),
        Setting(
            name="host_address",
            default=None,
            read=or_none(parse_host),
            expected="a host name or address without a port",
            meaning="How to reach the host from here, instead of what hostshift found.",
        ),
        _choice(
            "probe",
            PROBES,
            "auto",
            "`never`: dial nothing. `always`: also report for each chosen address whether "
            "it answers.",
        ),
        Setting(
            name="budget",
            default=1.0,
            read=parse_budget,
            expected=f"a number of seconds above 0 and up to {MOST_BUDGET}",
            meaning="The longest that one question may wait for servers that stay silent. "
            "See [certainty](certainty.md#how-long-it-takes).",
        ),
        Setting(
            name="sources",
            default=SOURCES,
            read=choices(*SOURCES),
            expected=f"a comma list of {', '.join(SOURCES)}",
            meaning="Which sources hostshift asks [what is around](services.md).",
        ),
        _path("compose_file", "The compose file, for the source `compose`."),
        _path("topology_file", "The saved topology, for the source `saved`."),
        _stand("isolation", ISOLATIONS),
        _stand("network", NETWORKS),
        _stand("naming", NAMINGS),
        Setting(
            name="env",
            default=(),
            read=parse_listed,
            expected="a comma list of NAME, PATTERN*, HOST:PORT, NAME=protocol and -NAME",
            meaning="Other variables that [`env`, `exec` and `resolve_environ`](environment.md) "
            "resolve, whatever they hold, and those that stay (`-NAME`).",
        ),
    )
}
"""All settings by their names, in the order of the page."""
