"""The words that settings may have. Pure data."""

from __future__ import annotations

MODES = ("on", "report", "off")
PREFERENCES = ("host", "sibling")
PROBES = ("auto", "never", "always")
SOURCES = ("engine", "saved", "compose", "dns")

ISOLATIONS = (
    "none", "docker", "podman", "kubernetes", "kata", "lxc", "nspawn", "gvisor", "buildkit",
    "sandbox", "ecs", "lambda", "cloudrun", "containerapps", "fly", "heroku", "appengine",
    "appservice", "render", "railway", "cloudfoundry", "koyeb", "nomad", "unknown",
)  # fmt: skip
PROTOCOLS = (
    "amqp", "beanstalk", "cassandra", "clickhouse", "db2", "ftp", "grpc", "http", "imap", "kafka",
    "ldap", "memcached", "mongodb", "mqtt", "mssql", "mysql", "mysqlx", "nats", "neo4j", "oracle",
    "pop3", "postgresql", "pulsar", "redis", "smtp", "socks", "ssh", "statsd", "stomp", "syslog",
)  # fmt: skip
NETWORKS = ("host", "own", "shared", "isolated", "unknown")
NAMINGS = ("host", "docker", "podman", "kubernetes", "plain", "unknown")
