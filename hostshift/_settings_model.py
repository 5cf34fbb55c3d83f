"""The settings as pydantic-settings reads them; loaded only where there are any."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hostshift import policy as rules
from hostshift._log import warning
from hostshift.errors import SettingError
from hostshift.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable


def _joined(value: object) -> object:
    """Take a list of a TOML file for the comma list that a variable would hold."""
    if isinstance(value, list):
        return ",".join(str(entry) for entry in value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _checked(read: Callable[[str], object]) -> BeforeValidator:
    """Check a text with a function of the policy, and keep the text."""

    def check(value: object) -> object:
        text = _joined(value)
        if text is None:  # not set
            return None
        if not isinstance(text, str):
            raise ValueError("a text is wanted")  # noqa: TRY004 - pydantic gathers ValueErrors
        read(text)
        return text

    return BeforeValidator(check)


def _choice(allowed: tuple[str, ...]) -> BeforeValidator:
    return _checked(lambda value: rules.one_of(value, allowed))


def _seconds(value: object) -> object:
    try:
        return rules.positive(float(str(value)))
    except ValueError:
        raise ValueError("a number of seconds above 0 and up to 60 is wanted") from None


class SettingsModel(BaseSettings):
    """One field a setting; each says in its description what is allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
    )

    mode: Annotated[str, _choice(rules.MODES)] = "on"
    strict: bool = False
    map: Annotated[str, _checked(rules.parse_map)] = ""
    keep: Annotated[str, _checked(rules.parse_keep)] = ""
    prefer: Annotated[str, _choice(rules.PREFERENCES)] = "host"
    host_address: Annotated[str | None, _checked(rules.parse_host)] = None
    probe: Annotated[str, _choice(rules.PROBES)] = "auto"
    budget: Annotated[float, BeforeValidator(_seconds)] = rules.DEFAULT_BUDGET
    sources: Annotated[str, _checked(rules.parse_sources)] = ",".join(rules.SOURCES)
    compose_file: str | None = None
    topology_file: str | None = None
    isolation: Annotated[str | None, _choice(rules.ISOLATIONS)] = None
    network: Annotated[str | None, _choice(rules.NETWORKS)] = None
    naming: Annotated[str | None, _choice(rules.NAMINGS)] = None
    env: Annotated[str, _checked(rules.parse_names)] = ""


ALLOWED = {
    "mode": ", ".join(rules.MODES),
    "strict": "true or false",
    "map": "a comma list of from=to, each a host or host:port, such as localhost:5432=db:5432",
    "keep": "a comma list of hosts, ports and host:port",
    "prefer": ", ".join(rules.PREFERENCES),
    "host_address": "a host name or address without a port",
    "probe": ", ".join(rules.PROBES),
    "budget": "a number of seconds above 0 and up to 60",
    "sources": f"a comma list of {', '.join(rules.SOURCES)}",
    "compose_file": "a path",
    "topology_file": "a path",
    "isolation": ", ".join(rules.ISOLATIONS),
    "network": ", ".join(rules.NETWORKS),
    "naming": ", ".join(rules.NAMINGS),
    "env": "a comma list of names of variables, with * and ?",
}
"""What each setting may be, for messages."""


def policy(file: str | None) -> rules.Policy:
    """Read the variables and the file, if there is one, into a plain Policy.

    Raises:
        SettingError: a value is not allowed, or the file is no TOML.

    """
    _warn_of_unknown_variables()
    try:
        found = _with_file(file)()
    except ValidationError as error:
        raise SettingError(_message(error, file)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file} is not TOML: {error}") from None
    return rules.Policy(**found.model_dump())


def _with_file(file: str | None) -> type[SettingsModel]:
    """Return the model that also reads a settings file, behind the variables."""
    in_pyproject = file is not None and file.endswith("pyproject.toml")

    class WithFile(SettingsModel):
        # Only set where it is used: pydantic-settings warns of unused configuration.
        model_config = (
            SettingsConfigDict(pyproject_toml_table_header=("tool", "hostshift"))
            if in_pyproject
            else SettingsConfigDict()
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            if file is None:
                return (env_settings,)
            if in_pyproject:
                return env_settings, PyprojectTomlConfigSettingsSource(settings_cls, Path(file))
            return env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    return WithFile


def _message(error: ValidationError, file: str | None) -> str:
    """Say of every wrong setting where it stands, what was given and what is allowed."""
    lines = []
    for found in error.errors():
        name = str(found["loc"][0])
        if name not in ALLOWED:
            near = difflib.get_close_matches(name, ALLOWED, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(ALLOWED)}"
            lines.append(f"{file}: {name} is no setting of hostshift{hint}")
            continue
        lines.append(f"{_where(name, file)} = {_shown(found['input'])}: wanted is {ALLOWED[name]}")
    return "\n".join(lines)


def _where(name: str, file: str | None) -> str:
    """Name the variable, or the file and key, that a value came from."""
    variables = {variable.lower(): variable for variable in os.environ}
    variable = variables.get(f"{PREFIX}{name}".lower())
    return variable if variable is not None and os.environ[variable] else f"{name} in {file}"


def _shown(value: object) -> str:
    """Show what was given, unless it looks like a connection string with a password."""
    text = repr(value)
    if "@" in text:
        return "*** (it holds an @)"
    return text if len(text) <= 80 else f"{text[:77]}…"


def _warn_of_unknown_variables() -> None:
    """Say when a variable looks like a setting and is none: a typing error goes unseen else."""
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in ALLOWED:
            near = difflib.get_close_matches(name, ALLOWED, n=1)
            hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
            warning("%s is no setting of hostshift%s", variable, hint)
