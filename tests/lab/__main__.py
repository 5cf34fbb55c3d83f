"""Bring the lab up, take it down, or look at it: ``python -m tests.lab up``."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.lab import daemon, images, leftovers
from tests.lab.engine import Engine, ensure_engine, find_engine, stop_engine
from tests.lab.errors import LabError
from tests.lab.state import state_dir


def up(wheel: Path | None) -> str:
    """Make sure of an engine and the images."""
    began = time.monotonic()
    with closing(ensure_engine()) as engine:
        leftovers.remove_dead(engine)
        names = [images.ensure_lab_image(engine)]
        if found := wheel or images.find_wheel():
            names.append(images.ensure_app_image(engine, found))
        else:
            names.append("no app image (no wheel in dist/, none given)")
    seconds = time.monotonic() - began
    return f"up in {seconds:.1f} s: {engine.summary}; {', '.join(names)}"


def down(*, with_images: bool) -> str:
    """Remove the lab's containers and networks, and stop an engine of its own."""
    if (engine := find_engine()) is None:
        return "down: no engine runs"
    with closing(engine):
        leftovers.remove_all(engine)
        if with_images:
            for name in images.our_images(engine):
                engine.client.images.remove(name, force=True)
    stopped = stop_engine()
    images_too = "images too" if with_images else "images stay"
    engine_too = "engine stopped" if stopped else "engine was not ours, it stays"
    return f"down: containers and networks removed, {images_too}, {engine_too}"


def status() -> str:
    """Tell what there is."""
    if (engine := find_engine()) is None:
        return f"no engine runs; state is kept in {state_dir()}"
    with closing(engine):
        lines = [engine.summary, *_things(engine), f"state: {state_dir()}"]
    if engine.started_by_lab:
        lines.append(f"engine log: {daemon.log_file()}")
    return "\n".join(lines)


def _things(engine: Engine) -> list[str]:
    """List images, containers and networks, one a line."""
    return [
        *(f"image {name}" for name in images.our_images(engine)),
        *(
            f"container {container.attrs['Names'][0].strip('/')}"
            for container in leftovers.containers(engine, leftovers.SESSION)
        ),
        *(f"network {network.name}" for network in leftovers.networks(engine, leftovers.SESSION)),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run one command, and end with one line that says how it went."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "up":
                line = up(options.wheel)
            case "down":
                line = down(with_images=options.images)
            case _:
                line = status()
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    sys.stdout.write(f"lab: {line}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    upping = commands.add_parser("up", help="engine and images")
    upping.add_argument("--wheel", type=Path, help="the hostshift wheel to install")
    downing = commands.add_parser("down", help="containers, networks, our own engine")
    downing.add_argument("--images", action="store_true", help="the images as well")
    commands.add_parser("status", help="what there is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
