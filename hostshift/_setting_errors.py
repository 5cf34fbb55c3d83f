"""What is said of a wrong setting: what was given (never a secret), and what is expected.

Loaded only where a setting is wrong.
"""

from __future__ import annotations

from hostshift import policy
from hostshift._setting_values import MOST_BUDGET
from hostshift.errors import SettingError
from hostshift.redaction import MOST_SHOWN, shape

EXPECTED = {
    "mode": f"one of {', '.join(policy.MODES)}",
    "strict": "true or false",
    "map": "a comma list of from=to, each a host or host:port, such as localhost:5432=db:5432",
    "keep": "a comma list of hosts, ports and host:port, such as localhost:5432",
    "prefer": f"one of {', '.join(policy.PREFERENCES)}",
    "host_address": "a host name or address without a port",
    "probe": f"one of {', '.join(policy.PROBES)}",
    "budget": f"a number of seconds above 0 and up to {MOST_BUDGET}",
    "sources": f"a comma list of {', '.join(policy.SOURCES)}",
    "compose_file": "the path of a file",
    "topology_file": "the path of a file",
    "isolation": f"one of {', '.join(policy.ISOLATIONS)}",
    "network": f"one of {', '.join(policy.NETWORKS)}",
    "naming": f"one of {', '.join(policy.NAMINGS)}",
    "env": "a comma list of names of variables, with * and ?",
}
"""What each setting may be."""

CHOICES = {
    "mode": policy.MODES,
    "prefer": policy.PREFERENCES,
    "probe": policy.PROBES,
    "isolation": policy.ISOLATIONS,
    "network": policy.NETWORKS,
    "naming": policy.NAMINGS,
}
"""The settings that are one word of a few."""
MOST_DIGITS, MOST_ENTRIES = 20, 5


def shown(value: object) -> str:
    """Show what was given, unless it may hold a secret.

    A text is shown as its shape: a string with a password may stand where a word belongs.
    """
    if isinstance(value, (bool, float)) or value is None:
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**MOST_DIGITS else "a number of many digits"
    if isinstance(value, (tuple, list)) and len(value) <= MOST_ENTRIES:
        # No deeper: a file may nest lists as deep as it likes.
        entries = (
            f"a {type(one).__name__}" if isinstance(one, (tuple, list)) else shown(one)
            for one in value
        )
        return f"({', '.join(entries)})"
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    return shape(value)


def wrong(where: str, name: str, value: object) -> str:
    """Say of a setting where it stands, what was given and what is expected."""
    from difflib import get_close_matches

    word = value[:MOST_SHOWN].lower() if isinstance(value, str) else ""
    near = get_close_matches(word, CHOICES.get(name, ()), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{where} = {shown(value)} is not allowed: expected {EXPECTED[name]}{hint}"


def refuse(name: str, value: object) -> SettingError:
    """Return the error for an argument of Policy."""
    return SettingError(wrong(f"Policy: {name}", name, value))
