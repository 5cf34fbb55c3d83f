"""What the lab uses of the Docker SDK, imported in this one place.

The SDK has no types of its own; with the stubs from types-docker all of this is
checked, and without them it is Any, so that the type checker needs no more
than the tests do.
"""

from __future__ import annotations

from docker import DockerClient  # type: ignore[import-untyped,unused-ignore]
from docker.errors import (  # type: ignore[import-untyped,unused-ignore]
    APIError,
    DockerException,
    ImageNotFound,
    NotFound,
)
from docker.models.containers import (  # type: ignore[import-untyped,unused-ignore]
    Container,
)
from docker.models.networks import (  # type: ignore[import-untyped,unused-ignore]
    Network,
)

__all__ = [
    "APIError",
    "Container",
    "DockerClient",
    "DockerException",
    "ImageNotFound",
    "Network",
    "NotFound",
]
