"""``manage.py hostshift``: where each setting leads from here, and why; secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from hostshift.detect.describe import summary
from hostshift.resolution import resolver
from hostshift.resolution.result import resolution_lines
from hostshift_django._explain import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import CommandParser

    from hostshift.resolution.result import Resolution


class Command(BaseCommand):
    """Explains the addresses of a project."""

    help = "Explain where the addresses in the settings lead from here."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take names and the form."""
        parser.add_argument("setting", nargs="*", help="only these, such as CACHES")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> str:
        """Return what Django prints."""
        resolutions, left = explained()
        if chosen := tuple(options["setting"]):
            resolutions = [entry for entry in resolutions if entry[0].startswith(chosen)]
            left = {place: why for place, why in left.items() if place.startswith(chosen)}
        if options["json"]:
            return json.dumps(_as_dict(resolutions, left), indent=2)
        return "\n".join(_lines(resolutions, left))


def _as_dict(resolutions: list[tuple[str, Resolution]], left: dict[str, str]) -> dict[str, Any]:
    settings = [{"setting": place, **resolution.as_dict()} for place, resolution in resolutions]
    for entry in settings:
        del entry["vantage"]
    return {
        "settings": settings,
        "left_alone": left,
        "vantage": resolver.current().vantage().as_dict(),
    }


def _lines(resolutions: list[tuple[str, Resolution]], left: dict[str, str]) -> Iterator[str]:
    for place, resolution in resolutions:
        yield place
        yield from (f"  {line}".rstrip() for line in resolution_lines(resolution))
        yield ""
    for place, reason in left.items():
        yield f"{place}  {reason}"
    yield f"seen from  {summary(resolver.current().vantage())}"
