"""hostshift for Django 4.2 and newer: databases, caches, brokers and mail that hold from here.

::

    INSTALLED_APPS = [..., "hostshift_django"]

or one call as the last line of the settings, where code reads them before the apps load::

    hostshift_django.settings(globals())

A database is looked up when a connection is made, and ``settings.DATABASES`` keeps what
was configured. The other settings are resolved once, at the start: see
:mod:`hostshift_django._settings` for which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.drivers import frameworks

try:
    import django  # noqa: F401 - only to name what is missing
except ImportError as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["settings"]


def settings(namespace: MutableMapping[str, Any]) -> None:
    """Resolve the settings of a module, and cover its databases' connections.

    Args:
        namespace: ``globals()`` of the settings module, at its end.

    Raises:
        SettingError: ``HOSTSHIFT_SETTINGS`` is no list.
        UndecidedError: only with STRICT; names the setting.

    """
    from hostshift_django import _connect, _settings

    namespace.update(_settings.resolved(namespace))
    _settings.called = True
    _connect.install()
