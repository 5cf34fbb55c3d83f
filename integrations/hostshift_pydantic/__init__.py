"""hostshift for pydantic 2: addresses that hold from here, in models and settings.

::

    from hostshift_pydantic import Shifted

    class Settings(BaseSettings):
        database_url: Shifted[PostgresDsn]

``Shifted[PostgresDsn]`` is a ``PostgresDsn`` for type checkers, and at run time. Where a
settings class is not to be changed field by field, :class:`ShiftedSettings` in place of
``BaseSettings`` resolves all its data services' addresses, defaults included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from hostshift.errors import MissingExtraError

try:
    from pydantic import WrapValidator
    from pydantic_settings import BaseSettings
except ImportError:
    raise MissingExtraError(
        "hostshift_pydantic needs pydantic and pydantic-settings: pip install hostshift"
    ) from None

from hostshift import resolver
from hostshift_pydantic._sources import shifted_sources

if TYPE_CHECKING:
    from pydantic import ValidatorFunctionWrapHandler
    from pydantic_settings import PydanticBaseSettingsSource

__all__ = ["Shifted", "ShiftedSettings", "shifted_sources"]

T = TypeVar("T")


def _shifted(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Resolve a text as it was given, then validate: no byte more changes than needs to.

    What is no text yet (a URL object, a ``SecretStr``) is validated, and resolved by its text.
    """
    current = resolver.current()
    if isinstance(value, str):
        return validate(current.resolve(value))
    found = validate(value)
    text = found.get_secret_value() if hasattr(found, "get_secret_value") else str(found)
    after = current.resolve(text)
    return found if after == text or found is None else validate(after)


Shifted = Annotated[T, WrapValidator(_shifted)]
"""A connection string, of any type that pydantic makes of a text, with the addresses from here."""


class ShiftedSettings(BaseSettings):
    """``BaseSettings`` whose fields for data services have the addresses from here.

    Fields of pydantic's URL types (``PostgresDsn``, ``RedisDsn``, …) with a data protocol's
    scheme, wherever their value comes from. Web addresses stay, as all other fields do.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read from where ``BaseSettings`` reads, and resolve."""
        return shifted_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
