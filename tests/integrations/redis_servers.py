"""Real Redis servers on the host's own loopback, all in one container of the lab."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import redis

from tests.authority import Authority
from tests.lab.errors import LabError
from tests.lab.host_server import free_port
from tests.lab.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.lab.engine import Engine

SLOTS = 16384
_START_SECONDS = 20
_SERVE = "redis-server --save '' --bind 127.0.0.1"
_SENTINEL = """
printf %s 'port {}
bind 127.0.0.1 127.0.0.2
sentinel monitor shop 127.0.0.1 {} 1
' > sentinel.conf
redis-server sentinel.conf --sentinel &
"""
_TLS = " --tls-auth-clients no --tls-cert-file {0}.pem --tls-key-file {0}.key"


class Servers(NamedTuple):
    """Servers by the names that they give when asked who they are, and their ports."""

    ports: dict[str, int]
    certificate: str
    """Of the authority that those with TLS were certified by."""

    def address(self, name: str) -> str:
        """Tell where a server is really."""
        return f"127.0.0.1:{self.ports[name]}"

    def ask(self, name: str, *words: Any) -> Any:
        """Ask a server something by a plain client."""
        with redis.Redis("127.0.0.1", self.ports[name], decode_responses=True) as client:
            return client.execute_command(*words)  # type: ignore[no-untyped-call,unused-ignore]


@contextmanager
def serving(
    engine: Engine,
    image: str,
    plain: Sequence[str] = (),
    certified: Mapping[str, Sequence[str]] | None = None,
    *,
    options: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
    watched: str = "",
) -> Iterator[Servers]:
    """Run servers until the block ends.

    Args:
        engine: where the container runs, on the host's network.
        image: the lab's.
        plain: names of servers without TLS.
        certified: names of servers with TLS, and what their certificates name.
        options: what else servers are started with; ``{NAME}`` stands for a port.
        more: names of other ports that the options need.
        watched: a server for the master of ``sentinel``, which is then started, too.

    """
    certified, authority = certified or {}, Authority()
    ports = _free_ports([*plain, *certified, *more, *(["sentinel"] if watched else [])])
    lines, environment = ['cd "$(mktemp -d)"'], {}
    for name in plain:
        own = (options or {}).get(name, "").format_map(ports)
        lines.append(f"{_SERVE} --port {ports[name]} {own} &")
    for name, names in certified.items():
        files = dict(zip(("pem", "key"), authority.sign(*names), strict=True))
        for suffix, text in files.items():
            variable = f"{name}_{suffix}"
            environment[variable] = text
            lines.append(f'printf %s "${variable}" > {name}.{suffix}')
        lines.append(f"{_SERVE} --port 0 --tls-port {ports[name]}{_TLS.format(name)} &")
    if watched:
        lines += [_SENTINEL.format(ports["sentinel"], ports[watched])]
    with Stage(engine) as stage:
        command = ["bash", "-euc", "\n".join([*lines, "wait"])]
        stage.start("redis", image, command, environment=environment, network="host")
        made = Servers(ports, authority.certificate)
        for name in ports.keys() - {*certified, *more}:
            _say_who(made, name)
        yield made


def _free_ports(names: Sequence[str]) -> dict[str, int]:
    """Find a port of its own for each."""
    found: dict[str, int] = {}
    while len(found) < len(names):
        port = free_port()
        if port not in found.values():
            found[names[len(found)]] = port
    return found


def _say_who(servers: Servers, name: str) -> None:
    """Wait until a server answers, and let it keep its name if it keeps anything yet."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            servers.ask(name, "SET", "who", name)
        except redis.ResponseError:
            return
        except redis.ConnectionError as error:
            if time.monotonic() > deadline:
                raise LabError(f"{name}: {error}") from error
            time.sleep(0.05)
        else:
            return
