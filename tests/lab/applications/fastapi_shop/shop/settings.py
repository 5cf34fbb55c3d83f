"""The one settings file, for every place."""

from pydantic import MongoDsn, PostgresDsn, RedisDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

from hostshift_pydantic import Shifted


class Settings(BaseSettings):
    """What is configured."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: Shifted[PostgresDsn]
    mongo_url: Shifted[MongoDsn]
    cache_url: Shifted[RedisDsn]


settings = Settings()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
