"""Enter every situation by hand.

python -m tests.lab.situations                         the tables
python -m tests.lab.situations --page docs/detectors.md    and write the one of the page
python -m tests.lab.situations --capture tests/machines    capture each as test data
python -m tests.lab.situations --only podman -- COMMAND    run a command instead, print JSON lines
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import images
from tests.lab.engine import ensure_engine
from tests.lab.errors import LabError
from tests.lab.situations import SITUATIONS, USERS, Situation, Unavailable, run_everywhere
from tests.lab.situations.collect import collect
from tests.lab.situations.grounds import Grounds, grounds
from tests.lab.situations.image import ensure_image
from tests.lab.situations.page import rewritten
from tests.lab.situations.tally import Tally, ask
from tests.lab.stage import host_server

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> int:
    """Enter the situations and print what was said in them."""
    options = _parser().parse_args()
    wheel = images.find_wheel()
    if wheel is None:
        raise LabError("no wheel in dist/ nor in LAB_WHEEL")
    chosen = [found for found in SITUATIONS if options.only in found.name]
    with closing(ensure_engine()) as engine, grounds(engine, ensure_image(engine, wheel)) as ground:
        if options.command:
            return _run(ground, options.command, chosen)
        if options.capture:
            count = collect(ground, chosen, options.capture)
            sys.stdout.write(f"captured {count} situations\n")
            return 0
        tally = _tally(ground, chosen)
    sys.stdout.write("\n".join(tally.lines()) + "\n")
    if options.page:
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(rewritten(page, tally), encoding="utf-8")
    return min(tally.wrong, 1)


def _run(ground: Grounds, command: Sequence[str], situations: Sequence[Situation]) -> int:
    """Run one command everywhere; a line of JSON for each time."""
    for situation, user, outcome in run_everywhere(ground, command, situations=situations):
        said = {"code": outcome.code, "stdout": outcome.stdout, "stderr": outcome.stderr}
        line = json.dumps({"situation": situation.name, "user": user, **said})
        sys.stdout.write(line + "\n")
    return 0


def _tally(ground: Grounds, situations: Sequence[Situation]) -> Tally:
    """Ask everything everywhere."""
    tally, began = Tally(), time.monotonic()
    with host_server("greeting", address="0.0.0.0") as server:
        for situation in situations:
            try:
                with situation.enter(ground) as standing:
                    tally.rows += [ask(situation, standing, user, server.port) for user in USERS]
            except Unavailable as error:
                tally.skipped[situation.name] = str(error)
    tally.seconds = time.monotonic() - began
    return tally


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.situations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", help="situations whose name contains this")
    parser.add_argument("--page", type=Path, help="the page whose table is rewritten")
    parser.add_argument("--capture", type=Path, help="capture each below this directory")
    parser.add_argument("command", nargs="*", help="what to run instead of the detectors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
