"""The types of what we keep of a file. For type checkers only: nothing imports it at run time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypedDict

    from hostshift.discovery.compose.ports import Ports
    from hostshift.discovery.compose.values import Value

    class Attachment(TypedDict, total=False):
        """A service's aliases and fixed addresses on a network."""

        aliases: tuple[str, ...]
        ipv4_address: str
        ipv6_address: str
        plain: bool
        """Only the container's own name answers there."""

    class Deploy(TypedDict, total=False):
        """The one key of ``deploy`` that we read; None where it has no value."""

        replicas: int | None

    class ServiceDefinition(TypedDict, total=False):
        """The keys of a service that have a value."""

        build: bool
        container_name: str
        depends_on: dict[str, bool]
        """Whether each service must exist."""
        deploy: Deploy
        expose: tuple[int, ...]
        image: bool
        labels: dict[str, str]
        links: tuple[str, ...]
        network_mode: str
        networks: dict[str, Attachment | None]
        ports: Ports
        profiles: tuple[str, ...]
        provider: bool
        scale: int
        empty: list[str]
        """The keys that are there without a value."""

    class NetworkDefinition(TypedDict, total=False):
        """The keys of a network."""

        name: str
        external: bool

    class DocumentDefinition(TypedDict):
        """The services and networks of one document, or of several merged."""

        services: dict[str, ServiceDefinition]
        networks: dict[str, NetworkDefinition | None]

    ServiceReader = Callable[[str, Value], ServiceDefinition]
    """Reads a service, from its name and its value in the document."""
