"""The page of settings and the arguments of Policy are those of the one table of settings."""

from __future__ import annotations

import inspect
from pathlib import Path

from hostshift import Policy
from hostshift.config.table import SETTINGS
from hostshift.config.variables import PREFIX

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = ["| variable | values | default | meaning |", "| --- | --- | --- | --- |"]


def shown(default: object) -> str:
    """Return a default as a variable would hold it, or nothing if the setting is not set."""
    if default is None or default == ():
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower()


def rows() -> list[str]:
    """Return the lines that the page has to have, made of the table of settings."""
    table = [
        (
            f"`{PREFIX}{setting.name.upper()}`",
            setting.expected,
            f"`{shown(setting.default)}`" if shown(setting.default) else "",
            setting.meaning,
        )
        for setting in SETTINGS.values()
    ]
    return [*HEAD, *(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in table)]


def test_the_page_has_one_row_for_every_setting() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("|")] == rows()


def test_a_setting_reads_the_default_that_the_page_shows() -> None:
    configured = [setting for setting in SETTINGS.values() if shown(setting.default)]
    assert len(configured) >= 6
    for setting in configured:
        assert setting.read(shown(setting.default)) == setting.default


def test_policy_takes_the_settings_with_their_defaults() -> None:
    parameters = inspect.signature(Policy).parameters.values()
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    # repr() tells True from 1 and 1.0 from 1.
    assert {parameter.name: repr(parameter.default) for parameter in parameters} == {
        setting.name: repr(setting.default) for setting in SETTINGS.values()
    }


def test_a_policy_without_arguments_holds_the_defaults() -> None:
    policy = Policy()
    assert {name: getattr(policy, name) for name in SETTINGS} == {
        setting.name: setting.default for setting in SETTINGS.values()
    }
