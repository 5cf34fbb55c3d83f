"""``manage.py hostshift``: where each setting leads from here, and why; secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from hostshift import report, resolver
from hostshift_django._explain import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import CommandParser

    from hostshift.resolution import Resolution


class Command(BaseCommand):
    """Explains the addresses of a project."""

    help = "Explain where the addresses in the settings lead from here."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take names and the form."""
        parser.add_argument("setting", nargs="*", help="only these, such as CACHES")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **given: Any) -> str:
        """Return what Django prints."""
        found, left = explained()
        wanted = tuple(given["setting"])
        found = [one for one in found if not wanted or one[0].startswith(wanted)]
        left = {place: why for place, why in left.items() if not wanted or place.startswith(wanted)}
        if given["json"]:
            return json.dumps(_as_dict(found, left), indent=2)
        return "\n".join(_lines(found, left))


def _as_dict(found: list[tuple[str, Resolution]], left: dict[str, str]) -> dict[str, Any]:
    settings = [{"setting": place, **resolution.as_dict()} for place, resolution in found]
    for one in settings:
        del one["vantage"]
    return {
        "settings": settings,
        "left_alone": left,
        "vantage": resolver.current().vantage().as_dict(),
    }


def _lines(found: list[tuple[str, Resolution]], left: dict[str, str]) -> Iterator[str]:
    for place, resolution in found:
        yield place
        yield from (f"  {line}".rstrip() for line in report.resolution_lines(resolution))
        yield ""
    for place, reason in left.items():
        yield f"{place}  {reason}"
    yield f"seen from  {report.summary(resolver.current().vantage())}"
