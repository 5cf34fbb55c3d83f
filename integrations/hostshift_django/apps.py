"""The app: what ``INSTALLED_APPS`` loads."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from hostshift_django import _connect, _settings
from hostshift_django._checks import check


class HostshiftConfig(AppConfig):
    """Resolves the settings and covers the databases' connections."""

    name = "hostshift_django"
    verbose_name = "hostshift"

    def __init__(self, app_name: str, app_module: Any) -> None:
        """Begin before any app's models are loaded.

        ``ready()`` would come after them: a module that makes a client of its cache or
        broker while it is imported has read the settings by then.
        """
        super().__init__(app_name, app_module)
        for name, value in _settings.resolved(_settings.overridden()).items():
            setattr(settings, name, value)
        _connect.install()
        _connect.cover_existing()

    def ready(self) -> None:
        """Register the system check."""
        checks.register(check, "hostshift")
