"""The addresses in a document: a configuration file, or a JSON object in a variable.

The values go by the rules for variables, under the names that variables of theirs would have.
"""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.log import info
from hostshift.documents import format as formats
from hostshift.documents import json_text, names, splice
from hostshift.documents.model import DocumentError
from hostshift.environment.model import Kept, Pair
from hostshift.environment.names import port_name
from hostshift.environment.shapes import has_placeholder
from hostshift.resolution import named_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from hostshift.documents.model import Document
    from hostshift.documents.names import Environment
    from hostshift.environment.model import Call, Variable
    from hostshift.resolution.named_values import Held

    Found: TypeAlias = "Sequence[Variable | Pair | Kept]"
    Answer: TypeAlias = "Callable[[Mapping[str, str]], tuple[Found, dict[str, str]]]"


HOST_ENDINGS = ("HOST", "HOSTNAME", "SERVER")
"""What names of hosts end with."""
TWO_VALUES = "it would need two values, as its text is shared"
APART = "give each place a host and a port of its own"


class _Answer:
    """The values of the scalars of one address: one, or host and port."""

    def __init__(self, name: str, values: dict[int, str], held: Sequence[Held] = ()) -> None:
        """Take the name, the values by the numbers of scalars, and the lines not yet logged."""
        self.name, self.values, self.held = name, values, held


def resolved(
    text: str, document: Document, form: str, answer: Answer, call: Call, prefix: str = ""
) -> str:
    """Return a document's text with the addresses that hold from here; nothing else differs.

    Args:
        text: the document.
        document: what it holds.
        form: its format.
        answer: finds the addresses among variables, and resolves them.
        call: what it resolves with.
        prefix: what the names of its values begin with: the variable that holds it.

    Raises:
        DocumentError: a new value cannot be written in it.
        UndecidedError: only with STRICT; names the value.

    """
    outer, answers, beside = call.report.held, list[_Answer](), dict[int, set[int]]()
    views = names.environments(document, form, prefix)
    _tell_templates(views)
    try:
        for view in views:
            call.report.held = []
            answers += _answers(view, answer, call, beside)
    finally:
        call.report.held = outer
    good = _agreeing(answers, document, call, beside)
    for each in good:
        _tell_changes(each, call)
    changes = {
        number: _in_the_blanks_of(document.scalars[number].value, value)
        for each in good
        for number, value in each.values.items()
        if value != document.scalars[number].value.strip()
    }
    return splice.rewritten(text, formats.module(form), document, changes) if changes else text


def _tell_changes(answer: _Answer, call: Call) -> None:
    """Log what changes, once nothing speaks against it."""
    for name, decision, mode in answer.held:
        named_values.changed(name, decision, call.resolver, mode, call.report.held)


def of_json(name: str, value: str) -> list[Environment]:
    """Return the fields of JSON in a variable, by names; none if the value is no JSON."""
    try:
        return names.environments(json_text.read(value), "json", f"{name}_")
    except DocumentError:
        return []


def _answers(
    view: Environment, answer: Answer, call: Call, beside: dict[int, set[int]]
) -> Iterator[_Answer]:
    """Yield the answer for each address; note what stands beside each other and is none."""
    values = dict(view.values)
    for name in _templates(view):
        # A port or a socket that nobody knows keeps its host as well.
        if not name.upper().endswith(("PORT", "SOCKET")):
            del values[name]
    found, changes = answer(values)
    held = call.report.held or ()
    for place in found:
        if isinstance(place, Kept):
            continue
        both = [name for name in _names(place) if name in view.numbers]
        lines = [each for each in held if _is_of(each[0], place)]
        new = values | changes
        if isinstance(place, Pair) and _needs_a_port(place, changes, view):
            reason = f"the port changes as well; set {redaction.name(place.port)}"
            _left(place.host, lines, reason, f"set {redaction.name(place.port)}", call)
            new, lines = values, []
        yield _Answer(both[0], {view.numbers[name]: new[name] for name in both}, lines)
    used = {name for place in found for name in _names(place)}
    for name in view.numbers.keys() - used:
        port = port_name(name)
        if port != name and port in view.numbers and name.upper().endswith(HOST_ENDINGS):
            beside.setdefault(view.numbers[name], set()).add(view.numbers[port])
            beside.setdefault(view.numbers[port], set()).add(view.numbers[name])
    for name in view.fixed - used:
        yield _Answer(name, {view.numbers[name]: view.values[name]})


def _is_of(line: str, place: Variable | Pair) -> bool:
    """Return True if a line that begins with a name is about a place, or a field in its JSON."""
    if isinstance(place, Pair):
        return line == redaction.name(place.host)
    name = redaction.name(place.name)
    return line == name or (place.is_json and line.startswith(f"{name}_"))


def _needs_a_port(pair: Pair, changes: dict[str, str], view: Environment) -> bool:
    """Return True if a port changes that is not in the file, as libpq's in an environment can."""
    return pair.port not in view.numbers and pair.port in changes


def _left(name: str, held: Iterable[Held], reason: str, step: str, call: Call) -> None:
    """Log why an address stays that could be decided alone, in the place of its change.

    Raises:
        UndecidedError: only with STRICT; names the value.

    """
    shown = redaction.name(name)
    call.report.withdrawn(held)
    call.report.kept(shown, reason, step)
    named_values.left_by_name(shown, reason, step, call.resolver, call.settings)


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
    answers: Iterable[_Answer], document: Document, call: Call, beside: Mapping[int, set[int]]
) -> list[_Answer]:
    """Return the answers of which no scalar has another value in some other one.

    A host can be used with several ports, by YAML's merge keys, the defaults of an INI file or a
    name that stands twice. It has one text in the file. So it stays if it had to become two, or
    if it also stands beside another port of which nobody knows whose it is.
    """
    left = list(answers)
    values: dict[int, set[str]] = {}
    for each in left:
        for number, value in each.values.items():
            values.setdefault(number, set()).add(value)
    out = True
    while out:
        good, out = [], False
        for each in left:
            apart = each.held and any(
                not beside.get(number, set()) <= each.values.keys() for number in each.values
            )
            if not apart and all(len(values[number]) == 1 for number in each.values):
                good.append(each)
                continue
            out = True
            if each.held:
                _left(each.name, each.held, TWO_VALUES, APART, call)
            for number in each.values:  # what goes with it stays as well
                values[number].add(document.scalars[number].value.strip())
        left = good
    return left


def _in_the_blanks_of(old: str, value: str) -> str:
    """Return a value with the blanks that are around the old one."""
    bare = old.strip()
    before, _, after = old.partition(bare)
    return f"{before}{value}{after}"
