"""Django loads this where ``INSTALLED_APPS`` names the package instead of its Django app.

Nothing else imports this module. Without it Django would take the package for an app that
does nothing, and the addresses would stay as they are, without a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from types import ModuleType


class NoConfig(AppConfig):
    """An app that refuses to load, with an error that names the right one."""

    name = "hostshift"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        """Refuse to load.

        Raises:
            ImproperlyConfigured: always; names the right app.

        """
        del app_module
        raise ImproperlyConfigured(
            f"INSTALLED_APPS names {app_name!r}, which is no Django app and would resolve nothing."
            " Write 'hostshift_django' in its place"
        )
