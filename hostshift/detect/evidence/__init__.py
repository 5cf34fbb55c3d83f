"""The evidence on where a process stands: ordered tables, a source beside each row. Pure.

For each question the first row that applies decides. The order of rows is their
strength: certain signs of *this* process, then certain signs against a container, then the
weaker ones. Each table has a module. :mod:`hostshift.detect.evidence.predicates` has the
signs that several of them use.
"""

from hostshift.detect.evidence.isolation import ISOLATION
from hostshift.detect.evidence.naming import NAMING
from hostshift.detect.evidence.network import NETWORK
from hostshift.detect.evidence.platform import GUEST_PLATFORMS, PLATFORM
from hostshift.detect.evidence.table import Evidence, evaluate

__all__ = [
    "GUEST_PLATFORMS",
    "ISOLATION",
    "NAMING",
    "NETWORK",
    "PLATFORM",
    "Evidence",
    "evaluate",
]
