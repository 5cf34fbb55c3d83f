"""The evidence on where a process stands: ordered tables, a source beside each row. Pure.

For each question the first row that applies decides. Rows are ordered by
strength: what describes *this* process for certain, then what speaks against a
container for certain, then the weaker signs. A table a module; what several of
them look at is in :mod:`hostshift.evidence.signs`.
"""

from hostshift.evidence.isolation import ISOLATION
from hostshift.evidence.naming import NAMING
from hostshift.evidence.network import NETWORK
from hostshift.evidence.platform import GUEST_PLATFORMS, PLATFORM
from hostshift.evidence.table import Evidence, first

__all__ = [
    "GUEST_PLATFORMS",
    "ISOLATION",
    "NAMING",
    "NETWORK",
    "PLATFORM",
    "Evidence",
    "first",
]
