"""Why we do not use a compose file, beside the reasons that every source has."""

from __future__ import annotations

from hostshift.discovery.problems import Problem

__all__ = ["FIX", "SOURCE", "Beyond", "Missing", "Problem"]

SOURCE = "compose"
FIX = "correct it: docker compose config checks it"
"""What to do about a problem that has no advice of its own."""


class Beyond(Problem):
    """The file is valid, but only compose itself knows what it means."""


class Missing(Problem):
    """A required variable is not set, so one value of the file is unknown."""

    def __init__(self, name: str, where: str = "", line: int | None = None) -> None:
        """Take the variable's name, and the file and line that ask for it."""
        what = f"the variable {name} has to be set"
        super().__init__(what, where, line, fix=f"set {name} in the environment or in .env")
        self.name = name
