"""Real situations: places where a process can stand, and what is true in each.

Each is entered by the runtime itself and left again; a command runs in it as
root and as `nobody`:

    with grounds(engine, image) as ground, situation.enter(ground) as standing:
        standing.run(["hostshift", "vantage", "--json"], "nobody")

What a command writes stays in the situation and goes with it, so it should
print what is to be kept (a directory as ``tar -c . | base64``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.progress import say
from tests.lab.situations import builds, compose, docker, host, machines, podman, swarm
from tests.lab.situations.model import USERS, Situation, Standing, Truth, Unavailable, User

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.containers import Outcome
    from tests.lab.situations.grounds import Grounds

__all__ = [
    "SITUATIONS",
    "USERS",
    "Situation",
    "Standing",
    "Truth",
    "Unavailable",
    "User",
    "run_everywhere",
]

SITUATIONS: tuple[Situation, ...] = (
    *host.SITUATIONS,
    *docker.SITUATIONS,
    *builds.SITUATIONS,
    *compose.SITUATIONS,
    *swarm.SITUATIONS,
    *podman.SITUATIONS,
    *machines.SITUATIONS,
)


def run_everywhere(
    ground: Grounds,
    command: Sequence[str],
    users: Sequence[User] = USERS,
    situations: Sequence[Situation] = SITUATIONS,
) -> Iterator[tuple[Situation, User, Outcome]]:
    """Run a command in each situation as each user; say which cannot exist here."""
    for situation in situations:
        try:
            with situation.enter(ground) as standing:
                for user in users:
                    yield situation, user, standing.run(command, user)
        except Unavailable as error:
            say(f"{situation.name}: not here, {error}")
