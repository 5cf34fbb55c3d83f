"""The arguments of a command that hold addresses of data services, and their answers.

Only whole connection strings count, and what stands behind ``NAME=`` and ``--option=``, by the
rules for variables. A host and a port in two arguments stay: what they belong to, only the
program knows.
"""

from __future__ import annotations

from hostshift.base.server_names import SOCKET_NAMES
from hostshift.environment.find import places
from hostshift.environment.model import Kept, Pair
from hostshift.environment.names import normal
from hostshift.environment.resolve import resolved
from hostshift.environment.values import is_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.resolution.resolver import Resolver

HAS_PORT = "another argument may hold its port"


def resolve(words: Sequence[str], resolver: Resolver) -> list[str]:
    """Return the words of a command with the addresses that hold from here.

    Args:
        words: the command and its arguments. The command itself stays.
        resolver: decides the addresses.

    Raises:
        UndecidedError: only with STRICT; names the argument.

    """
    has_port, sockets = any(map(_may_be_port, words[1:])), _sockets(words[1:])
    return [
        word if at == 0 else _resolved(word, at, resolver, sockets, has_port=has_port)
        for at, word in enumerate(words)
    ]


def _resolved(
    word: str, at: int, resolver: Resolver, sockets: Mapping[str, str], *, has_port: bool
) -> str:
    name, start = _place(word, at)
    if not name:
        return word
    text = word[start:]
    given = {name: text}
    found = [*places(given, resolver.policy.env)]
    if has_port:
        found = [
            _kept(each) if isinstance(each, Pair) and not each.listed else each for each in found
        ]
    new = resolved({**sockets, **given}, resolver, found=found)
    return word[:start] + new.get(name, text)


def _sockets(words: Sequence[str]) -> dict[str, str]:
    """Return the options that name Unix sockets: ``--mysql-socket=/x``, ``--mysql-socket /x``."""
    sockets = {}
    for word, behind in zip(words, (*words[1:], ""), strict=True):
        option, equals, value = word.partition("=")
        name = option.lstrip("-")
        if word[:1] == "-" and normal(name).endswith(tuple(SOCKET_NAMES)):
            sockets[name] = value if equals else behind
    return sockets


def _may_be_port(word: str) -> bool:
    """Return True for what holds a port, or comes before one: ``--port=1``, ``PORT=1``, ``-p1``."""
    option = word.partition("=")[0].lower()
    is_short = option[:2] == "-p" and (not option[2:] or option[2:].isdecimal())
    return is_short or option.endswith("port")


def _kept(pair: Pair) -> Kept:
    """Leave a host alone: hostshift would choose its server by a default port."""
    step = "write host and port in one argument"
    return Kept(name=pair.host, reason=HAS_PORT, step=step, recognised=True)


def _place(word: str, at: int) -> tuple[str, int]:
    """Return a name for the address in an argument, and where it begins; no name for no address."""
    option, equals, value = word.partition("=")
    name = option.lstrip("-")
    is_named = equals and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if is_named and (word[0] == "-" or is_data(value)):
        return name, len(option) + 1
    # A keyword string has several: ``host=db dbname=shop``. One alone may be anybody's option.
    if is_data(word) and (not is_named or word.count("=") > 1):
        return f"argument_{at}", 0
    return (name, len(option) + 1) if is_named else ("", 0)
