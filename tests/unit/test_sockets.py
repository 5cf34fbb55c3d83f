"""Texts that lead to a file or a socket alone: STRICT has nothing to decide in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift import Policy, UndecidedError
from hostshift.dsn import sockets
from tests.unit.timing import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift_pytest import Pretend

ALONE = (
    # libpq's forms and those of its imitators
    *("postgresql:///d?host=/tmp", "postgresql://u:p@/d?host=/tmp", "postgresql:///d?host=@abs"),
    *("postgresql://u:p@%2Fvar%2Frun/d", "postgresql://u:p@%2Ftmp,%2Fvar/d"),
    *("postgresql+psycopg:///d?host=%2Ftmp", "postgresql+pg8000://u:p@/d?unix_sock=/tmp/.s.1"),
    *("host=/tmp dbname=d", "host='/tmp' password='a host=db'", "dbname=d host = /tmp,/var"),
    "pgsql:host=/tmp;dbname=d",
    # MySQL's
    *("mysql://u:p@/d?unix_socket=/run/m.sock", "mysql2://u:p@localhost/d?socket=/run/m.sock"),
    *("mysql+pymysql://u:p@localhost:3306/d?charset=x&unix_socket=/m", "unix(/run/m.sock)/d"),
    *("u:p@unix(/run/m.sock)/d", "mysql://u:p@unix(/run/m.sock)/d", "u@unix(@abs)/d?a=b"),
    *("mysql:unix_socket=/m;dbname=d", "mysql:host=localhost;unix_socket=/m"),
    *("dbi:mysql:database=d;mysql_socket=/m", "DRIVER={MySQL};SOCKET=/m;UID=u;PWD={a;b=c}"),
    *("Server=/run/m.sock;Protocol=unix;Database=d", "Host=/tmp;Username=u;Password='a;Host=db'"),
    # a path alone, and MongoDB's
    *("/tmp/redis.sock", "unix:/run/x.sock", "npipe:////./pipe/x", "ldapi:///", "'/tmp/x.sock'"),
    *("mongodb://%2Ftmp%2Fmongodb-27017.sock", "mongodb://u:p@%2Ftmp%2Fm.sock/d?a=b"),
    *("http+unix://%2Ftmp%2Fx/y", "unix://run/docker.sock", "unix://docker.sock"),
    *("unix-abstract:abc", "redis-socket:///tmp/r.sock", "cache+memcached://unix:/tmp/m.sock"),
    # files
    *("jdbc:sqlite:a.db", "jdbc:h2:mem:d", "jdbc:h2:~/d;MODE=x", "jdbc:hsqldb:mem:d"),
    *("jdbc:derby:d;create=true", "jdbc:duckdb:/a", "db+sqlite:///a", "sqla+sqlite:///a"),
    *("sqlite:/x.db", "sqlite::memory:", "file:./dev.db", "dbi:SQLite:dbname=x.db", "duckdb:x"),
    *("Data Source=:memory:", "Data Source=app.db;Cache=Shared", "libsql:///x.db"),
    *(r"Server=(localdb)\MSSQLLocalDB;Database=d", "jdbc:firebirdsql:embedded:x.fdb"),
    *("jdbc:mariadb:///d?localSocket=/m", "jdbc:mariadb://localhost/d?user=u&localSocket=/m"),
    *("snowflake://u:p@acc/d?warehouse=x", "s3://bucket/key?region=x"),
    *("rpc://", "disabled://", "filesystem://", "unix:///a,unix:///b"),
)

DOUBTFUL = (
    # parameters whose name only ends as one of a socket does
    *("redis:///0?websocket=/x", "amqp:///v?socket=/x", "http:///x?redirect_host=/a"),
    *("postgresql:///d?options=-c%20host=/x", "postgresql:///d?unix_socket=/x"),
    *("mysql:///d?host=/x", "postgresql:///d?HOST=/x", "mongodb:///d?host=/x"),
    # values of others, and what is no path
    *("dbname=d password='a host=/tmp'", "Database=d;Password='a;Server=/x'", "Server=//x/y"),
    *("HOST=/tmp dbname=d", "host=/tmp,", "postgresql:///d?host=/tmp&host="),
    *("postgresql:///d?host=/tmp,", "postgresql:///d?host=//x", "DRIVER={MySQL};PWD={;SOCKET=/x}"),
    # a socket beside another address
    *("postgresql:///d?host=/tmp&hostname=db", "mysql:host=db;unix_socket=/m"),
    *("mysql+mysqldb://u:p@db/d?unix_socket=/m", "Server=/m;FailoverPartner=db;Protocol=unix"),
    *("mysql+mysqldb://u:p@/d?unix_socket=/m&host=db", "unix:///a,localhost:1"),
    *("/tmp/a.sock,localhost:1", "/tmp/a@localhost:1", "postgresql:///d?host=/a@localhost"),
    # a socket that this client does not take there, or none
    *("amqp://%2Ftmp/v", "redis://%2Ftmp", "http://%2Ftmp/x", "unix://localhost:80"),
    *("unix://localhost", "http+unix://db", "ssh+unix://db", "postgresql+uds://u:p@localhost"),
    *("postgresql:///d?host=/tmp&service=prod", "host=/tmp service=prod"),
    *("jdbc:hsqldb:HSQL://${H}/x", "jdbc:duckdb:http://${H}/d", "duckdb:md:x"),
    *("jdbc:sqlite::resource:http://${H}:80/d", "jdbc:mariadb:///d?localSocket=/m&x=a@b"),
    *("mysql://u:p@localhost/d?socket=/m", "mysql:///d?socket=/m"),
    # a server behind the scheme of a file or of a service elsewhere
    *("libsql://", "sqlite+libsql://?secure=false", "s3://K:S@localhost:9000/bucket"),
    *("s3://b?endpoint_url=http%3A%2F%2Flocalhost%3A9000", "snowflake://u:p@acc/d?host=localhost"),
    "bigquery://proj/ds?api_endpoint=http://localhost:9050",
    *("postgresql:///d", "amqp://", "jdbc:h2:tcp://${H}/d", "jdbc:hsqldb:hsql://${H}/d"),
)


@pytest.mark.parametrize("text", ALONE)
def test_strict_lets_a_file_or_a_socket_be(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    assert hostshift.resolve(text) == text


@pytest.mark.parametrize("text", DOUBTFUL)
def test_strict_refuses_what_may_lead_to_a_server(text: str, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(strict=True))
    with pytest.raises(UndecidedError):
        hostshift.resolve(text)


@pytest.mark.parametrize("part", ["&localSocket=/", "&host=/tmp", ";Server=/x", " host=/x", ",%2F"])
@pytest.mark.parametrize(
    "start", ["jdbc:mariadb:///x?a=b", "postgresql:///x?a=b", "Server=/x", "h=x"]
)
def test_the_time_is_linear_in_the_text(start: str, part: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = start + part * (size // len(part)) + "@"
        return lambda: sockets.names_one(text)

    assert_linear(prepare, 12_000)
