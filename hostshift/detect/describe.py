"""A vantage as text for people. Pure; shows no secret."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.detect.vantage import Vantage


def summary(vantage: Vantage) -> str:
    """Describe a vantage in one line, and name what the user has set."""
    host = ", ".join(vantage.host_address) or "not reachable"
    declared = {item.question for item in vantage.evidence if item.weight == "declared"}
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
    for item in vantage.evidence:
        source = f" [{item.source}]" if item.source else ""
        yield f"{item.question}: {item.answer} ({item.weight}): {item.seen}{source}"
    for name in vantage.odd:
        yield f"not read: {name}"
