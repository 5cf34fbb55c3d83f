"""Variables of libpq that decide where it connects, whatever a string names. Pure data."""

from __future__ import annotations

SAY_MORE_VARIABLES = ("PGHOSTADDR", "PGSERVICE")
"""The same for libpq and asyncpg: a variable fills in for a parameter that the string lacks
(libpq 34.15), so these count although the string has a host."""
