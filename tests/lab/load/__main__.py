"""Print the table for one wheel: ``python -m tests.lab.load --wheel FILE``."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.lab import images
from tests.lab.engine import wanted_engine
from tests.lab.load.run import LOADS, Run
from tests.lab.load.table import lines
from tests.lab.stage import Stage

SIZE = 60


def main() -> None:
    """Ask everything, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.load", description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="the hostshift wheel to try")
    parser.add_argument("--size", type=int, default=SIZE, help="fresh processes a row")
    parser.add_argument("--loads", nargs="+", choices=LOADS, default=LOADS, help="all by default")
    options = parser.parse_args()
    began = time.monotonic()
    with closing(wanted_engine()) as engine:
        image = images.ensure_app_image(engine, options.wheel)
        with Stage(engine) as stage:
            run = Run(stage, options.size, options.loads)
            counted = list(run.everything(image, options.wheel))
    for line in lines(counted):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s in all\n")


if __name__ == "__main__":
    main()
