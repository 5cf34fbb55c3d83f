"""The system check: addresses that are not clear or do not answer, each with the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Info
from django.core.checks import Warning as Doubt

from hostshift.resolution import resolver
from hostshift_django import _settings
from hostshift_django._explain import NOTHING, STRANGE, explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.resolution.result import Resolution
    from hostshift.routing.model import Decision

UNDECIDED, UNREACHED, UNKNOWN = "hostshift.W001", "hostshift.W002", "hostshift.W003"
RESOLVED, LEFT, PRODUCERS = "hostshift.I001", "hostshift.I002", "hostshift.I003"

FAILURES = {
    "refused": "it refuses connections",
    "closed": "it accepts connections and ends them at once",
    "silent": "it does not answer in time",
    "unreachable": "no route leads to it",
}
HANG_UPS_COUNT = "mysql"
"""The protocol whose servers lock clients out that hang up too often (max_connect_errors)."""
NEAR = frozenset(("host", "here", "service"))
"""Targets on this machine: the check may dial their addresses."""


def check(app_configs: Any, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Warn of addresses that are not clear or do not answer. Dial no far one."""
    if resolver.current().policy.mode == "off":
        return []
    resolutions, left = explained()
    return [
        *_unknown(resolutions),
        *_strange(left),
        *_undecided(resolutions),
        *_unreached(resolutions),
        *_resolved(resolutions),
        *_left(left),
        *_producers(resolutions),
    ]


def _resolved(resolutions: list[tuple[str, Resolution]]) -> Iterator[CheckMessage]:
    """List the addresses that are others from here: in one message, as every start shows it."""
    lines = [
        f"{place}: {decision.before} is {decision.after} from here: {decision.reason}"
        for place, resolution in resolutions
        for decision in resolution.decisions
        if resolution.changed and decision.changed
    ]
    if lines:
        several = (
            "1 address is another" if len(lines) == 1 else f"{len(lines)} addresses are others"
        )
        text = "\n\t".join((f"hostshift: {several} from here", *dict.fromkeys(lines)))
        yield Info(text, hint="manage.py hostshift explains each.", id=RESOLVED)


def _left(left: dict[str, str]) -> Iterator[CheckMessage]:
    """List the texts that are addresses, and stay as they are all the same."""
    for place, reason in left.items():
        name = place.partition("[")[0]
        if reason not in (STRANGE, NOTHING) and name != "DATABASES":
            listed = f"To have it resolved all the same, name {name} in {_settings.LISTED}."
            yield Info(f"{place} {reason}", hint=listed, id=LEFT)


def _producers(resolutions: list[tuple[str, Resolution]]) -> Iterator[CheckMessage]:
    """Warn of processes that read Celery's settings, and never load the apps."""
    read = {
        place.partition("[")[0]
        for place, resolution in resolutions
        if resolution.changed and place.startswith((_settings.PREFIX, "BROKER_URL"))
    }
    if read and not _settings.called:
        yield Info(
            f"{', '.join(sorted(read))}: processes that never run django.setup(), as celery inspect"
            " and scripts that only send tasks, use what was configured",
            hint="End the settings with: import hostshift_django;"
            " hostshift_django.settings(globals())",
            id=PRODUCERS,
        )


def _unknown(resolutions: list[tuple[str, Resolution]]) -> Iterator[CheckMessage]:
    """Warn of names in ``HOSTSHIFT_SETTINGS`` that do nothing."""
    listed = _settings.listed_in({_settings.LISTED: getattr(settings, _settings.LISTED, ())})
    useful = {place.partition("[")[0] for place, _ in resolutions}
    for name in sorted(listed - useful):
        what = (
            "which holds no address" if hasattr(settings, name) else "and there is no such setting"
        )
        yield Doubt(
            f"{_settings.LISTED} names {name}, {what}",
            hint=f"Set {name}, or take it out of {_settings.LISTED}.",
            id=UNKNOWN,
        )


def _strange(left: dict[str, str]) -> Iterator[CheckMessage]:
    for place, reason in left.items():
        if reason == STRANGE:
            yield Doubt(
                f"{place} {reason}",
                hint="Resolve it by hand, with hostshift.resolve_address(), where it is loopback.",
                id=UNDECIDED,
            )


def _undecided(resolutions: list[tuple[str, Resolution]]) -> Iterator[CheckMessage]:
    for place, resolution in resolutions:
        if resolution.reason:
            yield Doubt(
                f"{place} stays as it is: {resolution.reason}",
                hint="Write it as its client's documentation does.",
                id=UNDECIDED,
            )
        for decision in resolution.decisions:
            if decision.undecided:
                yield Doubt(
                    f"{place}: {decision.before} stays as it is: {decision.reason}",
                    hint=_hint("", decision),
                    id=UNDECIDED,
                )


def _unreached(resolutions: list[tuple[str, Resolution]]) -> Iterator[CheckMessage]:
    near = [
        (place, decision, (decision.after.host, decision.after.port))
        for place, resolution in resolutions
        for decision in resolution.decisions
        if decision.target.kind in NEAR
        and decision.after.port is not None
        and resolution.reading.protocol != HANG_UPS_COUNT
    ]
    addresses = tuple(dict.fromkeys((host, port) for _, _, (host, port) in near if port))
    outcomes = dict(zip(addresses, resolver.current().reach(addresses), strict=True))
    for place, decision, (host, port) in near:
        failure = FAILURES.get(outcomes.get((host, port or 0), ""))
        if failure:
            there = f", looked for at {decision.after}" if decision.changed else ""
            yield Doubt(
                f"{place}: {decision.before}{there} cannot be reached: {failure}",
                hint=_hint("Start it, or ", decision),
                id=UNREACHED,
            )


def _hint(start: str, decision: Decision) -> str:
    hint = f"{start}say where it is: HOSTSHIFT_MAP={decision.before}=HOST:PORT"
    return hint[0].upper() + hint[1:]
