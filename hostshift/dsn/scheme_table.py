"""The schemes of connection URIs, as data: protocol, default port, and who reads them.

Each row has the names of one kind, and where its port and its readers come from. If several
families of drivers read a scheme, hostshift changes a string only if all of them see the
same endpoints in it. Without readers, ``uri`` reads the scheme.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Row = tuple[str, str, int | None, tuple[str, ...]]

_URI = ("uri",)
_SQL = ("sqlalchemy", "uri")
_LIBPQ = ("libpq", "sqlalchemy", "uri")

ROWS: tuple[Row, ...] = (
    # --- PostgreSQL and what speaks its protocol ---
    (" postgresql postgres ", "postgresql", 5432, _LIBPQ),  # fe-connect.c, uri_designator
    # From dj-database-url, django-environ, dburl and Ecto, or the name of a driver alone: all are
    # read by URL libraries.
    (" postgis psql pgsql pg pgx asyncpg psycopg psycopg2 ecto ", "postgresql", 5432, _URI),
    (" timescale timescaledb timescalegis ", "postgresql", 5432, _URI),
    # Names of PDO's drivers (Doctrine, Enqueue), PostgresKit, and dbmate's name for Spanner.
    (" pdo-pgsql pdo_pgsql postgres+tcp spanner-postgres ", "postgresql", 5432, _URI),
    (" cockroachdb ", "postgresql", 26257, _SQL),  # sqlalchemy-cockroachdb
    (" cockroach crdb cdb ", "postgresql", 26257, _URI),  # dburl
    (" redshift ", "postgresql", 5439, _SQL),  # sqlalchemy-redshift
    (" yugabytedb ysql ", "postgresql", 5433, _URI),  # YugabyteDB, YSQL's default
    (" sqlitecloud ", "sqlitecloud", 8860, _URI),  # sqlitecloud-py
    # libSQL's clients take a file as well, and take HTTP or WebSockets by a parameter.
    (" libsql sqlite+libsql ", "http", None, _URI),
    (" questdb ", "postgresql", 8812, _URI),
    (" crate ", "http", 4200, _URI),  # crate-python
    # --- MySQL and MariaDB ---
    (" mysql mariadb ", "mysql", 3306, _SQL),
    # From Rails, Django's GIS and dburl.
    (" mysql2 trilogy mysqlgis mysql-connector my maria ", "mysql", 3306, _URI),
    (" mysqli pdo-mysql pdo_mysql ", "mysql", 3306, _URI),  # Doctrine, Enqueue
    (" tidb ", "mysql", 4000, _URI),  # TiDB's default
    (" mysqlx ", "mysqlx", 33060, ("jdbc",)),
    (" mysqlx+srv ", "mysqlx", None, ("jdbc",)),
    # --- SQL Server, Oracle, Db2 and others ---
    (" mssql ", "mssql", 1433, ("sqlalchemy",)),
    (" sqlserver azuresql ", "mssql", 1433, ("sqlserver",)),  # go-mssqldb, Prisma
    # dj-database-url, whose path is a database and no instance; Doctrine.
    (" mssqlms sqlsrv pdo-sqlsrv pdo_sqlsrv ", "mssql", 1433, _URI),
    (" oracle ", "oracle", 1521, ("sqlalchemy",)),
    (" oraclegis ora oci8 godror ", "oracle", 1521, _URI),  # Django, dburl, go-ora
    (" db2 ibm_db_sa ", "db2", 50000, _URI),  # ibm_db_sa, go_ibm_db
    (" firebird firebirdsql ", "firebird", 3050, _URI),  # sqlalchemy-firebird, dburl
    (" hana saphana ", "hana", None, _URI),  # 3NN15, where NN is the instance
    (" vertica ", "vertica", 5433, _URI),  # vertica-python
    (" monetdb ", "monetdb", 50000, _URI),
    (" exasol exa ", "exasol", 8563, _URI),
    (" teradata teradatasql ", "teradata", 1025, _URI),
    (" trino presto ", "http", 8080, _URI),  # trino-python-client
    (" hive ", "hive", 10000, _URI),  # PyHive
    (" impala ", "impala", 21050, _URI),  # impyla
    (" druid ", "http", 8082, _URI),  # pydruid
    # --- documents, graphs, search, time series ---
    (" mongodb ", "mongodb", 27017, ("mongodb",)),
    (" couchdb ", "http", 5984, _URI),
    (" arangodb ", "http", 8529, _URI),
    (" bolt bolt+s bolt+ssc neo4j neo4j+s neo4j+ssc memgraph ", "neo4j", 7687, _URI),
    (" elasticsearch elasticsearch+http elasticsearch+https es ", "http", 9200, _URI),
    (" opensearch opensearch+http opensearch+https ", "http", 9200, _URI),
    (" clickhouse ", "clickhouse", 9000, ("clickhouse",)),
    (" clickhouses ", "clickhouse", 9440, ("clickhouse",)),
    # SQLAlchemy takes 8123 and dburl 80, so neither counts.
    (" clickhouse+http clickhouse+https ", "clickhouse", None, _SQL),
    (" influxdb ", "http", 8086, _URI),  # influxdb-python, InfluxDBClient.from_dsn
    (" cassandra scylla ", "cassandra", 9042, _URI),
    (" couchbase ", "couchbase", 11210, _URI),  # gocbconnstr, DefaultMemdPort
    (" couchbases ", "couchbase", 11207, _URI),
    # --- Redis ---
    (" redis rediss valkey valkeys redis+cluster rediss+cluster ", "redis", 6379, ("redis",)),
    (" valkey+cluster redis+ssl redis+tls rediscache valkeycache ", "redis", 6379, ("redis",)),
    (" redis-cluster rediss-cluster valkey-cluster ", "redis", 6379, ("redis",)),
    (" redis+sentinel rediss+sentinel redis-sentinel ", "redis", 26379, ("redis",)),
    (" rediss-sentinel valkey+sentinel ", "redis", 26379, ("redis",)),
    (" hiredis ", "redis", 6379, _URI),  # django-cache-url
    (" memcached memcache pymemcache pylibmc ", "memcached", 11211, ("memcached",)),
    # --- messages ---
    (" amqp pyamqp librabbitmq rabbitmq ", "amqp", 5672, ("amqp",)),
    (" amqps amqp+ssl ", "amqp", 5671, ("amqp",)),
    (" sentinel ", "redis", 26379, ("amqp",)),
    (" sqs dynamodb ", "http", None, ("amqp",)),
    (" confluentkafka ", "kafka", 9092, ("amqp",)),
    (" sqla+postgresql db+postgresql ", "postgresql", 5432, ("amqp",)),
    (" db+postgresql+psycopg2 db+postgresql+psycopg ", "postgresql", 5432, ("amqp",)),
    (" sqla+mysql db+mysql db+mysql+pymysql ", "mysql", 3306, ("amqp",)),
    (" cache+memcached ", "memcached", 11211, ("amqp",)),
    # The names of security protocols, as listeners have them (org.apache.kafka…SecurityProtocol).
    (" kafka plaintext sasl_plaintext sasl_ssl ", "kafka", 9092, ("kafka",)),
    (" nats ", "nats", 4222, ("nats",)),
    (" pulsar ", "pulsar", 6650, _URI),
    (" pulsar+ssl ", "pulsar", 6651, _URI),
    (" mqtt mqtt+tcp ", "mqtt", 1883, _URI),
    (" mqtts mqtt+ssl mqtt+tls ", "mqtt", 8883, _URI),
    (" stomp ", "stomp", 61613, _URI),
    (" stomp+ssl ", "stomp", 61614, _URI),
    (" beanstalk beanstalkd ", "beanstalk", 11300, _URI),
    (" gearman ", "gearman", 4730, _URI),  # Enqueue
    # --- the web, mail, files and machines ---
    (" http ws ", "http", 80, _URI),
    (" https wss ", "http", 443, _URI),
    (" grpc ", "http", None, _URI),
    (" dns passthrough ", "http", None, ("grpc",)),
    (" tls tcp udp ", "", None, _URI),
    (" socks4 socks4a socks5 socks5h ", "socks", 1080, _URI),
    (" etcd ", "http", 2379, _URI),
    (" consul ", "http", 8500, _URI),
    (" ldap ", "ldap", 389, _URI),
    (" ldaps ", "ldap", 636, _URI),
    (" smtp ", "smtp", 25, _URI),
    (" smtps smtp+ssl ", "smtp", 465, _URI),
    (" submission smtp+tls ", "smtp", 587, _URI),
    (" submissions ", "smtp", 465, _URI),
    (" imap ", "imap", 143, _URI),
    (" imaps imap+ssl ", "imap", 993, _URI),
    (" pop3 ", "pop3", 110, _URI),
    (" pop3s pop3+ssl ", "pop3", 995, _URI),
    (" ftp ", "ftp", 21, _URI),
    (" ftps ", "ftp", 990, _URI),
    (" sftp ssh ", "ssh", 22, _URI),
    (" syslog ", "syslog", 514, _URI),
    (" syslog+tls syslog+ssl syslogs ", "syslog", 6514, _URI),  # RFC 5425, 4.1
    (" statsd ", "statsd", 8125, _URI),
    # --- no address that could be rewritten: files, sockets, tables, names that DNS explains ---
    (
        " mongodb+srv redis+socket redis+unix rediss+socket redis-socket http+unix unix ",
        "",
        None,
        ("none",),
    ),
    (" sqlite sqlite3 spatialite sq mq moderncsqlite duckdb ", "", None, ("none",)),
    (" file pipe memory data dbcache filecache locmemcache dummycache ", "", None, ("none",)),
    (" db ", "", None, ("none",)),  # a table (django-cache-url), a database's name (LanceDB)
    (" filemail consolemail memorymail dummymail snowflake bigquery athena ", "", None, ("none",)),
    (" awsathena+rest s3 gs ", "", None, ("none",)),
    # A name inside the process: ActiveMQ's vm, Artemis' invm, ZeroMQ's inproc, Go CDK's mem, and
    # Camel's components. Then files, and groups of receivers (ActiveMQ, zmq_pgm).
    (" vm invm inproc mem seda direct direct-vm ", "", None, ("none",)),
    (" ipc peer multicast pgm epgm ldapi npipe ", "", None, ("none",)),
    # Transports and result backends of kombu and Celery without a server of their own.
    (" rpc disabled filesystem cache+memory ", "", None, ("none",)),
    # The name of a connection or of nothing (Symfony's Messenger and Mailer).
    (" doctrine sync in-memory null native sendmail ", "", None, ("none",)),
    # --- Java, by driver: the jdbc dialect learns the rest from the text behind ---
    (" jdbc:postgresql ", "postgresql", 5432, ("jdbc",)),
    (" jdbc:mysql jdbc:mysql:loadbalance jdbc:mysql:replication ", "mysql", 3306, ("jdbc",)),
    (" jdbc:mysql+srv ", "mysql", None, ("jdbc",)),
    (" jdbc:mariadb jdbc:mariadb:loadbalance ", "mysql", 3306, ("jdbc",)),
    (" jdbc:mariadb:replication jdbc:mariadb:sequential ", "mysql", 3306, ("jdbc",)),
    (" jdbc:sqlserver ", "mssql", 1433, ("jdbc",)),
    (" jdbc:redshift ", "postgresql", 5439, ("jdbc",)),
    # Encryption changes ClickHouse's default port.
    (" jdbc:clickhouse jdbc:clickhouse:http jdbc:clickhouse:https ", "clickhouse", None, ("jdbc",)),
    (" jdbc:ch jdbc:ch:http jdbc:ch:https ", "clickhouse", None, ("jdbc",)),
    (" jdbc:h2:tcp jdbc:h2:ssl ", "h2", 9092, ("jdbc",)),
    (" jdbc:hsqldb:hsql ", "hsqldb", 9001, ("jdbc",)),
    (" jdbc:hsqldb:hsqls ", "hsqldb", 554, ("jdbc",)),
)
"""Names with blanks around each, protocol, default port, and readers, the likeliest first."""
