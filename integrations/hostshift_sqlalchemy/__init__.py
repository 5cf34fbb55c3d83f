"""hostshift for SQLAlchemy 2.0 and newer: every new connection goes to the right address.

::

    engine = create_engine(url, plugins=["hostshift"])

or ``?plugin=hostshift`` in the URL, or :func:`install` once for every engine of
the process. Async engines work the same way.

The address is looked up when a connection is made, in the dialect's ``connect``: after all
``do_connect`` listeners, which run as they do without hostshift. ``engine.url`` keeps what was
configured. An engine with its own ``creator=`` connects by itself and is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostshift.config import settings
from hostshift.drivers import frameworks

try:
    from sqlalchemy import event
    from sqlalchemy.engine import CreateEnginePlugin, Engine

    from hostshift_sqlalchemy import _connect
except (ImportError, AttributeError) as error:
    raise frameworks.failed(__name__, error) from error
frameworks.check(__name__)

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["HostshiftPlugin", "install", "uninstall"]


class HostshiftPlugin(CreateEnginePlugin):
    """What ``plugins=["hostshift"]`` and ``?plugin=hostshift`` load."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        """Take nothing from the URL or the arguments."""

    def update_url(self, url: URL) -> URL:
        """Leave the URL as it is: what was configured is what ``engine.url`` shows."""
        return url

    def engine_created(self, engine: Engine) -> None:
        """Cover the connections of one engine; again changes nothing."""
        settings.preload()
        _connect.cover(engine.dialect)
        _listen_for_lost(engine)


def install() -> None:
    """Cover every engine of this process, those that exist and those to come.

    Calling it again changes nothing.
    """
    settings.preload()
    _connect.cover_class()
    # Two checks, as an interrupt may have come between them.
    if not event.contains(Engine, "do_connect", _connect.cover_others):
        event.listen(Engine, "do_connect", _connect.cover_others, insert=True)
    _listen_for_lost(Engine)


def uninstall() -> None:
    """Cover no more engines by themselves; those with the plugin go on."""
    _connect.uncover_class()
    if event.contains(Engine, "do_connect", _connect.cover_others):
        event.remove(Engine, "do_connect", _connect.cover_others)
    if event.contains(Engine, "invalidate", _connect.lost):
        event.remove(Engine, "invalidate", _connect.lost)


def _listen_for_lost(target: Engine | type[Engine]) -> None:
    if not event.contains(target, "invalidate", _connect.lost):
        event.listen(target, "invalidate", _connect.lost)
