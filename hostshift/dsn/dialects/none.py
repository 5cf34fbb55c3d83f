"""``none``: schemes whose strings hold no address that hostshift could rewrite.

These are files (``sqlite``), sockets (``unix``), and ``mongodb+srv``, which has one
name and no port, because its hosts come from DNS.
"""

from __future__ import annotations

from hostshift.dsn.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find nothing, and hide all but the scheme."""
    return Reading(
        dialect="none",
        protocol=scheme.protocol,
        secrets=((text.find("://") + 3, len(text)),),
        trouble="strings of this scheme hold no address that can be rewritten",
    )
