"""``sqlalchemy``: SQLAlchemy's URLs (engine/url.py, _parse_url).

User information ends at the first ``@`` behind the first ``:``, else at the last
one before any ``/``. One host in the authority.
"""

from __future__ import annotations

from hostshift.strings import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    start = authority.start_of(text)
    name_end = authority.first_of(text, ":/", start)
    at = text.find("@", name_end) if text.startswith(":", name_end) else -1
    if at < 0:
        at = text.rfind("@", start, name_end)
    end = authority.first_of(text, "/?", at + 1 if at >= 0 else start)
    authority.refuse_parameters(text, end, ("host", "port", "odbc_connect", "service"))
    return authority.reading("sqlalchemy", text, scheme, at, end)
