"""Sources of settings whose data services' addresses are resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_settings import PydanticBaseSettingsSource

from hostshift.drivers.containers import with_items
from hostshift.environment.values import is_data
from hostshift_pydantic._values import SEVERAL, URLS, kinds, shifted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings


def shifted_sources(
    settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource
) -> tuple[PydanticBaseSettingsSource, ...]:
    """Wrap sources for ``settings_customise_sources``, and add one for the defaults.

    Args:
        settings_cls: the class whose fields tell which values are URLs.
        sources: as pydantic-settings hands them over, in their order.

    """
    wrapped = (ShiftedSource(settings_cls, source) for source in sources)
    return (*wrapped, ShiftedDefaults(settings_cls))


class ShiftedSource(PydanticBaseSettingsSource):
    """Another source, with the addresses from here."""

    def __init__(
        self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource
    ) -> None:
        """Wrap a source."""
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return what the source itself returns."""
        return self._source.get_field_value(field, field_name)

    def _set_current_state(self, state: dict[str, Any]) -> None:
        self._source._set_current_state(state)  # noqa: SLF001 - what the base class does as well

    def _set_settings_sources_data(self, states: dict[str, dict[str, Any]]) -> None:
        self._source._set_settings_sources_data(states)  # noqa: SLF001

    def __call__(self) -> dict[str, Any]:
        """Return the source's values, resolved."""
        return _model(self.settings_cls, self._source())

    def __repr__(self) -> str:
        """Name the source, without its values."""
        return f"ShiftedSource({type(self._source).__name__})"


class ShiftedDefaults(PydanticBaseSettingsSource):
    """The fields' own defaults, with the addresses from here; the last source."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a field's default."""
        return field.get_default(call_default_factory=False), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the defaults that have another value from here."""
        changed = {}
        for name, field in self.settings_cls.model_fields.items():
            default, _, _ = self.get_field_value(field, name)
            if field.is_required() or not _holds_urls(field.annotation):
                continue
            after = _value(field.annotation, default)
            if after is not default:
                changed[name] = after
        return changed


def _model(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve the values of a model's fields, by name or alias, and of models within."""
    fields = {**model.model_fields}
    for name, field in model.model_fields.items():
        for alias in (field.alias, field.validation_alias):
            if isinstance(alias, str):
                fields[alias] = field
        fields[name.lower()] = field
    return {
        name: _value(fields[name].annotation, value) if name in fields else value
        for name, value in values.items()
    }


def _value(annotation: Any, value: Any) -> Any:
    """Resolve a value if its field is for URLs and it is a data service's."""
    models = [kind for kind in kinds(annotation) if _is_model(kind)]
    if isinstance(value, dict) and models:
        for model in models:
            value = _model(model, value)
        return value
    if isinstance(value, (dict, *SEVERAL)):
        return with_items(value, lambda _, item: _value(annotation, item))
    if not isinstance(value, (str, *URLS)) or not _holds_urls(annotation):
        return value
    text = str(value)
    after = shifted(text, "pydantic's settings") if is_data(text) else text
    return value if after == text else after


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _holds_urls(annotation: Any) -> bool:
    return any(isinstance(kind, type) and issubclass(kind, URLS) for kind in kinds(annotation))
