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

from hostshift.drivers import frameworks

try:
    from pydantic import WrapValidator
    from pydantic_settings import BaseSettings

    from hostshift_pydantic._sources import shifted_sources
    from hostshift_pydantic._values import resolved
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

if TYPE_CHECKING:
    from pydantic import ValidationInfo, ValidatorFunctionWrapHandler
    from pydantic_settings import PydanticBaseSettingsSource

__all__ = ["Shifted", "ShiftedSettings", "shifted_sources"]

T = TypeVar("T")


def _shifted(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Resolve a text as it was given, then validate: no byte more changes than needs to.

    Lists, sets and dictionaries of texts too. What holds no text, as None, is only validated.
    """
    client = f"the field {info.field_name}" if info.field_name else "pydantic"
    return validate(resolved(value, client))


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
