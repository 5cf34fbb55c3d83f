"""What Django loads where ``INSTALLED_APPS`` names the package instead of its Django app.

Nothing else imports this module. Without it Django would take the package for an app that
does nothing, and the addresses would stay what they are, in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from typing import Any


class NoConfig(AppConfig):
    """No app: it says which one is meant."""

    name = "hostshift"

    def __init__(self, app_name: str, app_module: Any) -> None:
        """Refuse.

        Raises:
            ImproperlyConfigured: always; says what to write.

        """
        del app_module
        raise ImproperlyConfigured(
            f"INSTALLED_APPS names {app_name!r}, which is no Django app and would resolve nothing."
            " Write 'hostshift_django' in its place"
        )
