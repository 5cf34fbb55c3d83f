"""Resolutions and vantages as text for people. Pure; shows no secret."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.decision import Decision
    from hostshift.resolution import Resolution
    from hostshift.vantages import Vantage


def describe(resolution: Resolution) -> str:
    """Describe a resolution in a few lines, secrets masked."""
    return "\n".join(_resolution_lines(resolution))


def _resolution_lines(resolution: Resolution) -> Iterator[str]:
    yield f"given  {resolution.masked_before}"
    yield f"used   {resolution.masked_after}"
    if resolution.mode != "on":
        yield f"mode   {resolution.mode}: nothing is changed"
    if resolution.reason:
        yield f"why    {resolution.reason}"
    for decision in resolution.decisions:
        yield ""
        yield from _decision_lines(decision)
    yield ""
    yield f"seen from  {summary(resolution.vantage)}"


def _decision_lines(decision: Decision) -> Iterator[str]:
    arrow = f" -> {decision.after}" if decision.changed else " stays"
    yield f"{decision.before}{arrow}"
    yield f"  means      {decision.target}"
    yield f"  certainty  {decision.certainty}"
    yield f"  reason     {decision.reason}"
    for line in decision.evidence:
        yield f"  seen       {line}"
    for route in decision.alternatives:
        yield f"  also       {route.address} ({route.reason})"


def summary(vantage: Vantage) -> str:
    """Describe a vantage in one line."""
    host = ", ".join(vantage.host_address) or "not reachable"
    return (
        f"isolation {vantage.isolation}, network {vantage.network},"
        f" naming {vantage.naming}; the host: {host}"
    )


def describe_vantage(vantage: Vantage) -> str:
    """Describe a vantage with its evidence."""
    lines = [
        f"isolation  {vantage.isolation}",
        f"network    {vantage.network}",
        f"naming     {vantage.naming}",
        f"the host   {', '.join(vantage.host_address) or 'not reachable from here'}",
        "",
    ]
    for found in vantage.evidence:
        source = f" [{found.source}]" if found.source else ""
        lines.append(f"{found.question}: {found.answer} ({found.weight}): {found.seen}{source}")
    return "\n".join(lines)
