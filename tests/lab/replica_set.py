"""replica_set.py PORT INDEX: a member of a replica set that is scripted. Copied into containers.

No MongoDB can run in the lab, and SecantusDB is a set of one member. So each member is
this proxy, and all are in front of one SecantusDB that holds the data. Real are the
wire protocol, the connections and everything that the store answers. Scripted are:

- ``hello``: names, set, who is primary. It carries no ``topologyVersion``, so that the
  driver polls.
- The election: each member notes in the store that it lives; the first in order that
  did so within a second is primary. A later one has the greater ``electionId``.
- A member that is not primary refuses writes, as a real one does.
- ``whichMember`` is a command of this program's own: the member's name.

``set.json`` says where the store is, how the set is called, and what it announces.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

import bson
import pymongo

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
MORE_TO_COME = 2
HELLO = {"hello", "ismaster", "isMaster"}
WRITES = {"insert", "update", "delete", "findAndModify"}
NOT_PRIMARY = {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "not primary"}
TICK, LIVES = 0.2, 1.0


class Member:
    """One member, and what it believes of the set."""

    def __init__(self, index: int, store: str, name: str, announced: list[str]) -> None:
        """Know the set, and not yet who is primary."""
        self.index, self.name, self.announced = index, name, announced
        host, _, port = store.rpartition(":")
        self.store = (host, int(port))
        self.primary: int | None = None

    def elect(self) -> None:
        """Note that this member lives, and see who is the first that does; for ever."""
        client = pymongo.MongoClient[dict[str, Any]](*self.store, directConnection=True)
        lives = client.lab[f"lives-{self.name}"]
        while True:
            mine = {"_id": self.index}
            lives.replace_one(mine, {**mine, "at": time.time()}, upsert=True)
            late = time.time() - LIVES
            self.primary = min(one["_id"] for one in lives.find() if one["at"] > late)
            time.sleep(TICK)

    def answer(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """Answer what is this member's own to answer; None: the store does."""
        word = next(iter(command))
        if word == "whichMember":
            return {"ok": 1.0, "name": self.announced[self.index]}
        if word in WRITES and self.primary != self.index:
            return NOT_PRIMARY
        return None

    def hello(self, said: dict[str, Any]) -> dict[str, Any]:
        """Put this set in place of the store's."""
        is_primary = self.primary == self.index
        gone = ("topologyVersion", "primary", "electionId", "speculativeAuthenticate")
        said = {key: value for key, value in said.items() if key not in gone}
        said |= {"setName": self.name, "setVersion": 1, "hosts": self.announced}
        said |= {"me": self.announced[self.index], "secondary": not is_primary}
        said |= dict.fromkeys(said.keys() & {"ismaster", "isWritablePrimary"}, is_primary)
        if self.primary is not None:
            said["primary"] = self.announced[self.primary]
        if is_primary:
            said["electionId"] = bson.ObjectId(f"{self.index + 1:024x}")
        return said

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection's messages on, one at a time, until either side ends it."""
        from_store, to_store = await asyncio.open_connection(*self.store)
        try:
            while True:
                writer.write(await self._exchange(await _message(reader), from_store, to_store))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            to_store.close()

    async def _exchange(
        self, asked: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Get the reply to one message, by this member or by the store."""
        command = _command(asked)
        own = self.answer(command)
        if own is not None:
            return _reply(asked, own)
        writer.write(asked)
        await writer.drain()
        if HEADER.unpack_from(asked)[3] == OP_MSG and asked[16] & MORE_TO_COME:
            return b""
        said = await _message(reader)
        if next(iter(command)) not in HELLO:
            return said
        return _reply(asked, self.hello(_document(said, _body(said))))


async def _message(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "little") - 4)


def _command(message: bytes) -> dict[str, Any]:
    """Read the command of an OP_MSG, or of the OP_QUERY that a driver begins with."""
    if HEADER.unpack_from(message)[3] == OP_QUERY:
        return _document(message, message.index(b"\0", 20) + 9)
    return _document(message, _body(message))


def _body(message: bytes) -> int:
    """Return where the document of an OP_MSG or an OP_REPLY begins."""
    return 36 if HEADER.unpack_from(message)[3] == OP_REPLY else 21


def _document(message: bytes, start: int) -> dict[str, Any]:
    length = int.from_bytes(message[start : start + 4], "little")
    found: dict[str, Any] = bson.decode(message[start : start + length])
    return found


def _reply(asked: bytes, document: dict[str, Any]) -> bytes:
    """Answer a message in the form that belongs to it."""
    _, number, _, form = HEADER.unpack_from(asked)
    if form == OP_QUERY:
        form, rest = OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1)
    else:
        rest = bytes(5)
    rest += bson.encode(document)
    return HEADER.pack(HEADER.size + len(rest), 0, number, form) + rest


async def _serve(member: Member, port: int) -> None:
    server = await asyncio.start_server(member.serve, "0.0.0.0", port)
    await server.serve_forever()


def main() -> None:
    """Know what the set announces, see who is primary, and serve."""
    port, index = map(int, sys.argv[1:])
    told = json.loads(Path("set.json").read_text(encoding="utf-8"))
    member = Member(index, **told)
    threading.Thread(target=member.elect, daemon=True).start()
    while member.primary is None:
        time.sleep(0.05)
    asyncio.run(_serve(member, port))


if __name__ == "__main__":
    main()
