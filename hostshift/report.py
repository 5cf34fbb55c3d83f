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
    seen_from = f"seen from  {summary(resolution.vantage)}"
    return "\n".join((*resolution_lines(resolution), "", seen_from))


def resolution_lines(resolution: Resolution) -> Iterator[str]:
    """Describe a resolution line by line, without where it is seen from."""
    yield f"given  {resolution.masked_before}"
    yield f"used   {resolution.masked_after}"
    if resolution.mode != "on":
        yield f"mode   {resolution.mode}: nothing is changed"
    if resolution.reason:
        yield f"why    {resolution.reason}"
    for note in resolution.notes:
        yield f"note   {note}"
    for decision in resolution.decisions:
        yield ""
        yield from _decision_lines(decision)


def _decision_lines(decision: Decision) -> Iterator[str]:
    arrow = f" -> {decision.after}" if decision.changed else " stays"
    yield f"{decision.before}{arrow}"
    yield f"  means      {decision.target}"
    yield f"  certainty  {decision.certainty}"
    yield f"  reason     {decision.reason}"
    if decision.fix:
        yield f"  next       {decision.fix}"
    for line in decision.evidence:
        yield f"  seen       {line}"
    for route in decision.alternatives:
        yield f"  also       {route.address} ({route.reason})"


def summary(vantage: Vantage) -> str:
    """Describe a vantage in one line, and what of it the user has set."""
    host = ", ".join(vantage.host_address) or "not reachable"
    declared = {found.question for found in vantage.evidence if found.weight == "declared"}
    answers = (
        f"{question} {getattr(vantage, question)}{' (set by you)' if question in declared else ''}"
        for question in ("isolation", "network", "naming")
    )
    return f"{', '.join(answers)}; the host: {host}"


def describe_vantage(vantage: Vantage) -> str:
    """Describe a vantage with its evidence."""
    return "\n".join(_vantage_lines(vantage))


def _vantage_lines(vantage: Vantage) -> Iterator[str]:
    yield f"isolation  {vantage.isolation}"
    yield f"network    {vantage.network}"
    yield f"naming     {vantage.naming}"
    yield f"the host   {', '.join(vantage.host_address) or 'not reachable from here'}"
    if vantage.platform != "unknown":
        yield f"platform   {vantage.platform}"
    yield ""
    for found in vantage.evidence:
        source = f" [{found.source}]" if found.source else ""
        yield f"{found.question}: {found.answer} ({found.weight}): {found.seen}{source}"
    for name in vantage.odd:
        yield f"not read: {name}"
