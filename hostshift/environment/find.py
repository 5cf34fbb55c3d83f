"""Find the variables of an environment that hold addresses which their readers dial. Pure.

These are values with a data protocol's scheme, keyword strings of databases, and all kinds of
addresses in variables whose names clients of well-known services read (:mod:`.services`). Others
stay unless HOSTSHIFT_ENV lists them: public URLs, origins and issuers look the same, and so does
what a server binds or advertises.
"""

from __future__ import annotations

from hostshift.config.variables import is_variable
from hostshift.environment.model import Kept, Variable
from hostshift.environment.values import (
    LAST_WORDS,
    begins_with_address,
    has_address,
    is_bound,
    is_data,
    to_list,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hostshift.environment.model import Pair

SERVED = frozenset(
    (
        *("LISTEN", "LISTENER", "LISTENERS", "BIND", "ADVERTISE", "ADVERTISED", "BROADCAST"),
        *("ANNOUNCE", "ANNOUNCED", "EXPOSE", "EXPOSED"),
    )
)
"""Words in names of what a server binds or advertises."""

SEEN = frozenset(
    (
        *("PUBLIC", "CALLBACK", "REDIRECT", "REDIRECTS", "ORIGIN", "ORIGINS", "ISSUER", "ISSUERS"),
        *("VITE", "GATSBY"),
    )
)
"""Words in names of what browsers or others see."""
SEEN_ON_THE_WEB = frozenset(
    (
        *("EXTERNAL", "CORS", "CSRF", "WEBHOOK", "WEBHOOKS", "BROWSER", "COOKIE", "COOKIES"),
        *("ALLOWED", "LOGOUT", "AUDIENCE"),
    )
)
"""The same, unless the value is that of a data service, which no browser dials."""
SEEN_BEGINNINGS = ("REACT_APP_", "VUE_APP_", "NG_APP_", "STORYBOOK_")
"""Prefixes of variables that a build writes into a page (Create React App, Vue CLI, …)."""

ORIGINALS = "_HOSTSHIFT_GIVEN"
"""The variable with the original values of Celery's variables, and the answers written there. It
is no setting, so it does not begin as settings do."""

LONGEST_JSON = 131_072
"""The longest JSON that is read for its fields, in characters: what hostshift reads of any text."""
HOSTS = ("HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS")
"""What the last word ends with in names of what may be a host without its port."""
CONNECTIONS = (
    *("AIRFLOW_CONN_", "CONNECTIONSTRINGS__", "CONNECTIONSTRINGS:", "CONNECTION_STRINGS_"),
    *("CUSTOMCONNSTR_", "SQLCONNSTR_", "SQLAZURECONNSTR_", "MYSQLCONNSTR_", "POSTGRESQLCONNSTR_"),
    *("REDISCACHECONNSTR_", "SERVICEBUSCONNSTR_", "EVENTHUBCONNSTR_", "DOCDBCONNSTR_"),
)
"""What the names of connections begin with, before what the connection is called: Airflow's, and
those of .NET's configuration, in variables, in files and by Azure App Service
(EnvironmentVariablesConfigurationProvider)."""
_OF_LOGINS = ("PASSWORD", "PASSWD", "SECRET")
"""What the names of a connection's fields end with, in JSON: nobody calls a connection so."""
IS_SERVED = "by its name, it is what a server binds or advertises"
IS_SEEN = "by its name, browsers or others get it"
IS_FIELD = "by its name, it is a user, a schema or a database"
MAY_BE_A_LOGIN = "its name ends like that of a secret"


def touched(environ: Mapping[str, str], listed: Sequence[str] = ()) -> Iterator[Variable | Pair]:
    """Find the variables to resolve. Pure.

    Args:
        environ: names and values.
        listed: entries of HOSTSHIFT_ENV. A variable that only a pattern names stays if its
            value does not look like an address.

    """
    for place in places(environ, listed):
        if not isinstance(place, Kept):
            yield place


def places(
    environ: Mapping[str, str], listed: Sequence[str] = ()
) -> Iterator[Variable | Pair | Kept]:
    """Find the variables that look like addresses: those to resolve, and those that stay. Pure."""
    for name, value in environ.items():
        if not value or is_variable(name) or name == ORIGINALS:
            continue
        place = None
        if listed:
            from hostshift.environment import listing

            place = listing.place(name, value, environ, listed)
        place = place or of_variable(name, value, environ)
        if place is not None:
            yield place


def of_variable(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | Kept | None:
    """Return what the name and the value of one variable make of it, None for no address. Pure.

    Args:
        name: the variable.
        value: its value.
        environ: the variables beside it, which may hold its port.

    """
    upper = name.upper()
    plain = upper.replace(".", "_").replace("-", "_").replace(":", "_")
    words = frozenset(plain.split("_"))
    if not SERVED.isdisjoint(words) or is_bound(value):
        return _kept(name, value, IS_SERVED)
    if not SEEN.isdisjoint(words) or upper.startswith(SEEN_BEGINNINGS):
        return _kept(name, value, IS_SEEN)
    is_json = value.lstrip()[:1] in ("[", "{")
    if is_json and (found := _json(name, value)):
        return found
    # A keyword string is none in the place of a host: libpq takes ``PGHOST`` as it is.
    is_host_name = "://" not in value and plain.endswith(("HOST", "HOSTNAME", "_SERVER"))
    if not is_json and not is_host_name and is_data(value):
        return _data(name, value, environ)
    if not SEEN_ON_THE_WEB.isdisjoint(words):
        return _kept(name, value, IS_SEEN)
    # The table loads only for what may be in it.
    is_local = "localhost" in value.lower() or "127.0.0.1" in value or value[:4] == "127."
    is_named = is_local or "HOST" in upper or not LAST_WORDS.isdisjoint(words)
    if is_json or is_named or has_address(value) or begins_with_address(value):
        return _by_name(name, value, environ)
    return None


def _by_name(name: str, value: str, environ: Mapping[str, str]) -> Variable | Pair | Kept | None:
    """Return what a name makes of a value that is no connection string, or not plainly one."""
    last = name.upper().rpartition("_")[2]
    if last not in ("URL", "URI") and last not in LAST_WORDS and not is_connection(name.upper()):
        from hostshift.environment import credentials  # most addresses load nothing for it

        if credentials.is_credential(name, value):
            if not credentials.is_secret(name):
                return _kept(name, value, IS_FIELD)
            # Of a secret, no line tells; a connection may be called so, as its owner likes.
            upper = name.upper()
            may_be_one = upper.startswith(CONNECTIONS) and not upper.endswith(_OF_LOGINS)
            return _kept(name, value, MAY_BE_A_LOGIN) if may_be_one else None
    from hostshift.environment import by_name

    return by_name.place(name, value, environ)


def is_connection(name: str) -> bool:
    """Return True for a name that only connections have, whatever the connection is called.

    ``AIRFLOW_CONN_TOKEN`` is one; what has further words is a field of Airflow's JSON.
    """
    beginning = next((each for each in CONNECTIONS if name.startswith(each)), "")
    called = name.removeprefix(beginning)
    mark = "__" if beginning.endswith("__") else beginning[-1:]
    return bool(beginning) and mark not in called and called not in _OF_LOGINS


def _data(name: str, value: str, environ: Mapping[str, str]) -> Variable | Kept:
    """Return a connection string, unless the variable of its port contradicts it."""
    last = name[max(map(name.rfind, "_.:")) + 1 :]
    beside = (name.removesuffix(last), name[: -len("host")])
    ports = (before + port for before in beside for port in ("PORT", "port", "Port"))
    if "://" in value and not environ.keys().isdisjoint(ports):
        from hostshift.environment import port_names

        holds_hosts = last.upper().endswith(HOSTS)
        kept = port_names.contradicted(name, value, environ, holds_hosts=holds_hosts)
        if kept is not None:
            return kept
    return Variable(name=name, protocol=_reader(name) if value.startswith("host=") else "")


def _reader(name: str) -> str:
    """Return the protocol of who reads ``host=…``, which EasyNetQ takes as well as libpq.

    PgBouncer's databases stand in a section of that name.
    """
    if name.lower().startswith("databases"):
        return "postgresql"
    from hostshift.environment import names

    client = names.client(name)
    return client.protocol if client is not None else ""


def _json(name: str, value: str) -> Variable | None:
    """Return a variable with JSON of which a field is an address; None for any other."""
    if "{" not in value or len(value) > LONGEST_JSON:
        return None
    from hostshift.environment import documents

    views = documents.of_json(name, value)
    if any(not isinstance(place, Kept) for view in views for place in places(view.values)):
        return Variable(name=name, is_json=True)
    return None


def _kept(name: str, value: str, reason: str) -> Kept | None:
    """Return a variable that stays by its name; None if the value is no address anyway."""
    if not has_address(value):
        return None
    return Kept(name=name, reason=reason, step=to_list("only clients dial it", name))
