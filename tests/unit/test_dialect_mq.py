"""Redis, brokers, Kafka, memcached, NATS, ClickHouse, gRPC: the same as the real parsers see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostshift.dsn import parse, schemes
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable, Unwritable
from hostshift.dsn.splice import splice
from tests.unit.timing import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
DIALECTS = ("redis", "amqp", "kafka", "memcached", "nats", "uris", "clickhouse", "grpc")
NEW = st.tuples(
    st.sampled_from(("db.test", "10.0.0.7", "fd00::7", "host.docker.internal")),
    st.integers(1, 65535),
)


def read(text: str, dialect: str) -> Reading:
    name = text.partition("://")[0] if "://" in text else ""
    unknown = Scheme(protocol="", port=None, dialects=(dialect,))
    return parse.reader(dialect)(text, schemes.find(name) or unknown)


def found(text: str, dialect: str) -> tuple[Endpoint, ...] | None:
    try:
        return read(text, dialect).endpoints
    except Unreadable:
        return None


def dialled(endpoints: tuple[Endpoint, ...]) -> list[tuple[str, int | None]]:
    return [(end.host.lower(), end.effective_port) for end in endpoints]


def respliced(text: str, dialect: str, new: tuple[str, int]) -> str | None:
    """Return the text with every address replaced, None where it is left alone."""
    ends = found(text, dialect)
    if not ends:
        return None
    same = [(end.host, end.effective_port) for end in ends]
    assert splice(text, ends, same) == text
    try:
        after = splice(text, ends, [new] * len(ends))
    except Unwritable:
        return None
    again = found(after, dialect)
    assert again is not None
    assert dialled(again) == [new] * len(ends)
    assert splice(after, again, [new] * len(ends)) == after
    return after


# What people write, with the nasty parts of it.
WORD = st.text(st.sampled_from("abcxyz019-._~"), min_size=1, max_size=8)
HOST = st.sampled_from(("localhost", "127.0.0.1", "[::1]", "db", "a-b.c_d", "LocalHost", "h%6Fst"))
PLAIN_HOST = st.sampled_from(("localhost", "127.0.0.1", "[::1]", "db", "a-b.c_d", "LocalHost"))
PORT = st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}"))
PASSWORD = st.one_of(
    WORD, st.text(st.sampled_from("ab@:%40localhost,.&=+!$*()'~ \u00e9"), max_size=14)
)
USER = st.one_of(
    st.just(""),
    PASSWORD.map(lambda password: f":{password}@"),
    st.builds("{}:{}@".format, WORD, PASSWORD),
    WORD.map(lambda user: f"{user}@"),
)
BEHIND = st.sampled_from(
    ("", "/", "/0", "/my/vhost", "//", "/0?x=localhost", "?x=http://localhost/", "/v#localhost")
)
NASTY = st.text(st.sampled_from("ab1:/@[]?#%,.;&= \u00e9\u2100"), max_size=30)


def uris(scheme_names: tuple[str, ...], host: Any = HOST) -> Any:
    plain = st.builds(
        "{}://{}{}{}{}".format, st.sampled_from(scheme_names), USER, host, PORT, BEHIND
    )
    nasty = st.builds("{}://{}".format, st.sampled_from(scheme_names), NASTY)
    return st.one_of(plain, plain, nasty)


def plausible(scheme_names: tuple[str, ...], host: Any = HOST) -> Any:
    return st.builds(
        "{}://{}{}{}{}".format, st.sampled_from(scheme_names), USER, host, PORT, BEHIND
    )


REDIS = ("redis", "rediss")


def redis_sees(text: str) -> dict[str, Any] | None:
    connection = pytest.importorskip("redis.connection")
    try:
        seen: dict[str, Any] = connection.parse_url(text)
    except ValueError:
        return None
    return seen


@EXAMPLES
@given(uris(REDIS), NEW)
def test_redis_py_sees_new_address_only(text: str, new: tuple[str, int]) -> None:
    before = redis_sees(text)
    after = respliced(text, "redis", new)
    if before is None or after is None:
        return
    host, port = before.pop("host"), before.pop("port", 6379)
    if "," in host:  # no name that anybody could dial, and a list to other clients
        return
    assert [(host, port)] == dialled(found(text, "redis") or ())
    seen = redis_sees(after)
    assert seen is not None
    assert (seen.pop("host"), seen.pop("port", 6379)) == new
    assert seen == before


BROKERS = ("amqp", "pyamqp", "redis", "sqs", "amqps", "confluentkafka")


def kombu_sees(text: str) -> tuple[Any, ...] | None:
    url = pytest.importorskip("kombu.utils.url")
    try:
        return tuple(url.url_to_parts(text))
    except ValueError:
        return None


@EXAMPLES
@given(uris(BROKERS), NEW)
def test_kombu_sees_new_address_only(text: str, new: tuple[str, int]) -> None:
    before = kombu_sees(text)
    after = respliced(text, "amqp", new)
    if before is None or after is None or ";" in text:
        return
    seen = kombu_sees(after)
    assert seen is not None
    default = schemes.default_port(before[0])
    assert (before[1], before[2] or default) == dialled(found(text, "amqp") or ())[0]
    assert (seen[1], seen[2] or default) == new
    assert (seen[0], *seen[3:]) == (before[0], *before[3:])


def failover(text: str) -> list[tuple[str, int]] | None:
    """Return what kombu dials in two rounds through its brokers."""
    kombu = pytest.importorskip("kombu")
    try:
        connection = kombu.Connection(text)
        dials = []
        for alternate in connection.alt * 2:
            connection.switch(alternate)
            info = connection.info()
            dials.append((info["hostname"], info["port"]))
    except (ValueError, KeyError, TypeError, ImportError):
        return None
    return dials


BROKER = st.one_of(
    st.builds(
        "{}://{}{}{}{}".format, st.sampled_from(("amqp", "pyamqp")), USER, HOST, PORT, BEHIND
    ),
    st.sampled_from(("localhost", "db", "a:1", "u:p@db")),
)


@EXAMPLES
@given(st.lists(BROKER, min_size=2, max_size=4), NEW)
def test_kombu_fails_over_to_the_same(brokers: list[str], new: tuple[str, int]) -> None:
    text = ";".join(brokers)
    ends = found(text, "amqp")
    dials = failover(text)
    if ends is None or dials is None:
        return
    assert [(host.lower(), port) for host, port in dials] == dialled(ends) * 2
    after = respliced(text, "amqp", new)
    if after is not None:
        assert failover(after) == [new] * len(dials)


@EXAMPLES
@given(st.lists(BROKER, min_size=2, max_size=3), st.lists(NEW, min_size=3, max_size=3))
def test_kombu_dials_what_was_wanted(brokers: list[str], news: list[tuple[str, int]]) -> None:
    text = ";".join(brokers)
    ends = found(text, "amqp")
    if ends is None or failover(text) is None:
        return
    wanted = news[: len(ends)]
    try:
        after = splice(text, ends, wanted)
    except Unwritable:
        return
    assert failover(after) == wanted * 2


def clickhouse_sees(text: str) -> tuple[dict[str, Any], list[tuple[str, int]]] | None:
    """Return the options, and what is dialled."""
    helpers = pytest.importorskip("clickhouse_driver.util.helpers")
    connection = pytest.importorskip("clickhouse_driver.connection")
    try:
        host, options = helpers.parse_url(text)
        settings_ = options.pop("settings", None)
        hosts = list(connection.Connection(host, **options).hosts)
    except (ValueError, TypeError):
        return None
    options["settings"] = settings_
    return {k: v for k, v in options.items() if k not in ("port", "alt_hosts")}, hosts


OPTIONS = st.sampled_from(
    ("", "secure=1", "secure=no", "client_name=localhost", "round_robin=true", "alt_hosts=")
)
ALT = st.lists(st.builds("{}{}".format, PLAIN_HOST, PORT), max_size=3).map(
    lambda hosts: f"alt_hosts={','.join(hosts)}" if hosts else "x=1"
)
CLICKHOUSE = st.builds(
    "{}://{}{}{}{}?{}&{}".format,
    st.sampled_from(("clickhouse", "clickhouses")),
    USER,
    PLAIN_HOST,
    PORT,
    st.sampled_from(("", "/db")),
    OPTIONS,
    ALT,
)


@EXAMPLES
@given(st.one_of(CLICKHOUSE, uris(("clickhouse",), PLAIN_HOST)), NEW)
def test_clickhouse_driver_sees_new_addresses_only(text: str, new: tuple[str, int]) -> None:
    before = clickhouse_sees(text)
    after = respliced(text, "clickhouse", new)
    if before is None or after is None:
        return
    if any(not host or "," in host for host, _ in before[1]):  # clickhouse-go's list, no name
        return
    assert dialled(found(text, "clickhouse") or ()) == before[1]
    assert clickhouse_sees(after) == (before[0], [new] * len(before[1]))


KAFKA = st.lists(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(("", " ", "PLAINTEXT://", "SASL_SSL://")),
        PLAIN_HOST,
        PORT,
        st.sampled_from(("", " ")),
    ),
    min_size=1,
    max_size=3,
).map(",".join)


def kafka_sees(text: str) -> list[tuple[str, int]] | None:
    cluster = pytest.importorskip("kafka.cluster")
    try:
        hosts = cluster.collect_hosts(text, randomize=False)
    except ValueError:
        return None
    return [(host.lower(), port) for host, port, _ in hosts]


@EXAMPLES
@given(KAFKA, NEW)
def test_kafka_python_sees_the_new_brokers(text: str, new: tuple[str, int]) -> None:
    before = kafka_sees(text)
    after = respliced(text, "kafka", new)
    assert after is not None
    assert before == dialled(found(text, "kafka") or ())
    assert kafka_sees(after) == [new] * len(before or ())


MEMCACHED = st.lists(
    st.one_of(st.builds("{}{}".format, PLAIN_HOST, PORT), st.just("unix:/tmp/localhost.sock")),
    min_size=1,
    max_size=3,
)


@EXAMPLES
@given(MEMCACHED, st.sampled_from(";,"), NEW)
def test_pymemcache_sees_the_new_servers(
    servers: list[str], mark: str, new: tuple[str, int]
) -> None:
    base = pytest.importorskip("pymemcache.client.base")
    text = mark.join(servers)
    specs = [base.normalize_server_spec(server) for server in servers]
    addresses = [(spec[0].lower(), spec[1]) for spec in specs if isinstance(spec, tuple)]
    assert dialled(found(text, "memcached") or ()) == addresses
    after = respliced(text, "memcached", new) or text
    again = [base.normalize_server_spec(server) for server in after.split(mark)]
    assert again == [new if isinstance(spec, tuple) else spec for spec in specs]


@EXAMPLES
@given(uris(("nats", "tls")), NEW)
def test_nats_py_sees_the_new_server(text: str, new: tuple[str, int]) -> None:
    client = pytest.importorskip("nats.aio.client").Client
    errors = pytest.importorskip("nats.errors")
    after = respliced(text, "nats", new)
    if after is None or "," in text:
        return
    try:
        before, seen = client._parse_server_uri(text), client._parse_server_uri(after)
    except (ValueError, errors.Error):
        return
    assert (seen.hostname, seen.port) == new
    assert (seen.username, seen.password, seen.path) == (
        before.username,
        before.password,
        before.path,
    )


@EXAMPLES
@given(st.lists(plausible(("http", "https"), PLAIN_HOST), min_size=1, max_size=3), NEW)
def test_urllib_sees_the_new_nodes(nodes: list[str], new: tuple[str, int]) -> None:
    from urllib.parse import urlsplit

    text = ",".join(nodes)
    after = respliced(text, "uris", new)
    if after is None or text.count(",") != len(nodes) - 1 or " " in text:
        return
    for node, changed in zip(nodes, after.split(","), strict=True):
        before, seen = urlsplit(node), urlsplit(changed)
        assert (seen.hostname, seen.port or schemes.default_port(seen.scheme)) == new
        assert seen[2:] == before[2:]
        assert (seen.username, seen.password) == (before.username, before.password)


LEFT = (
    ("redis", plausible((*REDIS, "valkey")), redis_sees),
    ("amqp", plausible(BROKERS), kombu_sees),
    ("clickhouse", CLICKHOUSE, clickhouse_sees),
    ("kafka", KAFKA, kafka_sees),
)


@pytest.mark.parametrize(("dialect", "texts", "sees"), LEFT, ids=lambda value: str(value)[:10])
def test_little_is_left_alone(dialect: str, texts: Any, sees: Any) -> None:
    counts = {"accepted": 0, "left": 0}

    @EXAMPLES
    @given(texts)
    def count(text: str) -> None:
        user = text.partition("://")[2].rpartition("@")[0]
        if "@" in user and "," in user:  # a user may stand at each of several hosts
            return
        if sees(text.replace("valkey:", "redis:")) is not None and "?host" not in text:
            counts["accepted"] += 1
            counts["left"] += found(text, dialect) is None

    count()
    assert counts["left"] <= 0.01 * counts["accepted"] + 1


@EXAMPLES
@given(st.one_of(st.text(max_size=40), NASTY), st.sampled_from(DIALECTS))
def test_any_text_is_read_without_an_error(text: str, dialect: str) -> None:
    for whole in (text, f"redis://{text}", f"amqp://a;{text}", f"dns:{text}", f"db+mysql://{text}"):
        respliced(whole, dialect, ("db.test", 15999))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("part", [";a", ",a", " a:1", "@", "://", ";amqp://a:1", ",a://b", "?&=%"])
def test_time_is_linear(dialect: str, part: str) -> None:
    for start in (
        "redis://h/",
        "amqp://h:1/",
        "clickhouse://a?alt_hosts=",
        "localhost",
        "dns:///h",
    ):

        def prepare(count: int, start: str = start) -> Callable[[], object]:
            text = start + part * count
            return lambda: found(text, dialect)

        assert_linear(prepare, 1_000)


def test_literal_targets_take_no_names() -> None:
    for text in ("ipv4:127.0.0.1:1,127.0.0.1:2", "ipv4:///127.0.0.1:1", "ipv6:[::1]:1"):
        ends = read(text, "grpc").endpoints
        with pytest.raises(Unwritable, match="literal"):
            splice(text, ends, [("db.test", 1)] * len(ends))


def test_literal_targets_take_literals_of_their_family() -> None:
    (four,) = read("ipv4:127.0.0.1:1", "grpc").endpoints
    assert splice("ipv4:127.0.0.1:1", [four], [("10.0.0.1", 2)]) == "ipv4:10.0.0.1:2"
    (six,) = read("ipv6:[::1]:1", "grpc").endpoints
    assert splice("ipv6:[::1]:1", [six], [("fd00::1", 2)]) == "ipv6:[fd00::1]:2"
    with pytest.raises(Unwritable):
        splice("ipv6:[::1]:1", [six], [("10.0.0.1", 2)])


def test_a_bare_ipv6_target_has_no_place_for_a_port() -> None:
    (end,) = read("::1", "grpc").endpoints
    assert splice("::1", [end], [("db.test", None)]) == "db.test"
    with pytest.raises(Unwritable, match="port"):
        splice("::1", [end], [("db.test", 50051)])


def test_a_bare_broker_takes_a_name_without_a_port() -> None:
    (end,) = read("localhost", "amqp").endpoints
    assert splice("localhost", [end], [("db.test", 5672)]) == "db.test"
    for wanted in (("db.test", 5673), ("::1", 5672)):
        with pytest.raises(Unwritable):
            splice("localhost", [end], [wanted])


def test_brokers_that_share_a_port_do_not_take_two() -> None:
    text = "amqp://a:1;amqp://b"
    ends = read(text, "amqp").endpoints
    assert splice(text, ends, [("c", 2), ("d", 2)]) == "amqp://c:2;amqp://d"
    with pytest.raises(Unwritable):
        splice(text, ends, [("c", 2), ("b", 1)])
