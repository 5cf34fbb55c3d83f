"""``hostshift exec --arguments``: which arguments of the command change."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hostshift import Policy
from hostshift.environment import arguments
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

MAP = "localhost:5432=db:5432,localhost:6379=cache:6379,localhost:9200=search:9200"


@pytest.mark.parametrize(
    ("word", "after"),
    [
        ("postgresql://u:p@localhost:5432/d", "postgresql://u:p@db:5432/d"),
        ("--dsn=postgres://localhost:5432/d?a=b", "--dsn=postgres://db:5432/d?a=b"),
        ("--connection=redis://localhost:6379/0", "--connection=redis://cache:6379/0"),
        ("DATABASE_URL=postgres://localhost:5432/d", "DATABASE_URL=postgres://db:5432/d"),
        ("host=localhost dbname=shop", "host=db dbname=shop"),
        ("Server=localhost,5432;Database=d", "Server=db,5432;Database=d"),
        ("--elasticsearch-url=http://localhost:9200", "--elasticsearch-url=http://search:9200"),
        ("jdbc:postgresql://localhost:5432/d", "jdbc:postgresql://db:5432/d"),
        *(
            (word, word)
            for word in (
                *("http://localhost:9200", "localhost:5432", "localhost", "-h", "5432"),
                *("--url=http://localhost:9200", "host=localhost", "--host=localhost", "-p5432"),
                *(
                    "--bind=localhost:5432",
                    "--callback-url=http://localhost:9200",
                    "a=b",
                    "=",
                    "--",
                ),
                *("", "--", "SELECT 'postgresql://localhost:5432/d'"),
            )
        ),
    ],
)
def test_which_arguments_change(word: str, after: str, pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    assert arguments.resolve(["psql", word], resolver.current()) == ["psql", after]


@pytest.mark.parametrize(
    ("others", "host"),
    [
        (["--redis-port=6380"], "localhost"),
        (["--redis-port", "6380"], "localhost"),
        *((["-p", "6380"], "localhost"), (["-p6380"], "localhost"), (["-P", "6380"], "localhost")),
        (["REDIS_PORT=6380"], "localhost"),
        *(([], "cache"), (["-w", "4"], "cache"), (["-c6380"], "cache")),
    ],
)
def test_a_host_beside_a_port_in_another_argument_stays(
    others: list[str], host: str, pretend: Pretend
) -> None:
    """The default port would choose the server."""
    pretend("bridge", policy=Policy(map=MAP))
    words = ["app", "--redis-host=localhost", *others]
    after = ["app", f"--redis-host={host}", *others]
    assert arguments.resolve(words, resolver.current()) == after


def test_the_command_itself_stays(pretend: Pretend) -> None:
    pretend("bridge", policy=Policy(map=MAP))
    word = "postgresql://localhost:5432/d"
    assert arguments.resolve([word, word], resolver.current())[0] == word


@pytest.mark.parametrize("asked", [True, False])
def test_the_command_gets_them_only_where_they_are_asked_for(asked: bool) -> None:
    program = [sys.executable, "-c", "import sys; print(*sys.argv[1:])"]
    words = ["--connection", "postgresql://localhost:5432/d", "x"]
    option = ["--arguments"] if asked else []
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "hostshift", "exec", *option, "--", *program, *words],
        env={**os.environ, "HOSTSHIFT_MAP": "localhost:5432=127.0.0.9:1"},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = "127.0.0.9:1" if asked else "localhost:5432"
    assert ran.stdout.split() == ["--connection", f"postgresql://{seen}/d", "x"]
