"""Fixtures of the integrations' tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostshift.resolution import decision_log, resolver
from hostshift.routing.model import Address, Decision, Target
from tests.integrations.django_project import project
from tests.lab.conftest import engine, lab_image

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["engine", "lab_image", "misleading", "project"]
"""Of the lab: its engine, for servers that no package brings."""


@pytest.fixture(params=["returned", "raised"])
def misleading(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Let the resolver find at each dial that an address leads to another server.

    The function takes the reason. Without one, the intended server answers, at a host
    and a port.
    """

    def decide(reason: str, meant: tuple[str, int | None] = ("10.1.2.3", None)) -> None:
        def dial(host: str, port: int | None, protocol: str = "") -> Decision:
            del protocol
            before = Address(host=host, port=port)
            decision = Decision(
                before=before,
                after=before if reason else Address(host=meant[0], port=meant[1] or port),
                target=Target(kind="undecided" if reason else "service", port=port),
                certainty="assumed" if reason else "known",
                reason=reason or "it is there again",
                misleads=bool(reason),
                settled=False,
            )
            if reason and request.param == "raised":
                raise decision_log.wrong_server(decision)
            return decision

        monkeypatch.setattr(resolver.current(), "dial", dial)

    return decide
