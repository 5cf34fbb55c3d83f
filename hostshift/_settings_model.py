"""The settings as pydantic-settings reads them; loaded only where there are any."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from hostshift import policy as rules
from hostshift._log import warning
from hostshift._setting_errors import EXPECTED, shown
from hostshift._setting_errors import wrong as wrong_value
from hostshift.errors import SettingError
from hostshift.settings import PREFIX, is_variable

if TYPE_CHECKING:
    from hostshift._settings_file import SettingsFile


def _checked(name: str) -> BeforeValidator:
    """Read a value as an argument of Policy is read, from a file or from a variable."""
    return BeforeValidator(rules.READERS[name])


class SettingsModel(BaseSettings):
    """One field a setting; each says in its description what is allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
    )

    mode: Annotated[Any, _checked("mode")] = "on"
    strict: Annotated[Any, _checked("strict")] = False
    map: Annotated[Any, _checked("map")] = ""
    keep: Annotated[Any, _checked("keep")] = ""
    prefer: Annotated[Any, _checked("prefer")] = "host"
    host_address: Annotated[Any, _checked("host_address")] = None
    probe: Annotated[Any, _checked("probe")] = "auto"
    budget: Annotated[Any, _checked("budget")] = rules.DEFAULT_BUDGET
    sources: Annotated[Any, _checked("sources")] = rules.SOURCES
    compose_file: Annotated[Any, _checked("compose_file")] = None
    topology_file: Annotated[Any, _checked("topology_file")] = None
    isolation: Annotated[Any, _checked("isolation")] = None
    network: Annotated[Any, _checked("network")] = None
    naming: Annotated[Any, _checked("naming")] = None
    env: Annotated[Any, _checked("env")] = ""


def policy(file: SettingsFile | None) -> rules.Policy:
    """Read the variables and the file, if there is one, into a plain Policy.

    Raises:
        SettingError: a value is not allowed.

    """
    variables = _variables()
    given = {name: value for name, (_, value) in variables.items()}
    try:
        found = _with_sources(given, file.table if file else {})()
    except ValidationError as error:
        wrong = _message(error, variables, file.path if file else "")
    else:
        return rules.Policy(**{name: getattr(found, name) for name in rules.READERS})
    # Raised here, so that nothing of what was given is in its chain of causes.
    raise SettingError(wrong)


def _variables() -> dict[str, tuple[str, str]]:
    """Return the variables that are settings: what each sets, its name and its value.

    Names count in any case, as pydantic-settings takes them. Of two that set the same, the
    one in capitals counts. An empty one is not set.
    """
    found: dict[str, tuple[str, str]] = {}
    for variable in sorted(filter(is_variable, os.environ)):  # capitals come first
        name = variable[len(PREFIX) :].lower()
        if name not in rules.READERS:
            _warn_of_unknown(variable, name)
        elif os.environ[variable]:
            found.setdefault(name, (variable, os.environ[variable]))
    return found


def _with_sources(variables: dict[str, Any], table: dict[str, Any]) -> type[SettingsModel]:
    """Return the model that reads the variables and, behind them, the table of a file."""

    class WithSources(SettingsModel):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            # A table where a value belongs would else be merged with the variable's value.
            behind = {name: value for name, value in table.items() if name not in variables}
            return (InitSettingsSource(settings_cls, {**behind, **variables}),)

    return WithSources


def _message(error: ValidationError, variables: dict[str, tuple[str, str]], file: str) -> str:
    """Say of every wrong setting where it stands, what was given and what is expected."""
    lines = []
    for found in error.errors(include_url=False, include_context=False):
        name = str(found["loc"][0])
        if name not in EXPECTED:
            near = difflib.get_close_matches(name, EXPECTED, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EXPECTED)}"
            lines.append(f"{file}: {_plain(name)} is no setting of hostshift; {hint}")
            continue
        where = variables[name][0] if name in variables else f"{name} in {file}"
        lines.append(wrong_value(where, name, found["input"]))
    return "\n".join(lines)


def _plain(name: str) -> str:
    """Write a name as it is given, if it is plainly one."""
    return name if name.isidentifier() and len(name) <= 40 else shown(name)


def _warn_of_unknown(variable: str, name: str) -> None:
    """Say when a variable looks like a setting and is none: a typing error goes unseen else."""
    near = difflib.get_close_matches(name, EXPECTED, n=1)
    hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
    warning("%s is no setting of hostshift%s", _plain(variable), hint)
