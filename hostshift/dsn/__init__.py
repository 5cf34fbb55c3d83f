"""Connection strings as text: find hosts and ports, write others, hide secrets. Pure.

No parser can write back exactly what it read. So this package rebuilds nothing: it
finds the spans of hosts and ports, splices new values in, and copies every other byte.
"""

from hostshift.dsn.dialects import DIALECTS
from hostshift.dsn.masking import mask
from hostshift.dsn.model import (
    MOST_ADDRESSES,
    MOST_CHARACTERS,
    Endpoint,
    Reading,
    Slot,
    Unreadable,
    Unwritable,
)
from hostshift.dsn.parse import read
from hostshift.dsn.schemes import default_port, scheme_protocol
from hostshift.dsn.splice import splice

__all__ = [
    "DIALECTS",
    "MOST_ADDRESSES",
    "MOST_CHARACTERS",
    "Endpoint",
    "Reading",
    "Slot",
    "Unreadable",
    "Unwritable",
    "default_port",
    "mask",
    "read",
    "scheme_protocol",
    "splice",
]
