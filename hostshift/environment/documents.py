"""The addresses in a document: a configuration file, or a JSON object in a variable.

The values go by the rules for variables, under the names that variables of theirs would have.
"""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.log import info, warning
from hostshift.documents import format as formats
from hostshift.documents import json_text, names, splice
from hostshift.documents.model import DocumentError
from hostshift.environment.model import Kept, Pair
from hostshift.environment.shapes import has_placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from hostshift.documents.model import Document
    from hostshift.documents.names import Environment
    from hostshift.environment.model import Variable

    Found: TypeAlias = "Sequence[Variable | Pair | Kept]"
    Answer: TypeAlias = "Callable[[Mapping[str, str]], tuple[Found, dict[str, str]]]"


def resolved(text: str, document: Document, form: str, answer: Answer, prefix: str = "") -> str:
    """Return a document's text with the addresses that hold from here; nothing else differs.

    Args:
        text: the document.
        document: what it holds.
        form: its format.
        answer: finds the addresses among variables, and resolves them.
        prefix: what the names of its values begin with: the variable that holds it.

    Raises:
        DocumentError: a new value cannot be written in it.
        UndecidedError: only with STRICT; names the value.

    """
    answers: list[tuple[str, dict[int, str]]] = []
    views = names.environments(document, form, prefix)
    _tell_templates(views)
    for view in views:
        answers += _answers(view, answer)
    changes = {
        number: _in_the_blanks_of(document.scalars[number].value, value)
        for row in _agreeing(answers, document)
        for number, value in row.items()
        if value != document.scalars[number].value.strip()
    }
    return splice.rewritten(text, formats.module(form), document, changes) if changes else text


def of_json(name: str, value: str) -> list[Environment]:
    """Return the fields of JSON in a variable, by names; none if the value is no JSON."""
    try:
        return names.environments(json_text.read(value), "json", f"{name}_")
    except DocumentError:
        return []


def _answers(view: Environment, answer: Answer) -> Iterator[tuple[str, dict[int, str]]]:
    """Yield for each address its name, and the values of its scalars: one, or host and port."""
    values = dict(view.values)
    for name in _templates(view):
        if not name.upper().endswith("PORT"):  # a port that nobody knows keeps its host as well
            del values[name]
    found, changes = answer(values)
    for place in found:
        if isinstance(place, Kept):
            continue
        both = [name for name in _names(place) if name in view.numbers]
        new = values if _needs_a_port(place, changes, view) else values | changes
        yield both[0], {view.numbers[name]: new[name] for name in both}
    for name in view.fixed.difference(*(_names(place) for place in found)):
        yield name, {view.numbers[name]: view.values[name]}


def _needs_a_port(place: Variable | Pair, changes: dict[str, str], view: Environment) -> bool:
    """Return True if a port changes that is not in the file, as libpq's in an environment can."""
    if not isinstance(place, Pair) or place.port in view.numbers or place.port not in changes:
        return False
    name, port = redaction.name(place.host), redaction.name(place.port)
    warning("%s stays as it is: the port changes as well; set %s", name, port)
    return True


def _tell_templates(views: Iterable[Environment]) -> None:
    """Log each template once, under the first name that it has."""
    first: dict[int, str] = {}
    for view in views:
        for name in _templates(view):
            first.setdefault(view.numbers[name], name)
    for name in first.values():
        info("%s stays as it is: it is a template", redaction.name(name))


def _templates(view: Environment) -> list[str]:
    return [name for name, value in view.values.items() if has_placeholder(value)]


def _names(place: Variable | Pair | Kept) -> tuple[str, ...]:
    """Return the variables of a place; none if it stays."""
    if isinstance(place, Kept):
        return ()
    return (place.host, place.port) if isinstance(place, Pair) else (place.name,)


def _agreeing(
    answers: Iterable[tuple[str, dict[int, str]]], document: Document
) -> list[dict[int, str]]:
    """Return the answers of which no scalar has another value in some other one.

    A host can be used with several ports, by YAML's merge keys, the defaults of an INI file or a
    name that stands twice. It has one text in the file. So it stays if it had to become two.
    """
    left = list(answers)
    values: dict[int, set[str]] = {}
    for _, answer in left:
        for number, value in answer.items():
            values.setdefault(number, set()).add(value)
    out = True
    while out:
        good, out = [], False
        for name, answer in left:
            if all(len(values[number]) == 1 for number in answer):
                good.append((name, answer))
                continue
            out = True
            info("%s stays as it is: it would need two values", redaction.name(name))
            for number in answer:  # what goes with it stays as well
                values[number].add(document.scalars[number].value.strip())
        left = good
    return [answer for _, answer in left]


def _in_the_blanks_of(old: str, value: str) -> str:
    """Return a value with the blanks that are around the old one."""
    bare = old.strip()
    before, _, after = old.partition(bare)
    return f"{before}{value}{after}"
