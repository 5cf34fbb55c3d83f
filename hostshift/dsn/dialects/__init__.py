"""The grammars, one module each: ``read(text, scheme)`` finds the endpoints or raises Unreadable.

:mod:`hostshift.dsn.parse` loads each at first use.
"""

from __future__ import annotations

DIALECTS: dict[str, str] = {
    "uri": "RFC 3986 as urllib reads it: redis-py, kombu, HTTP clients and most others",
    "libpq": "libpq and what is built on it, URIs and key=value: psycopg, psql",
    "sqlalchemy": "SQLAlchemy's URLs",
    "mongodb": "the MongoDB drivers",
    "jdbc": "Java's drivers: PostgreSQL, MySQL, MariaDB, SQL Server, …; R2DBC, Vert.x; mysqlx://",
    "oracle": "Oracle's connect strings: EZConnect and descriptors, python-oracledb",
    "hostport": "host:port, or a comma list of them",
    "hosts": "hosts with or without a port, for consumers that take such a list",
    "redis": "redis-py, valkey-py, and clients of their sentinels and clusters",
    "amqp": "kombu and Celery: brokers and result backends of every transport",
    "kafka": "Kafka clients: bootstrap servers and listeners",
    "memcached": "memcached clients, and Django's LOCATION of caches",
    "nats": "NATS clients",
    "uris": "lists of URIs: nodes of Elasticsearch and OpenSearch, etcd endpoints",
    "clickhouse": "clickhouse-driver and clickhouse-go",
    "grpc": "targets of gRPC channels",
    "adonet": "ADO.NET: SqlClient, Npgsql, MySqlConnector",
    "odbc": "ODBC drivers, pyodbc",
    "stackexchange": "StackExchange.Redis",
    "go_mysql": "go-sql-driver/mysql",
    "sqlserver": "SQL Server's URLs: go-mssqldb, Prisma",
    "pdo": "PHP's PDO, Perl's DBI",
    "azure": "Azure's services and their emulators: Storage, Cosmos DB, Service Bus",
    "none": "schemes without an address that could be rewritten",
}
"""Name and consumers of every grammar. The module of that name in this package has it."""
