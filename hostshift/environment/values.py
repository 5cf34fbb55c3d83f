"""What the value of a variable is, by its text alone. Pure."""

from __future__ import annotations

DATA_PROTOCOLS = frozenset(
    (
        *("postgresql", "mysql", "mysqlx", "mariadb", "mssql", "oracle", "mongodb", "redis"),
        *("amqp", "kafka", "nats", "memcached", "clickhouse", "neo4j", "mqtt", "stomp"),
        *("h2", "hsqldb", "cassandra", "beanstalk", "pulsar", "statsd", "smtp", "ldap", "db2"),
    )
)
"""Protocols of services that an application uses and its users never see."""

KEYWORD_DIALECTS = frozenset(("libpq", "adonet", "odbc", "jdbc", "oracle", "go_mysql", "azure"))
"""Grammars that only connection strings of databases and of Azure's services have."""

EMBEDDED = ("jdbc:h2:", "jdbc:hsqldb:", "jdbc:sqlite:", "jdbc:derby:")
"""What strings begin with that lead into a file or the memory, if they name no host."""
EVERYWHERE = frozenset(("0.0.0.0", "::"))  # noqa: S104 - compared
LAST_WORDS = frozenset(
    (
        *("HOST", "HOSTNAME", "SERVER", "ADDRESS", "ADDR", "HOSTS", "HOSTNAMES", "SERVERS"),
        *("NODES", "SEEDS", "POINTS", "ENDPOINT"),
    )
)
"""Last words of names that may hold hosts without ports."""


def is_data(value: str) -> bool:
    """Return True if a value is a connection string of a data service, by its text alone.

    That includes a string that no grammar reads, if its scheme is a data protocol's: it stays,
    and a log line says so.
    """
    if not any(mark in value for mark in ("://", "=", "jdbc:", "@tcp(", "@(")):
        return False
    if value.startswith(("http://", "https://")) and value.count("://") == 1:
        return False
    from hostshift import dsn

    reading = dsn.read(value)
    if any(endpoint.host in EVERYWHERE for endpoint in reading.endpoints):
        return False
    if reading.trouble and not reading.dialect:
        return dsn.scheme_protocol(value) in DATA_PROTOCOLS
    if not reading.endpoints and "$" not in value and value.startswith(EMBEDDED):
        return False
    if reading.dialect == "oracle" and not reading.endpoints:
        return False  # a filter of LDAP looks like a descriptor: (cn=users)
    return reading.protocol in DATA_PROTOCOLS or reading.dialect in KEYWORD_DIALECTS


def has_address(value: str) -> bool:
    """Return True if a value is a URL, or ``host:port``, or a list of them."""
    if "://" in value:
        return True
    entries = value.strip(" \"'").split(",")
    return all(map(is_host_and_port, entries))


def begins_with_address(value: str) -> bool:
    """Return True if ``host:port`` stands before a blank, a semicolon or a path."""
    for mark in " ;/":
        value = value.partition(mark)[0]
    return all(map(is_host_and_port, value.split(",")))


def is_host_and_port(text: str) -> bool:
    """Return True for ``host:port``; not for a time of day, a ratio or a mere number."""
    from hostshift.base.addresses import is_host

    host, colon, port = text.strip().rpartition(":")
    host = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
    if not colon or not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        return False
    return not host.isdecimal() and is_host(host)


def is_bound(value: str) -> bool:
    """Return True if a value names all addresses of this machine, which only servers do."""
    if not any(host in value for host in EVERYWHERE):
        return False
    return any(host_of(entry) in EVERYWHERE for entry in value.strip(" \"'[]").split(","))


def host_of(entry: str) -> str:
    """Return the host of a URL, of ``host:port`` or alone, where none of these is odd."""
    authority = (
        entry.strip(" \"'")
        .rpartition("://")[2]
        .rpartition("@")[2]
        .partition("/")[0]
        .partition("?")[0]
    )
    if authority[:1] == "[":
        return authority[1:].partition("]")[0]
    return authority if authority.count(":") > 1 else authority.partition(":")[0]


def to_list(condition: str, name: str) -> str:
    """Return the step that has a variable resolved; its name may be anything, a secret too."""
    from hostshift.base import redaction

    return f"if {condition}, list it: HOSTSHIFT_ENV={redaction.name(name)}"
