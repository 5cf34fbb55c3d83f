"""The variables that hosting platforms set for the programs that run on them. Pure.

A single variable may be a copy: a ``.env`` from production, ``railway run``, a base image's
``ENV``. So a platform needs all that it always sets together, and something that only an
instance of it has. On some of them (ECS on EC2, App Service, App Engine's flexible
environment, Nomad) the program runs in a container of an ordinary Docker engine. The machine
around it is the platform's, and no user means its ports by ``localhost``.
"""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Contract(Record):
    """One set of variables that shows a platform."""

    platform: str
    """The answer to the question of isolation."""
    sets: str
    """The variable to look for first."""
    source: str
    besides: tuple[str, ...] = ()
    """One of these is set too; empty if the first cannot be set by accident."""
    never: tuple[str, ...] = ()
    """Variables that an emulator on a developer's machine sets."""

    def seen(self, environ: Mapping[str, str]) -> str | None:
        """Return which variables show the platform, None if they do not."""
        value = environ.get(self.sets)
        if not value or not _is_the_platforms(self.sets, value):
            return None
        if any(environ.get(name) for name in self.never):
            return None
        beside = next((name for name in self.besides if _is_set(name, environ)), None)
        if self.besides and beside is None:
            return None
        return f"${self.sets} and ${beside} are set" if beside else f"${self.sets} is set"


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    value = environ.get(name)
    return bool(value) and _is_the_platforms(name, value or "")


def _is_the_platforms(name: str, value: str) -> bool:
    """Return False for values that tools on developers' machines use."""
    if name == "AWS_EXECUTION_ENV":
        return value.startswith("AWS_ECS_")  # Lambda and CloudShell set it too
    if name.startswith("ECS_CONTAINER_METADATA_URI"):
        # amazon-ecs-local-container-endpoints: without a container's id, or by its name.
        return not value.rstrip("/").endswith(("/v2", "/v3", "/v4")) and "/containers/" not in value
    if name == "DYNO":
        kind, dot, number = value.rpartition(".")
        return bool(kind and dot) and number.isdecimal()
    # The function's name that AWS's runtime interface emulator sets in base images.
    return not (name == "AWS_LAMBDA_FUNCTION_NAME" and value == "test_function")


_RUN = "Cloud Run: container runtime contract"
_APPS = "Azure Container Apps: built-in environment variables"

_ECS = "Amazon ECS environment variables"

_ROWS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("ecs", "ECS_CONTAINER_METADATA_URI_V4", (), _ECS),
    ("ecs", "ECS_CONTAINER_METADATA_URI", (), _ECS),
    # Also App Runner and Batch, which run on ECS.
    ("ecs", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ("AWS_EXECUTION_ENV",), _ECS),
    (
        "lambda",
        "AWS_LAMBDA_FUNCTION_NAME",
        ("AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_VERSION"),
        "AWS Lambda developer guide: defined runtime environment variables",
    ),
    ("cloudrun", "K_SERVICE", ("K_REVISION",), _RUN),
    ("cloudrun", "CLOUD_RUN_JOB", ("CLOUD_RUN_EXECUTION", "CLOUD_RUN_TASK_INDEX"), _RUN),
    (
        "cloudrun",
        "CLOUD_RUN_WORKER_POOL",
        ("CLOUD_RUN_WORKER_POOL_REVISION", "CLOUD_RUN_REVISION"),
        _RUN,
    ),
    (
        "containerapps",
        "CONTAINER_APP_NAME",
        (
            "CONTAINER_APP_REPLICA_NAME",
            "CONTAINER_APP_REVISION",
            "CONTAINER_APP_ENV_DNS_SUFFIX",
        ),
        _APPS,
    ),
    (
        "containerapps",
        "CONTAINER_APP_JOB_NAME",
        ("CONTAINER_APP_JOB_EXECUTION_NAME", "CONTAINER_APP_REPLICA_NAME"),
        _APPS,
    ),
    (
        "fly",
        "FLY_APP_NAME",
        ("FLY_MACHINE_ID", "FLY_ALLOC_ID"),
        "Fly.io: the machine runtime environment",
    ),
    ("heroku", "DYNO", (), "Heroku: dynos and the dyno manager; Dokku sets it likewise"),
    (
        "appengine",
        "GAE_SERVICE",
        ("GAE_INSTANCE", "GAE_DEPLOYMENT_ID"),
        "App Engine: runtime environment variables",
    ),
    (
        "appservice",
        "WEBSITE_SITE_NAME",
        ("WEBSITE_INSTANCE_ID",),
        "Azure App Service: environment variables and app settings",
    ),
    (
        "render",
        "RENDER",
        ("RENDER_INSTANCE_ID", "RENDER_SERVICE_ID"),
        "Render: default environment variables",
    ),
    # `railway run` sets the variables of the project on a developer's machine, not a replica's.
    (
        "railway",
        "RAILWAY_PROJECT_ID",
        ("RAILWAY_REPLICA_ID", "RAILWAY_DEPLOYMENT_ID"),
        "Railway: variables reference",
    ),
    # Developers often copy VCAP_APPLICATION to try service bindings at home.
    (
        "cloudfoundry",
        "VCAP_APPLICATION",
        ("CF_INSTANCE_GUID", "CF_INSTANCE_INDEX"),
        "Cloud Foundry: app environment variables",
    ),
    ("koyeb", "KOYEB_SERVICE_ID", ("KOYEB_INSTANCE_ID",), "Koyeb: built-in environment variables"),
    (
        "nomad",
        "NOMAD_ALLOC_ID",
        ("NOMAD_TASK_NAME", "NOMAD_JOB_NAME"),
        "Nomad: runtime environment settings",
    ),
)
"""Platform, the variable to look for first, those besides it, and the source."""

_NEVER = {"lambda": ("AWS_SAM_LOCAL", "LOCALSTACK_HOSTNAME")}

CONTRACTS = tuple(
    Contract(
        platform=platform,
        sets=first,
        besides=besides,
        source=source,
        never=_NEVER.get(platform, ()),
    )
    for platform, first, besides, source in _ROWS
)

FIRST_NAMES = (
    "container",
    "KUBERNETES_SERVICE_HOST",
    *dict.fromkeys(contract.sets for contract in CONTRACTS),
)
"""The variables to look for first: without one of them, no platform counts."""

_BESIDES = tuple(
    dict.fromkeys(name for contract in CONTRACTS for name in (*contract.besides, *contract.never))
)

CLOSER_NAMES = ("CODESPACES", "GITHUB_ACTIONS", "GITLAB_CI")
"""These and the above are the only variables that detection looks at. It shows no value but that
of ``container``."""


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that platforms set; most machines have none of them."""
    variables = {name: environ[name] for name in FIRST_NAMES if name in environ}
    if variables:
        variables |= {name: environ[name] for name in _BESIDES if name in environ}
    return variables


def placeholder(name: str, value: str) -> str:
    """Return a value with what :meth:`Contract.seen` looks at, and nothing of the real one."""
    if not value:
        return ""
    shown = _REAL if _is_the_platforms(name, value) else _EMULATED
    return shown.get(name, "set")


_REAL = {"DYNO": "x.1", "AWS_EXECUTION_ENV": "AWS_ECS_x"}
_EMULATED = {
    "ECS_CONTAINER_METADATA_URI_V4": "http://x/v4",
    "ECS_CONTAINER_METADATA_URI": "http://x/v3",
    "AWS_LAMBDA_FUNCTION_NAME": "test_function",
}
