"""The clients of the three servers, and the one table."""

from typing import Any

from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .settings import settings

engine = create_async_engine(
    make_url(str(settings.database_url)).set(drivername="postgresql+asyncpg")
)
sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(str(settings.mongo_url))
cache = Redis.from_url(str(settings.cache_url), decode_responses=True)


class Base(DeclarativeBase):
    """The base of tables."""


class Item(Base):
    """Something to sell; a task confirms it."""

    __tablename__ = "fastapi_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    confirmed_by: Mapped[str] = mapped_column(default="")
