"""Write new values into a file, and prove that nothing else has changed. Pure.

Only the characters of a value that differ are replaced. So an escape, a quote or a fold beside
them stays as it was written. Then the file is read again, by this package and by the format's
reference parser: both must see the old values with those changes, and nothing else.
"""

from __future__ import annotations

from hostshift.documents.model import DocumentError, line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.documents.model import Document, Format, Leaf, Scalar, Unit

_MOST_COMPARED = 4096
"""The longest value whose changes are found one by one: the time grows with its square."""


def rewritten(text: str, form: Format, document: Document, changes: Mapping[int, str]) -> str:
    """Return a file with new values.

    Args:
        text: the file.
        form: the module of its format.
        document: what it holds.
        changes: new values by the numbers of scalars.

    Raises:
        DocumentError: a value cannot be written there.

    """
    edits: list[tuple[int, int, str]] = []
    for number, value in changes.items():
        edits += _edits(text, form, document.scalars[number], value)
    parts, at = [], 0
    for start, end, piece in sorted(edits):
        parts += [text[at:start], piece]
        at = end
    new = "".join([*parts, text[at:]])
    _prove(text, new, form, document, changes)
    return new


def _edits(text: str, form: Format, scalar: Scalar, value: str) -> list[tuple[int, int, str]]:
    """Return what to replace in a file, so that a scalar has another value.

    Raises:
        DocumentError: its style cannot hold the value, or its characters are not found.

    """
    units = form.units(text, scalar)
    if "".join(unit[0] for unit in units) != scalar.value:
        why = f"a value in this style ({scalar.style}) cannot be changed"
        raise DocumentError(line_of(text, scalar.span[0]), why)
    edits = []
    for start, end, piece in _differences(scalar.value, value):
        encoded = form.encoded(piece, scalar) if piece else ""
        if encoded is None:
            why = f"the new value cannot be written in this style ({scalar.style})"
            raise DocumentError(line_of(text, scalar.span[0]), why)
        edits.append((*_place(units, start, end, scalar), encoded))
    return edits


def _place(units: list[Unit], start: int, end: int, scalar: Scalar) -> tuple[int, int]:
    """Return where the characters from ``start`` to ``end`` stand in the file."""
    if end > start:
        return units[start][1], units[end - 1][2]
    at = units[start - 1][2] if start else units[0][1] if units else scalar.span[0]
    return at, at


def _differences(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Yield the parts of a text that differ, with what stands there in another."""
    if len(old) > _MOST_COMPARED or len(new) > _MOST_COMPARED:
        yield _middle(old, new)
        return
    from difflib import SequenceMatcher

    for kind, start, end, new_start, new_end in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            yield start, end, new[new_start:new_end]


def _middle(old: str, new: str) -> tuple[int, int, str]:
    """Return the part between the common beginning and the common end of two texts."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    return start, len(old) - end, new[start : len(new) - end]


def _common(left: str, right: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(left, right, strict=False))
    shorter = min(len(left), len(right))
    return next((at for at, (first, second) in pairs if first != second), shorter)


def _prove(
    text: str, new: str, form: Format, document: Document, changes: Mapping[int, str]
) -> None:
    """Read the new file, and compare.

    Raises:
        DocumentError: it does not hold the old values with those changes.

    """
    scalars = [(scalar.path, scalar.style, scalar.value) for scalar in document.scalars]
    leaves: list[Leaf] = list(document.leaves)
    for number, value in changes.items():
        scalar = document.scalars[number]
        scalars[number] = (scalar.path, scalar.style, value)
        if scalar.leaf >= 0:
            leaves[scalar.leaf] = (*leaves[scalar.leaf][:2], value)
    try:
        after = form.read(new)
    except DocumentError as error:
        line, same = error.line, False
    else:
        seen = [(scalar.path, scalar.style, scalar.value) for scalar in after.scalars]
        line, same = None, seen == scalars and list(after.leaves) == leaves
    if not same:
        first = min((document.scalars[number].span[0] for number in changes), default=0)
        raise DocumentError(
            line or line_of(text, first),
            "a program would read more than the new addresses otherwise: nothing is written",
        )


def check(document: Document) -> Document:
    """Return a document if the reference parser reads the same values.

    Raises:
        DocumentError: it reads others.

    """
    for scalar in document.scalars:
        if scalar.leaf >= 0 and document.leaves[scalar.leaf][2] != scalar.value:
            raise DocumentError(None, "the positions of its values cannot be found")
    return document
