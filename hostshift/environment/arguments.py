"""The arguments of a command that hold addresses of data services, and their answers.

Only whole connection strings count, and what stands behind ``NAME=`` and ``--option=``, by the
rules for variables. A host and a port in two arguments stay: what they belong to, only the
program knows.
"""

from __future__ import annotations

from hostshift.environment.resolve import resolved
from hostshift.environment.values import is_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostshift.resolution.resolver import Resolver


def resolve(words: Sequence[str], resolver: Resolver) -> list[str]:
    """Return the words of a command with the addresses that hold from here.

    Args:
        words: the command and its arguments. The command itself stays.
        resolver: decides the addresses.

    Raises:
        UndecidedError: only with STRICT; names the argument.

    """
    return [word if at == 0 else _resolved(word, at, resolver) for at, word in enumerate(words)]


def _resolved(word: str, at: int, resolver: Resolver) -> str:
    name, start = _place(word, at)
    if not name:
        return word
    text = word[start:]
    return word[:start] + resolved({name: text}, resolver).get(name, text)


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
