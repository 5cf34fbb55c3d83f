"""The settings as pydantic-settings reads them; loaded only if any are set."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from hostshift.base import redaction
from hostshift.base.log import warning
from hostshift.config.policy import Policy
from hostshift.config.setting_errors import wrong as wrong_value
from hostshift.config.shown import shown
from hostshift.config.table import SETTINGS
from hostshift.config.variables import PREFIX, is_variable
from hostshift.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.config.settings_file import SettingsFile


def _fields() -> dict[str, Any]:
    """Return a field for each setting, which reads a value as Policy reads its argument."""
    return {
        setting.name: (Annotated[Any, BeforeValidator(setting.read)], setting.default)
        for setting in SETTINGS.values()
    }


class _Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid")


def policy(file: SettingsFile | None) -> Policy:
    """Read the variables and the file, if one exists, into a plain Policy.

    Raises:
        SettingError: a value is not allowed.

    """
    variables = _variables()
    values = {name: value for name, (_, value) in variables.items()}
    try:
        parsed = _model(values, file.table if file else {})()
    except ValidationError as error:
        wrong = _message(error, variables, redaction.place(file.path) if file else "")
    else:
        return Policy(**{name: getattr(parsed, name) for name in SETTINGS})
    # Raised here, so that its chain of causes holds none of the values.
    raise SettingError(wrong)


def _variables() -> dict[str, tuple[str, str]]:
    """Return the variables that are settings: by setting, the variable's name and its value.

    Names count in any case, as for pydantic-settings. Of two for one setting, the one in
    capitals counts. An empty one counts as not set.
    """
    configured: dict[str, tuple[str, str]] = {}
    for variable in sorted(filter(is_variable, os.environ)):  # capitals come first
        name = variable[len(PREFIX) :].lower()
        if name not in SETTINGS:
            _warn_of_unknown(variable, name)
        elif os.environ[variable]:
            configured.setdefault(name, (variable, os.environ[variable]))
    return configured


def _model(variables: dict[str, str], table: Mapping[str, object]) -> type[BaseSettings]:
    """Return the model that reads the variables and, behind them, the table of a file."""

    class WithSources(_Base):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            # pydantic would merge a table in a value's place with the variable's value.
            behind = {name: value for name, value in table.items() if name not in variables}
            return (InitSettingsSource(settings_cls, {**behind, **variables}),)

    return create_model("SettingsModel", __base__=WithSources, **_fields())


def _message(error: ValidationError, variables: dict[str, tuple[str, str]], file: str) -> str:
    """Return for every wrong setting where it is, its value (masked) and what is expected."""
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        name = str(problem["loc"][0])
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SETTINGS)}"
            lines.append(f"{file}: {_plain(name)} is no setting of hostshift; {hint}")
            continue
        where = variables[name][0] if name in variables else f"{name} in {file}"
        lines.append(wrong_value(where, name, problem["input"]))
    return "\n".join(lines)


def _plain(name: str) -> str:
    """Return a name as it is if it looks like one, else its shape."""
    return name if name.isidentifier() and len(name) <= 40 else shown(name)


def _warn_of_unknown(variable: str, name: str) -> None:
    """Warn if a variable looks like a setting and is none, so that users see a typing error."""
    near = difflib.get_close_matches(name, SETTINGS, n=1)
    hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
    warning("%s is no setting of hostshift%s", _plain(variable), hint)
