"""The ``hostshift`` command.

``exec`` starts programs, so it loads no more than it needs; the others are in
:mod:`.commands`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; ``exec`` does not come back."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["exec"]:
        from hostshift.cli import exec as launch

        return launch.main(given[1:])
    from hostshift.cli import commands

    return commands.main(given)
