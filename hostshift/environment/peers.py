"""URLs of local servers that only back ends dial, by their names: ``AUTH_SERVICE_URL``. Pure.

A URL with ``localhost`` may be that of a page. These names are of what one server dials on
another. The rule takes only URLs with a local host and a written port, so it never touches a
third party's, and none with a port on which the process itself listens: that is its own URL.
"""

from __future__ import annotations

from hostshift.base.addresses import is_loopback
from hostshift.environment import names
from hostshift.environment.shapes import is_endpoint, names_service, port_of
from hostshift.environment.values import host_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "ws", "wss", "grpc")
_SERVICE = frozenset(("SERVICE", "MICROSERVICE"))
"""``AUTH_SERVICE_URL``: services of one application name each other so."""
_DIALLED = frozenset(
    (
        *("ML", "OCR", "INFERENCE", "SCRAPER", "TRANSFORM", "TRANSFORMER", "CONNECTOR"),
        *("WORKER", "RUNNER", "EXECUTOR", "SCHEDULER", "ORCHESTRATOR"),
        *("ENGINE", "PROCESSOR", "GENERATOR", "INDEXER", "CRAWLER", "SIDECAR", "PYTHON"),
        *("RPC", "JSONRPC", "GANACHE", "ANVIL", "HARDHAT"),
        *("JWKS", "WIREMOCK", "MOCKSERVER", "MOCK"),
    )
)
"""Workers behind a back end (``ML_API_URL``); nodes of chains (``RPC_URL`` of Foundry and Hardhat,
``ETHEREUM_JSONRPC_HTTP_URL`` of Blockscout); keys that resource servers fetch (``JWKS_URL``,
Spring Security's ``…_JWT_JWK_SET_URI``); what stands in for others in tests."""
_LAST = frozenset(("URL", "URI", "BASEURL", "ENDPOINT", "ADDR", "ADDRESS"))
_BETWEEN = frozenset(
    (
        *("API", "BASE", "BACKEND", "HTTP", "HTTPS", "GRPC", "REST", "WS", "TRACE", "INTERNAL"),
        *("V1", "SERVER"),
    )
)
"""Words that may stand between those and the last."""
_OTHERS = frozenset(
    (
        *("CAS", "SSO", "SAML", "SAML2", "ACS", "CONSUMER", "TERMS", "OF", "THIS", "OWN", "SELF"),
        *("MY", "APP", "CLIENT", "FRONT", "FE", "PORTAL", "LANDING"),
    )
)
"""Words of callbacks (a CAS server sends browsers back to its clients' ``CAS_SERVICE_URL``), of
links (``TERMS_OF_SERVICE_URL``), and of the application itself."""
_OWN_PORTS = ("PORT", "APP_PORT", "API_PORT", "SERVER_PORT", "HTTP_PORT", "LISTEN_PORT")
_PLACES = frozenset(("SERVICE", "GRPC", "GATEWAY", "UPSTREAM"))
"""Last words of names whose ``host:port`` other servers dial: ``IDENTITY_SERVICE``."""


def is_peer(name: str, value: str, environ: Mapping[str, str]) -> bool:
    """Return True for the URL of a local server that only back ends dial.

    Args:
        name: the variable.
        value: its value.
        environ: the variables beside it, of which one may hold the process' own port.

    """
    scheme, separator, _ = value.strip(" \"'").partition("://")
    if not separator or scheme.lower() not in _SCHEMES or not _is_local(value, environ):
        return False
    return _is_of_back_ends(names.normal(name).split("_"))


def _is_of_back_ends(words: list[str]) -> bool:
    """Return True if the words of a name show that back ends dial what it holds."""
    end = len(words)
    if words[-1] not in _LAST or _is_of_pages(words):
        return False
    while words[end - 1] in _LAST or words[end - 1] in _BETWEEN:
        end -= 1
        if not end:
            return False
    kind = words[end - 1]
    return (
        (kind in _SERVICE and end > 1)
        or kind in _DIALLED
        or words[max(0, end - 2) : end] == ["JWK", "SET"]
    )


def is_place(name: str, value: str, environ: Mapping[str, str]) -> bool:
    """Return True for ``IDENTITY_SERVICE=identity:8080``: ``host:port`` that others dial."""
    words = names.normal(name).split("_")
    if len(words) < 2 or words[-1] not in _PLACES or "://" in value or not is_endpoint(value):
        return False
    if _is_of_pages(words):
        return False
    return names_service(value) or (words[-1] == "SERVICE" and _is_local(value, environ))


def _is_local(value: str, environ: Mapping[str, str]) -> bool:
    """Return True for one local address with a written port that is not the process' own."""
    port = port_of(value)
    host = host_of(value).lower()
    if not port or "," in value or not (is_loopback(host) or host == "host.docker.internal"):
        return False
    return all(environ.get(own, "").strip() != port for own in _OWN_PORTS)


def _is_of_pages(words: list[str]) -> bool:
    return not _OTHERS.isdisjoint(words) or not names.SEEN_BESIDE.isdisjoint(words)
