"""Connections that pass on who lists other servers, and ask servers who they are.

A list is taken where it is read, for what it holds beside the addresses: the ids of the
nodes. Its lister is asked for its own on the same connection. A server at an address that
was guessed is asked before anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import (
    AuthenticationError,
    InvalidResponse,
    NoPermissionError,
    ResponseError,
)

from hostshift.drivers.redis_members import RedisDialer
from hostshift.drivers.redis_nodes import WHO, Proof, id_in
from hostshift.routing.model import Address
from hostshift_redis._connection import AsyncDialling, Dialling

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_redis._connection import Kinds

REFUSALS = (ResponseError, AuthenticationError, InvalidResponse)
"""What a server answers that refuses; one that broke off or still loads answers nothing."""
CLOSED = (AuthenticationError, NoPermissionError)
"""What a server answers before it gets a password, if it demands one."""


class IntrospectingConnection(Dialling):
    """A connection that also passes on what a server lists, and asks servers who they are.

    The questions go between the driver's own: after an answer was read, and before and
    after its greeting, which sends the password.
    """

    _is_listed = False
    """The next answer is a list."""
    _proof: Proof | None = None

    def _connect(self) -> Any:
        sock = super()._connect()
        self._proof = _dialer(self).proof(_name(self))
        return sock

    def on_connect(self) -> None:
        """Greet a server once it has proven who it is; before redis-py 6.0 this is called."""
        self._greet(super().on_connect)

    def on_connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        """Greet a server once it has proven who it is; from 6.0 on, for the former too."""
        self._greet(super().on_connect_check_health, *args, **kwargs)

    def _greet(self, greet: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        proof, self._proof = self._proof, None
        if proof is None:
            greet(*args, **kwargs)
            return
        self._parser.on_connect(self)
        if _is_proven(self, proof, self._ask(proof.question)):
            greet(*args, **kwargs)
            return
        try:
            greet(*args, **kwargs)
        except REFUSALS as error:
            raise _wrong_server(self) from error
        _is_proven(self, proof, self._ask(proof.question), at_last=True)

    def send_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command as redis-py does."""
        asks = _asks(self, args)
        sent: Any = super().send_command(*args, **kwargs)  # type: ignore[no-untyped-call,unused-ignore]
        self._is_listed = asks
        return sent

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer as redis-py does, and pass on a list."""
        is_listed, self._is_listed = self._is_listed, False
        answer = super().read_response(*args, **kwargs)
        if is_listed:
            dialer, name = _dialer(self), _name(self)
            dialer.answered(
                name, answer, self._who() if dialer.needs_identity(name, answer) else ""
            )
        return answer

    def _who(self) -> str:
        try:
            return id_in(self._ask(WHO))
        except redis.RedisError:  # The list is read; what comes next needs a new connection.
            self.disconnect()  # type: ignore[no-untyped-call,unused-ignore]
            return ""

    def _ask(self, question: str) -> Any:
        packed = self.pack_command(question)  # type: ignore[no-untyped-call,unused-ignore]
        self.send_packed_command(packed, check_health=False)  # type: ignore[no-untyped-call,unused-ignore]
        try:
            return super().read_response(disconnect_on_error=False)
        except REFUSALS as error:
            return error


class AsyncIntrospectingConnection(AsyncDialling):
    """The same for asyncio, whose cluster client packs, sends and reads by itself."""

    _is_listed = False
    _proof: Proof | None = None
    _question: Any = None
    """The question for others, as it is sent."""

    async def _connect(self) -> None:
        await super()._connect()
        self._proof = _dialer(self).proof(_name(self))

    async def on_connect(self) -> None:
        """Greet a server once it has proven who it is; before redis-py 6.0 this is called."""
        await self._greet(super().on_connect)

    async def on_connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        """Greet a server once it has proven who it is."""
        await self._greet(super().on_connect_check_health, *args, **kwargs)

    async def _greet(self, greet: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        proof, self._proof = self._proof, None
        if proof is None:
            await greet(*args, **kwargs)
            return
        self._parser.on_connect(self)  # type: ignore[no-untyped-call,unused-ignore]
        if _is_proven(self, proof, await self._ask(proof.question)):
            await greet(*args, **kwargs)
            return
        try:
            await greet(*args, **kwargs)
        except REFUSALS as error:
            raise _wrong_server(self) from error
        _is_proven(self, proof, await self._ask(proof.question), at_last=True)

    def pack_command(self, *args: Any) -> Any:
        """Pack a command as redis-py does."""
        packed = super().pack_command(*args)
        if _asks(self, args):
            self._question = packed
        return packed

    async def send_packed_command(self, command: Any, *args: Any, **kwargs: Any) -> None:
        """Send a command as redis-py does: a question in a pipeline is not this one."""
        asks = command is self._question  # First: to send may be to connect, which sends others.
        await super().send_packed_command(command, *args, **kwargs)
        self._is_listed, self._question = asks, None

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer as redis-py does, and pass on a list."""
        is_listed, self._is_listed = self._is_listed, False
        answer = await super().read_response(*args, **kwargs)
        if is_listed:
            dialer, name = _dialer(self), _name(self)
            who = await self._who() if dialer.needs_identity(name, answer) else ""
            dialer.answered(name, answer, who)
        return answer

    async def _who(self) -> str:
        try:
            return id_in(await self._ask(WHO))
        except redis.RedisError:
            await self.disconnect()
            return ""

    async def _ask(self, question: str) -> Any:
        packed = super().pack_command(question)
        await self.send_packed_command(packed, check_health=False)
        try:
            return await super().read_response(disconnect_on_error=False)
        except REFUSALS as error:
            return error


def _name(connection: Dialling | AsyncDialling) -> Address:
    return Address(host=connection.host, port=int(connection.port))


def _dialer(connection: Dialling | AsyncDialling) -> RedisDialer:
    """Return the client's translation; a new one where its class has another kind."""
    dialer = connection.dialer
    return dialer if isinstance(dialer, RedisDialer) else RedisDialer()


def _asks(connection: Dialling | AsyncDialling, command: tuple[Any, ...]) -> bool:
    """Return True if a command asks for other servers; if so, let the translation know."""
    dialer = _dialer(connection)
    if command[0] not in dialer.questions:
        return False
    dialer.asked(_name(connection))
    return True


def _is_proven(
    connection: Dialling | AsyncDialling, proof: Proof, answer: object, *, at_last: bool = False
) -> bool:
    """Return True if a server is the expected one; False if it does not answer that yet.

    Raises:
        redis.ConnectionError: it is another one.

    """
    if proof.holds(answer):
        return True
    if at_last or not isinstance(answer, CLOSED):
        raise _wrong_server(connection) from (answer if isinstance(answer, Exception) else None)
    return False


def _wrong_server(connection: Dialling | AsyncDialling) -> redis.ConnectionError:
    return redis.ConnectionError(str(_dialer(connection).wrong_server(_name(connection))))


INTROSPECTING: Kinds = (IntrospectingConnection, AsyncIntrospectingConnection)
