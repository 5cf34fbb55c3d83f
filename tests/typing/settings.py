"""Types as a user's type checker sees them, with the installed package.

`make check` runs mypy and pyright over this file, both strict. A comment that ignores an
error is an assertion as well: both complain where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from pydantic import BaseModel, MongoDsn, PostgresDsn, RedisDsn, SecretStr
from pydantic_settings import BaseSettings

import hostshift
from hostshift_pydantic import Shifted, ShiftedSettings

if TYPE_CHECKING:
    from collections.abc import Sequence


class Settings(BaseSettings):
    database_url: Shifted[PostgresDsn]
    documents: Shifted[MongoDsn] | None = None
    caches: list[Shifted[RedisDsn]] = []
    text: Shifted[str] = "redis://localhost:6379/0"
    secret: Shifted[SecretStr] = SecretStr("amqp://localhost")


class Whole(ShiftedSettings):
    database_url: PostgresDsn


class Model(BaseModel):
    url: Shifted[PostgresDsn]


def takes_postgres(url: PostgresDsn) -> str:
    return url.unicode_string()


def takes_redis(urls: Sequence[RedisDsn]) -> int:
    return len(urls)


def use(settings: Settings, whole: Whole, model: Model) -> None:
    assert_type(settings.database_url, PostgresDsn)
    assert_type(settings.documents, MongoDsn | None)
    assert_type(settings.caches, list[RedisDsn])
    assert_type(settings.text, str)
    assert_type(settings.secret, SecretStr)
    assert_type(whole.database_url, PostgresDsn)
    takes_postgres(model.url)
    takes_redis(settings.caches)
    takes_postgres(settings.caches[0])  # type: ignore[arg-type]
    takes_postgres(settings.text)  # type: ignore[arg-type]
    takes_postgres(settings.database_url.nothing)  # type: ignore[attr-defined]


def resolve(url: str) -> None:
    assert_type(hostshift.resolve(url), str)
    assert_type(hostshift.resolve_environ(), dict[str, str])
    hostshift.resolve(5432)  # type: ignore[arg-type]
