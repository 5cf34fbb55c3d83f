"""Connection strings as text: find hosts and ports, write others, hide secrets. Pure.

No parser can write back what it read. So nothing is parsed and rebuilt: the
spans of hosts and ports are found, new values are spliced in, and every other
byte is copied.
"""

from hostshift.strings.choose import DIALECTS, read
from hostshift.strings.masking import mask
from hostshift.strings.model import (
    MOST_ADDRESSES,
    MOST_CHARACTERS,
    Endpoint,
    Reading,
    Slot,
    Unreadable,
    Unwritable,
)
from hostshift.strings.schemes import default_port, scheme_protocol
from hostshift.strings.splice import splice

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
