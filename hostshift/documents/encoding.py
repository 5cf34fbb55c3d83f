"""The bytes of a file as text, and back without a change. Pure."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.documents.model import DocumentError

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""Byte order marks, with what they say."""
_ONE_BYTE = frozenset(("ini", "properties"))
"""Formats whose files often are in an encoding of one byte a character. Latin-1 keeps each byte,
whichever it is."""


class Encoding(Record):
    """How a file writes its text."""

    mark: bytes = b""
    codec: str = "utf-8"

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text in this encoding.

        Raises:
            DocumentError: it has a character that the encoding lacks.

        """
        try:
            return self.mark + text.encode(self.codec)
        except UnicodeEncodeError:
            pass
        raise DocumentError(None, f"its encoding ({self.codec}) lacks a character of a new address")


def decode(data: bytes, form: str) -> tuple[str, Encoding]:
    """Return the text of a file, and its encoding.

    Args:
        data: the file.
        form: its format.

    Raises:
        DocumentError: it is no text, or its encoding is unknown.

    """
    mark, codec = next((row for row in _MARKS if data.startswith(row[0])), (b"", ""))
    body = data[len(mark) :]
    for name in (codec,) if codec else _codecs(data, form):
        text = _decoded(body, name)
        if text is None:
            continue
        if "\0" in text:
            raise DocumentError(None, "it is binary, not text")
        return text, Encoding(mark=mark, codec=name)
    raise DocumentError(_wrong_line(body), "it is not text in UTF-8: save it as UTF-8")


def _codecs(data: bytes, form: str) -> tuple[str, ...]:
    """Return the encodings that a file without a mark can have, in the order to try."""
    if form == "xml":
        from hostshift.documents.xml_text import declared_encoding

        return (declared_encoding(data) or "utf-8",)
    return ("utf-8", "latin-1") if form in _ONE_BYTE else ("utf-8",)


def _decoded(data: bytes, codec: str) -> str | None:
    """Return the text; None if it would not be written back as it is."""
    try:
        text = data.decode(codec)
        return text if text.encode(codec) == data else None
    except (UnicodeError, LookupError):  # also a name of what is no encoding of texts
        return None


def _wrong_line(data: bytes) -> int | None:
    """Return the line of the first byte that is not UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return None
