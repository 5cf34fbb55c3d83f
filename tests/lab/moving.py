"""A server that moves to another address, and a decoy that takes the one it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.lab.stage import Server, Stage, free_port

if TYPE_CHECKING:
    from tests.lab.sdk import Container, Network

MEANT, DECOY = "meant", "decoy"
"""Who answers, by the servers' own words."""


class MovingServer(NamedTuple):
    """A published server, its decoy, and the address to which it moves."""

    stage: Stage
    network: Network
    server: Container
    decoy: Container
    goal: str
    port: int

    def leave(self) -> None:
        """Kill it, and give its address to the decoy."""
        left = self.stage.address(self.server)
        self.server.kill()
        for one, address in ((self.server, self.goal), (self.decoy, left)):
            self.network.disconnect(one, force=True)
            self.network.connect(one, ipv4_address=address)

    def come_back(self) -> None:
        """Start it on its new address."""
        self.server.start()
        self.stage.wait(self.server, self.port)

    def move(self) -> None:
        """Kill it, give its address to the decoy, and start it on another one."""
        self.leave()
        self.come_back()


def moving_server(
    stage: Stage, kind: Server, image: str, network: Network, goal: str
) -> MovingServer:
    """Start a server, published under the port that it has inside, and its decoy."""
    port = free_port()
    announced = {"REPLSET": "1", "ANNOUNCE": f"localhost:{port}"} if kind == "mongo" else {}
    server, decoy = (
        stage.serve(
            kind,
            f"{who}-{kind}",
            image,
            port=port,
            network=network,
            ports={port: port} if who == MEANT else {},
            environment={**announced, "WHO": who},
        )
        for who in (MEANT, DECOY)
    )
    return MovingServer(stage, network, server, decoy, goal, port)
