"""Addresses that a program binds or registers itself, under the word of another service. Pure.

``spring.cloud.consul.discovery.hostname`` is where Consul finds the program, and
``entryPoints.redis.address`` is where Traefik listens. The keys of a file come to the rules as
one name, so a pattern holds wherever its words stand in a name.
"""

from __future__ import annotations

from hostshift.base.addresses import is_host_alias, is_loopback
from hostshift.environment import names, port_names
from hostshift.environment.shapes import are_hosts, names_service, port_of
from hostshift.environment.values import has_address, host_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = tuple[str, str, str]

ALWAYS, UNNAMED, BARE, HOST = "always", "unnamed", "bare", "host"
"""When a row holds: always; unless the value leads to a service by its name; for a value without
a scheme, too, as nobody binds a URL; for a host without a port, too."""

IS_REGISTERED = "the program registers it as its address"
IS_PAGE = "a browser opens it, which may run elsewhere"
IS_EXPORTER = "an exporter of metrics may bind it: Prometheus itself is at 9090"
IS_NOT_THE_REGISTRY = "its port is not the registry's, so the program may register it"

_REGISTERED = (
    # Spring Cloud: ConsulDiscoveryProperties, ZookeeperDiscoveryProperties (instance-host),
    # EurekaInstanceConfigBean, InstanceProperties of Spring Boot Admin's client. Steeltoe and
    # Micronaut (consul.client.registration) have the same keys.
    *("*_CONSUL_DISCOVERY_HOSTNAME_", "*_CONSUL_DISCOVERY_IP_ADDRESS_"),
    *("*_DISCOVERY_INSTANCE_*", "*_EUREKA_INSTANCE_*", "*_ADMIN_CLIENT_INSTANCE_*"),
    *("*_CONSUL_*HEALTH_CHECK_*", "*_CONSUL_*REGISTRATION_*", "*_EUREKA_*REGISTRATION_*"),
    # Dubbo's ProtocolConfig and ProviderConfig; XXL-JOB's XxlJobSpringExecutor.
    *("*_DUBBO_PROTOCOL_*", "*_DUBBO_PROVIDER_*", "*_XXL_JOB_EXECUTOR_*"),
)
_PAGES = (
    # What a remote browser opens, or a service fetches, beside the address of that service.
    "*_PUPPETEER_BASE_URL_",
    *("*_SELENIUM_TEST_URL_", "*_SELENIUM_APP_URL_", "*_SELENIUM_TARGET_URL_"),
    *("*_PUPPETEER_TEST_URL_", "*_PUPPETEER_APP_URL_", "*_PUPPETEER_TARGET_URL_"),
    *("*_BROWSERLESS_APP_URL_", "*_BROWSERLESS_TARGET_URL_", "*_GOTENBERG_SOURCE_URL_"),
    "*_URL_FOR_*",
)
_MODELS = ("LLM", "EMBEDDING", "EMBEDDINGS", "RERANK", "RERANKER", "TTS", "STT", "WHISPER")

ROWS: tuple[Row, ...] = (
    *((pattern, ALWAYS, IS_REGISTERED) for pattern in _REGISTERED),
    *((pattern, ALWAYS, IS_PAGE) for pattern in _PAGES),
    ("*_ENTRYPOINTS_*_ADDRESS_", ALWAYS, "Traefik binds it"),
    ("*_ENTRY_POINTS_*_ADDRESS_", ALWAYS, "Traefik binds it"),
    ("*_INPUTS_*_SERVICE_ADDRESS_", ALWAYS, "Telegraf binds it"),  # that of an output is dialled
    ("*_KESTREL_ENDPOINTS_*", ALWAYS, "Kestrel binds it"),
    ("_CONSUL_LOCAL_CONFIG_*", ALWAYS, "Consul's image configures its agent with it"),
    ("*_LOCAL_CONFIG_API_ADDR_", ALWAYS, "Vault announces it to its clients"),
    ("*_LOCAL_CONFIG_CLUSTER_ADDR_", ALWAYS, "Vault announces it to its cluster"),
    *(
        (f"*_{words}_*", UNNAMED, "the Collector of OpenTelemetry binds it")
        for words in (
            *("EXPORTERS_PROMETHEUS", "RECEIVERS_INFLUXDB", "RECEIVERS_STATSD"),
            *("RECEIVERS_ZIPKIN", "RECEIVERS_OTLP", "RECEIVERS_JAEGER", "RECEIVERS_LOKI"),
        )
    ),
    ("*_RECEIVER_OTLP_ENDPOINT_", UNNAMED, "a collector binds it"),
    ("*_EXPORTER_PROMETHEUS_*", UNNAMED, "the SDK binds it, and Prometheus dials it"),
    ("*_PROMETHEUS_EXPORTER_*", UNNAMED, "an exporter binds it"),
    ("*_PROMETHEUS_METRICS_*", UNNAMED, "an exporter binds it"),
    ("_OPENFGA_*_ADDR_", BARE, "OpenFGA binds it"),
    ("_CONSUL_CLIENT_ADDR_", BARE, "Consul's agent binds it"),
    ("_CASSANDRA_SEEDS_", BARE, "Cassandra's image lists its own cluster with it"),
    ("_SCYLLA_SEEDS_", BARE, "it may list the cluster of the server itself"),
    ("_SCYLLADB_SEEDS_", BARE, "it may list the cluster of the server itself"),
    ("_SOLR_HOST_", HOST, "Solr registers it as its address in ZooKeeper"),
    ("*_LOCAL_ADDRESS_", HOST, "a client may bind it before it dials"),
    ("*_LOCAL_ADDR_", HOST, "a client may bind it before it dials"),
    ("*_SOURCE_ADDRESS_", HOST, "a client may bind it before it dials"),
    ("*_SOURCE_ADDR_", HOST, "a client may bind it before it dials"),
    ("_SGLANG_HOST_", HOST, "a script that starts SGLang's server binds it"),
    ("_LLAMA_CPP_HOST_", HOST, "a script that starts llama.cpp's server binds it"),
    ("_LLAMACPP_HOST_", HOST, "a script that starts llama.cpp's server binds it"),
    *((f"_{word}_SERVER_HOST_", HOST, "a server may bind it") for word in _MODELS),
)
"""Patterns of names with ``_`` around them, when they hold, and how the program uses the value."""

_REGISTRIES = {"CONSUL": ("8500", "8501"), "NACOS": ("8848",), "EUREKA": ("8761",)}
"""Registries that programs are found by, with the ports that their servers usually have."""
_OF_SERVICES = frozenset(("SERVICE", "DISCOVERY"))

_VECTOR = {
    "SOURCES": frozenset(
        (
            *("datadog_agent", "dnstap", "fluent", "heroku_logs", "http", "http_server"),
            *("logstash", "opentelemetry", "prometheus_pushgateway", "socket", "splunk_hec"),
            *("prometheus_remote_write", "statsd", "syslog", "vector", "aws_kinesis_firehose"),
        )
    ),
    "SINKS": frozenset(("prometheus_exporter", "prometheus", "websocket_server")),
}
"""Vector's components that listen at their ``address``, by their type. Others dial it."""


def reason(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Return how a program uses an address that is its own; empty if nothing shows that.

    Args:
        name: the variable.
        value: its value.
        environ: the variables beside it.

    """
    plain = names.normal(name)
    padded = f"_{plain}_"
    for pattern, shape, how in ROWS:
        if names.fits(padded, pattern) and _holds(shape, value):
            return how
    words = plain.split("_")
    if _is_of_vector(plain, environ):
        return "Vector binds it"
    if padded.endswith("_SELENIUM_BASE_URL_") and port_of(value) != "4444":
        return IS_PAGE  # Adobe's Cloud Manager gives the server's URL there, with its usual port
    if _is_an_exporters(name, words, value, environ):
        return IS_EXPORTER
    return IS_NOT_THE_REGISTRY if _is_registered(name, words, value, environ) else ""


def _holds(shape: str, value: str) -> bool:
    """Return True if a row that is for a shape is for a value."""
    if shape == ALWAYS:
        return True
    if names_service(value) or (shape != UNNAMED and "://" in value):
        return False
    return shape != HOST or are_hosts(value)


def _is_of_vector(plain: str, environ: Mapping[str, str]) -> bool:
    """Return True for the ``address`` of one of Vector's components that listens there.

    The source for OpenTelemetry has two, for gRPC and for HTTP.
    """
    component, _, last = plain.rpartition("_")
    kinds = next((_VECTOR[word] for word in component.split("_") if word in _VECTOR), None)
    if last != "ADDRESS" or kinds is None:
        return False
    if f"{component}_TYPE" not in environ:
        component = component.removesuffix("_GRPC").removesuffix("_HTTP")
    return environ.get(f"{component}_TYPE") in kinds


def _port(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Return the port in a value or in the variable beside it; empty if neither has one."""
    return port_of(value) or port_names.beside(name, "PORT", environ).lstrip("0")


def _is_an_exporters(name: str, words: list[str], value: str, environ: Mapping[str, str]) -> bool:
    """Return True for a local address without a scheme that is not at Prometheus' port.

    ``PROMETHEUS_ADDR=127.0.0.1:9100`` and the pair ``metrics.prometheus.host`` and ``port`` are
    where programs show their metrics.
    """
    before = [word for word in words[:-1] if word != "SERVER"]
    if before[-1:] != ["PROMETHEUS"] or "://" in value or not is_loopback(host_of(value)):
        return False
    return _port(name, value, environ) not in ("", "9090")


def _is_registered(name: str, words: list[str], value: str, environ: Mapping[str, str]) -> bool:
    """Return True for an address beside a registry's that is not the registry's.

    ``consul.address`` with ``consul.port`` 5001 is where Consul finds the program, if
    ``consul.url`` has Consul's own address, or if only containers know the name. So is
    ``consul.serviceHost``.
    """
    at = next((at for at, word in enumerate(words) if word in _REGISTRIES), None)
    if at is None or words[-1] not in ("HOST", "HOSTNAME", "ADDRESS", "ADDR"):
        return False
    if "SERVER" in words[at:] or _port(name, value, environ) in ("", *_REGISTRIES[words[at]]):
        return False
    is_service = not _OF_SERVICES.isdisjoint(words[at + 1 :])
    is_elsewhere = _has_address(words[: at + 1], name, environ)
    if "://" in value:
        return is_service and is_elsewhere
    return is_service or is_elsewhere or is_host_alias(host_of(value))


def _has_address(before: list[str], name: str, environ: Mapping[str, str]) -> bool:
    """Return True if another variable has the whole address of a registry, at its usual port."""
    beginning = "_".join(before)
    first = beginning[:1]
    # The quick checks come first: this looks at all variables.
    return any(
        other != name
        and names.normal(other).startswith(beginning)
        and has_address(value)
        and port_of(value) == port
        for port in _REGISTRIES[before[-1]]
        for other, value in environ.items()
        if port in value and other[:1].upper() == first
    )
