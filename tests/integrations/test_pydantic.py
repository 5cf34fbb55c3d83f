"""The pydantic integration: types that keep what they are, and settings resolved as a whole."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Optional

import pytest
from pydantic import (
    AmqpDsn,
    BaseModel,
    HttpUrl,
    MongoDsn,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    TypeAdapter,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from hostshift import Policy, UndecidedError
from hostshift_pydantic import Shifted, ShiftedSettings

if TYPE_CHECKING:
    from pathlib import Path

    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
ANSWERS = [f"{HOST}:{port}" for port in (80, 443, 5432, 5672, 6379, 27017, 27018)]


@pytest.fixture(autouse=True)
def _on_the_bridge(pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)


class Shop(BaseModel):
    database: Shifted[PostgresDsn]
    documents: Shifted[MongoDsn]
    text: Shifted[str]
    maybe: Shifted[RedisDsn] | None = None
    secret: Shifted[SecretStr] = SecretStr("")


def test_the_type_stays_and_the_address_is_from_here() -> None:
    made = Shop(
        database="postgresql://u:localhost@localhost:5432/localhost",  # type: ignore[arg-type]
        documents="mongodb://localhost:27017,localhost:27018/d",  # type: ignore[arg-type]
        text="host=localhost dbname=d",
        maybe="redis://localhost:6379/0",  # type: ignore[arg-type]
        secret="amqp://u:p@localhost//",  # type: ignore[arg-type]
    )
    assert type(made.database) is type(TypeAdapter(PostgresDsn).validate_python("postgres://h/d"))
    assert str(made.database) == f"postgresql://u:localhost@{HOST}:5432/localhost"
    assert str(made.documents) == f"mongodb://{HOST}:27017,{HOST}:27018/d"
    assert made.text == f"host={HOST} dbname=d"
    assert str(made.maybe) == f"redis://{HOST}:6379/0"
    assert made.secret.get_secret_value() == f"amqp://u:p@{HOST}//"
    assert "p@" not in repr(made.secret)


def test_what_is_a_url_already_is_resolved_too() -> None:
    given: PostgresDsn = TypeAdapter(PostgresDsn).validate_python("postgresql://localhost:5432/d")
    found: PostgresDsn = TypeAdapter(Shifted[PostgresDsn]).validate_python(given)
    assert str(found) == f"postgresql://{HOST}:5432/d"
    assert str(given) == "postgresql://localhost:5432/d"


def test_what_is_invalid_is_pydantics_own_error() -> None:
    with pytest.raises(ValidationError, match="postgres"):
        TypeAdapter(Shifted[PostgresDsn]).validate_python("https://localhost/")
    assert TypeAdapter(Shifted[Optional[PostgresDsn]]).validate_python(None) is None  # noqa: UP045


def test_the_schema_is_the_types_own() -> None:
    own, shifted = TypeAdapter(RedisDsn).json_schema(), TypeAdapter(Shifted[RedisDsn]).json_schema()
    assert own == shifted


def test_strict(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError) as error:
        TypeAdapter(Shifted[PostgresDsn]).validate_python("postgresql://u:s3cret@localhost/d")
    assert "s3cret" not in str(error.value)


class Cache(BaseModel):
    url: RedisDsn
    site: HttpUrl = HttpUrl("http://localhost/")


class Settings(ShiftedSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__", env_prefix="SHOP_")

    database_url: PostgresDsn
    broker: AmqpDsn | None = None
    cache: Cache | None = None
    replicas: list[PostgresDsn] = []
    by_default: RedisDsn = RedisDsn("redis://localhost:6379/1")
    elsewhere: RedisDsn = RedisDsn("redis://cache.example.com:6379/1")
    site: HttpUrl = HttpUrl("http://localhost/")
    text: str = "postgresql://localhost/d"


def test_settings_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://u:p@localhost:5432/d",
        "BROKER": "amqp://localhost:5672",
        "CACHE__URL": "redis://localhost:6379/0",
        "CACHE__SITE": "http://localhost/",
        "REPLICAS": '["postgresql://localhost:5432/a", "postgresql://db.example.com/b"]',
        "SITE": "https://localhost/",
    }.items():
        monkeypatch.setenv(f"SHOP_{name}", value)
    made = Settings()  # type: ignore[call-arg]
    assert str(made.database_url) == f"postgresql://u:p@{HOST}:5432/d"
    assert str(made.broker) == f"amqp://{HOST}:5672"
    assert made.cache is not None
    assert (str(made.cache.url), str(made.cache.site)) == (
        f"redis://{HOST}:6379/0",
        "http://localhost/",
    )
    assert [str(one) for one in made.replicas] == [
        f"postgresql://{HOST}:5432/a",
        "postgresql://db.example.com/b",
    ]
    assert str(made.by_default) == f"redis://{HOST}:6379/1"
    assert str(made.elsewhere) == "redis://cache.example.com:6379/1"
    assert str(made.site) == "https://localhost/"
    assert made.text == "postgresql://localhost/d"


def test_a_file_and_arguments(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SHOP_DATABASE_URL=postgresql://localhost:5432/file\n")
    given: Any = {"_env_file": file, "broker": "amqp://localhost:5672"}
    made = Settings(**given)
    assert str(made.database_url) == f"postgresql://{HOST}:5432/file"
    assert str(made.broker) == f"amqp://{HOST}:5672"


def test_one_field_by_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(BaseSettings):
        database_url: Shifted[PostgresDsn] = PostgresDsn("postgresql://localhost/never")

    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:5432/d")
    assert str(Plain().database_url) == f"postgresql://{HOST}:5432/d"


class Fields(BaseModel):
    """Every kind of field that may hold no text, or several."""

    maybe: Shifted[PostgresDsn | None] = None
    old_style: Shifted[Optional[AmqpDsn]] = None  # noqa: UP045 - as people still write it
    secret: Shifted[SecretStr | None] = None
    number: Shifted[int | RedisDsn] = 0
    several: Shifted[list[RedisDsn]] = []
    named: Shifted[dict[str, Any]] = {}
    some: Shifted[frozenset[str] | None] = None
    within: list[Shifted[MongoDsn | None]] = []


NOTHING: dict[str, Any] = {
    "maybe": None,
    "old_style": None,
    "secret": None,
    "number": 7,
    "several": [],
    "named": {"pool": 5, "mode": "fast"},
    "some": None,
    "within": [None],
}


@pytest.mark.parametrize("strict", [True, False])
def test_what_holds_no_text_is_only_validated(strict: bool, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=strict))
    assert Fields(**NOTHING).model_dump() == NOTHING
    assert Fields.model_validate(NOTHING).model_dump() == NOTHING
    with pytest.raises(ValidationError):
        Fields(several=None)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Fields(maybe=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("empty", ["", "  ", SecretStr("")])
def test_an_empty_text_is_pydantics_matter(empty: Any, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    assert TypeAdapter(Shifted[SecretStr]).validate_python(empty) is not None
    with pytest.raises(ValidationError):
        TypeAdapter(Shifted[PostgresDsn | None]).validate_python(empty)


def test_several_texts_are_resolved_one_by_one() -> None:
    url: RedisDsn = TypeAdapter(RedisDsn).validate_python("redis://localhost:6379/2")
    found = Fields(
        several=["redis://localhost:6379/1", url],  # type: ignore[list-item]
        named={"db": "postgresql://localhost:5432/d", "deep": [("redis://localhost:6379", 1)]},
        some=frozenset(("localhost:6379", "elsewhere.example.com:6379")),
        secret=SecretStr("redis://:p@localhost:6379"),
        within=["mongodb://localhost:27017/d", None],  # type: ignore[list-item]
    )
    assert [str(one) for one in found.several] == [f"redis://{HOST}:6379/{at}" for at in (1, 2)]
    assert found.named["db"] == f"postgresql://{HOST}:5432/d"
    assert found.named["deep"] == [(f"redis://{HOST}:6379", 1)]
    assert found.some == frozenset((f"{HOST}:6379", "elsewhere.example.com:6379"))
    assert found.secret == SecretStr(f"redis://:p@{HOST}:6379")
    assert [str(one) for one in found.within] == [f"mongodb://{HOST}:27017/d", "None"]


def test_settings_with_none_and_strict(pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(strict=True))

    class Settings(ShiftedSettings):
        one: PostgresDsn | None = None
        two: dict[str, RedisDsn | None] = {"a": None}
        three: list[AmqpDsn] | None = None
        four: PostgresDsn | int = 5

    assert Settings().model_dump() == {"one": None, "two": {"a": None}, "three": None, "four": 5}


def test_each_change_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hostshift"):
        for _ in range(2):
            Fields(several=["redis://u:s3cret@localhost:6379/1"])  # type: ignore[list-item]
    said = [one.getMessage() for one in caplog.records if " -> " in one.getMessage()]
    assert len(said) == 1
    assert said[0].startswith(f"localhost:6379 -> {HOST}:6379 for the field several (")
    assert "s3cret" not in caplog.text
