"""The ``hostshift`` command.

``exec`` starts programs, so it loads no more than it needs. The other commands are in
:mod:`.commands`.
"""

from __future__ import annotations

import sys
from itertools import takewhile

from hostshift.cli.output import INTERRUPTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERBOSE = ("-v", "--verbose")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; ``exec`` does not return if it succeeds."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    flags = list(takewhile(VERBOSE.__contains__, words))
    if words[len(flags) : len(flags) + 1] == ["exec"]:
        from hostshift.cli import exec as launch

        return launch.main([*flags, *words[len(flags) + 1 :]])
    try:
        from hostshift.cli import commands

        return commands.main(words)
    except KeyboardInterrupt:
        return INTERRUPTED
