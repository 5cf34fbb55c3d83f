"""hostshift for Flask 2.3 and newer: extensions find addresses that hold from here.

::

    app.config.from_prefixed_env()
    Hostshift(app)  # after the configuration, before other extensions
    db.init_app(app)

SQLAlchemy's engines look their address up at each new connection, and ``SQLALCHEMY_DATABASE_URI``
stays what it is. Other keys get their value from here once: those with a data service's
scheme, known pairs (``CACHE_REDIS_HOST`` and ``CACHE_REDIS_PORT``), dictionaries of such
(``CELERY``), and those that are named. Web addresses and ``SERVER_NAME`` stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.drivers import frameworks

try:
    from flask import current_app

    from hostshift_flask import _command, _config, _engines
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

__all__ = ["Hostshift"]


class Hostshift:
    """The extension: one for any number of applications."""

    def __init__(self, app: Flask | None = None, *, keys: Sequence[str] = ()) -> None:
        """Cover an application, or those that :meth:`init_app` is called with.

        Args:
            app: an application that is configured already.
            keys: names and patterns of keys whose values are always resolved; those in
                ``HOSTSHIFT_KEYS`` of an application's configuration come on top.

        Raises:
            UndecidedError: only with STRICT; names the key.

        """
        self._app = app
        self._keys = (keys,) if isinstance(keys, str) else tuple(keys)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Resolve an application's configuration as it is now, and add ``flask hostshift``.

        Raises:
            UndecidedError: only with STRICT; names the key.

        """
        state: _config.State = app.extensions.setdefault("hostshift", _config.State())
        state.keys += self._keys
        app.cli.add_command(_command.explain)
        self.resolve(app)

    def resolve(self, app: Flask | None = None) -> None:
        """Resolve what was configured since.

        Args:
            app: by default the one that this was made with, else the current one.

        Raises:
            UndecidedError: only with STRICT; names the key.

        """
        application: Flask = app or self._app or current_app
        state: _config.State = application.extensions["hostshift"]
        _engines.cover(application)
        _config.resolve(application, state)
