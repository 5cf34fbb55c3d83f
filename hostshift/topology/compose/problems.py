"""Why a compose file is not believed, beside the reasons that every source has."""

from __future__ import annotations

from hostshift.topology.problems import Problem

__all__ = ["FIX", "SOURCE", "Beyond", "Missing", "Problem"]

SOURCE = "compose"
FIX = "correct it: docker compose config checks it"
"""What to do about a problem that has no advice of its own."""


class Beyond(Problem):
    """The file is in order, but only compose itself can say what it means."""


class Missing(Problem):
    """A variable has to be set and is not: one value of the file is not known."""

    def __init__(self, name: str, where: str = "", line: int | None = None) -> None:
        """Take the variable's name, and the file and line that ask for it."""
        what = f"the variable {name} has to be set"
        super().__init__(what, where, line, fix=f"set {name} in the environment or in .env")
        self.name = name
