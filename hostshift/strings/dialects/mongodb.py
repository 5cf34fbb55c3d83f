"""``mongodb``: the MongoDB drivers' Connection String Specification, as pymongo reads it.

A comma list of hosts before the first ``/`` or ``?``. Raw ``@`` and further
colons in the user information are refused. Sockets end in ``.sock``.
"""

from __future__ import annotations

from hostshift.strings import authority
from hostshift.strings.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start = authority.start_of(text)
    end = authority.first_of(text, "/?", start)
    at = text.rfind("@", start, end)
    if at >= 0 and (text.find("@", start, at) >= 0 or text.count(":", start, at) > 1):
        raise Unreadable("the user information holds a raw @ or a second colon", refused=True)
    return authority.reading("mongodb", text, scheme, at, end, several=True)
