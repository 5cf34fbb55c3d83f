"""Connections that tell a client's translation who lists others, and ask servers who they are.

A list is heard where it is read, for what it holds beside the addresses: the ids of the
nodes. Whoever gave it is asked for its own on the same connection. A server at an
address that was guessed is asked before anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis

from hostshift.decision import Address
from hostshift.dials import Dials
from hostshift_redis._dial import PROTOCOL, AsyncDialling, Dialling
from hostshift_redis._identity import CLOSED, REFUSALS, WHO, Proof, id_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_redis._dial import Kinds


class Listening(Dials):
    """A translation that is told who is asked for others, and what is answered."""

    questions: tuple[str, ...] = ()
    """The commands that ask for others, as the driver spells them."""

    def asked(self, name: Address) -> None:
        """Hear that a server is asked for others."""

    def wonders(self, name: Address, answer: Any) -> bool:
        """Return True if the server that gave this answer is to be asked who it is."""
        del name, answer
        return False

    def answered(self, name: Address, answer: Any, who: str) -> None:
        """Hear what a server answered that was asked for others, and who it says to be."""

    def proof(self, name: Address) -> Proof | None:
        """Return what the server that was dialled for a name has to prove, if anything."""
        del name
        return None


class Telling(Dialling):
    """A connection that also tells what a server lists, and asks servers who they are.

    The questions go between the driver's own: after an answer was read, and before and
    after its greeting, which sends the password.
    """

    _listens = False
    _proof: Proof | None = None

    def _connect(self) -> Any:
        made = super()._connect()
        self._proof = _listening(self).proof(_name(self))
        return made

    def on_connect(self) -> None:
        """Greet a server once it is known to be the one; before redis-py 6.0 this is called."""
        self._greet(super().on_connect)

    def on_connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        """Greet a server once it is known to be the one; from 6.0 on, for the former too."""
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
            raise _mistaken(self) from error
        _is_proven(self, proof, self._ask(proof.question), at_last=True)

    def send_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command as ever."""
        asks = _tell(self, args)
        sent: Any = super().send_command(*args, **kwargs)  # type: ignore[no-untyped-call,unused-ignore]
        self._listens = asks
        return sent

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer as ever; a list is told of."""
        listens, self._listens = self._listens, False
        answer = super().read_response(*args, **kwargs)
        if listens:
            wonders = _listening(self).wonders(_name(self), answer)
            _listening(self).answered(_name(self), answer, self._who() if wonders else "")
        return answer

    def _who(self) -> str:
        try:
            return id_in(self._ask(WHO))
        except redis.RedisError:  # The list is there; what comes next needs a new connection.
            self.disconnect()  # type: ignore[no-untyped-call,unused-ignore]
            return ""

    def _ask(self, question: str) -> Any:
        packed = self.pack_command(question)  # type: ignore[no-untyped-call,unused-ignore]
        self.send_packed_command(packed, check_health=False)  # type: ignore[no-untyped-call,unused-ignore]
        try:
            return super().read_response(disconnect_on_error=False)
        except REFUSALS as error:
            return error


class AsyncTelling(AsyncDialling):
    """The same for asyncio, whose cluster client packs, sends and reads by itself."""

    _listens = False
    _proof: Proof | None = None
    _asks: Any = None
    """The question for others, as it is sent."""

    async def _connect(self) -> None:
        await super()._connect()
        self._proof = _listening(self).proof(_name(self))

    async def on_connect(self) -> None:
        """Greet a server once it is known to be the one; before redis-py 6.0 this is called."""
        await self._greet(super().on_connect)

    async def on_connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        """Greet a server once it is known to be the one."""
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
            raise _mistaken(self) from error
        _is_proven(self, proof, await self._ask(proof.question), at_last=True)

    def pack_command(self, *args: Any) -> Any:
        """Pack a command as ever."""
        packed = super().pack_command(*args)
        if _tell(self, args):
            self._asks = packed
        return packed

    async def send_packed_command(self, command: Any, *args: Any, **kwargs: Any) -> None:
        """Send a command as ever: a question in a pipeline is not this one."""
        asks = command is self._asks  # First: to send may be to connect, which sends others.
        await super().send_packed_command(command, *args, **kwargs)
        self._listens, self._asks = asks, None

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read an answer as ever; a list is told of."""
        listens, self._listens = self._listens, False
        answer = await super().read_response(*args, **kwargs)
        if listens:
            wonders = _listening(self).wonders(_name(self), answer)
            _listening(self).answered(_name(self), answer, await self._who() if wonders else "")
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


def _name(made: Dialling | AsyncDialling) -> Address:
    return Address(host=made.host, port=int(made.port))


def _listening(made: Dialling | AsyncDialling) -> Listening:
    """Return who is told; nobody where a class was given another kind of translation."""
    return made.dials if isinstance(made.dials, Listening) else Listening(PROTOCOL)


def _tell(made: Dialling | AsyncDialling, command: tuple[Any, ...]) -> bool:
    """Return True if a command asks for other servers; if so, report it to the listener."""
    dials = _listening(made)
    if command[0] not in dials.questions:
        return False
    dials.asked(_name(made))
    return True


def _is_proven(
    made: Dialling | AsyncDialling, proof: Proof, answer: Any, *, at_last: bool = False
) -> bool:
    """Return True if a server is what it was taken for; or that it does not say so yet.

    Raises:
        redis.ConnectionError: it is another one.

    """
    if proof.holds(answer):
        return True
    if at_last or not isinstance(answer, CLOSED):
        raise _mistaken(made) from (answer if isinstance(answer, Exception) else None)
    return False


def _mistaken(made: Dialling | AsyncDialling) -> redis.ConnectionError:
    return redis.ConnectionError(str(_listening(made).mistaken(_name(made))))


TELLING: Kinds = (Telling, AsyncTelling)
