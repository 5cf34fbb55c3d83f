"""`python -m shop.tables create`, or `drop`."""

import asyncio
import sys

from .databases import Base, engine


async def main(verb: str) -> None:
    """Make the tables, or take them away."""
    change = {"create": Base.metadata.create_all, "drop": Base.metadata.drop_all}[verb]
    async with engine.begin() as connection:
        await connection.run_sync(change)
    await engine.dispose()
    print(f"{verb}: {', '.join(Base.metadata.tables)}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
