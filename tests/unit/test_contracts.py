"""A hosting platform's contract goes before an engine's binds; a copied variable does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hostshift import detect
from hostshift.detect import capture, facts, vantage
from hostshift.detect.anonymize import Scrubber
from hostshift.detect.evidence import platform_variables
from tests.unit.test_vantages import BRIDGE, HOST, KUBELET, USER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hostshift import Vantage

# What an instance of each platform is given, as its documentation lists it.
INSTANCES = {
    "ecs on ec2": {
        "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/9781c248b1024d3c-0769134",
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
    },
    "ecs before version 4": {
        "ECS_CONTAINER_METADATA_URI": "http://169.254.170.2/v3/cd189a933e5849daa93386466019ab50"
    },
    "ecs by its credentials": {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/50d86bd5-b3a7-4c52",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
    },
    "lambda": {
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    },
    "cloudrun": {"K_SERVICE": "orders", "K_REVISION": "orders-00007-abc"},
    "cloudrun job": {"CLOUD_RUN_JOB": "nightly", "CLOUD_RUN_EXECUTION": "nightly-x7k2p"},
    "cloudrun worker pool": {"CLOUD_RUN_WORKER_POOL": "w", "CLOUD_RUN_REVISION": "w-00001"},
    "containerapps": {
        "CONTAINER_APP_NAME": "orders",
        "CONTAINER_APP_REVISION": "orders--20mh1s9",
        "CONTAINER_APP_REPLICA_NAME": "orders--20mh1s9-86c8c4b497-zx9bq",
    },
    "containerapps job": {
        "CONTAINER_APP_JOB_NAME": "nightly",
        "CONTAINER_APP_JOB_EXECUTION_NAME": "nightly-iwpi4il",
    },
    "fly": {"FLY_APP_NAME": "orders", "FLY_MACHINE_ID": "148ed726c54768"},
    "heroku": {"DYNO": "web.1"},
    "heroku one-off": {"DYNO": "run.4521"},
    "appengine": {"GAE_SERVICE": "default", "GAE_INSTANCE": "aef-default-xk2"},
    "appservice": {"WEBSITE_SITE_NAME": "orders", "WEBSITE_INSTANCE_ID": "9f3b6c"},
    "render": {"RENDER": "true", "RENDER_SERVICE_ID": "srv-cq1", "RENDER_INSTANCE_ID": "srv-cq1-7"},
    "railway": {"RAILWAY_PROJECT_ID": "0f51", "RAILWAY_REPLICA_ID": "7c2e"},
    "cloudfoundry": {"VCAP_APPLICATION": "{}", "CF_INSTANCE_GUID": "41653aa4"},
    "koyeb": {"KOYEB_SERVICE_ID": "7ed4", "KOYEB_INSTANCE_ID": "a011"},
    "nomad": {"NOMAD_ALLOC_ID": "5fc98185", "NOMAD_TASK_NAME": "web"},
}

# What a developer's container has of them: copied, from a base image, or of an emulator.
COPIED = {
    "a name from a .env": {"K_SERVICE": "orders"},
    "all first names from a .env": {
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "CLOUD_RUN_JOB": "nightly",
        "CONTAINER_APP_NAME": "orders",
        "FLY_APP_NAME": "orders",
        "GAE_SERVICE": "default",
        "WEBSITE_SITE_NAME": "orders",
        "RENDER": "true",
        "RAILWAY_PROJECT_ID": "0f51",
        "VCAP_APPLICATION": "{}",
        "KOYEB_SERVICE_ID": "7ed4",
        "NOMAD_ALLOC_ID": "5fc98185",
    },
    "railway run": {"RAILWAY_PROJECT_ID": "0f51", "RAILWAY_SERVICE_NAME": "orders"},
    "local ecs endpoints": {
        "ECS_CONTAINER_METADATA_URI": "http://169.254.170.2/v3",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds",
    },
    "local ecs endpoints by name": {
        "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/containers/orders"
    },
    "cloudshell": {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds",
        "AWS_EXECUTION_ENV": "CloudShell",
    },
    "sam local": {
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_SAM_LOCAL": "true",
    },
    "the runtime interface emulator": {
        "AWS_LAMBDA_FUNCTION_NAME": "test_function",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    },
    "a dyno that is none": {"DYNO": "true"},
    "set to nothing": {"K_SERVICE": "", "K_REVISION": "", "DYNO": ""},
}


def _stands(root: Path, files: Mapping[str, str], environ: Mapping[str, str]) -> Vantage:
    texts = {**files, "proc/self/environ": "".join(f"{k}={v}\0" for k, v in environ.items())}
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return detect.detect(str(root))


@pytest.mark.parametrize("platform", INSTANCES)
def test_a_platform_on_dockers_engine_is_the_platform(platform: str, tmp_path: Path) -> None:
    found = _stands(tmp_path, {**BRIDGE, **USER}, INSTANCES[platform])
    assert found.isolation == platform.partition(" ")[0]
    assert not found.has_host_beyond
    assert found.host_address == ()


@pytest.mark.parametrize("case", COPIED)
def test_copied_variables_leave_a_container_what_it_is(case: str, tmp_path: Path) -> None:
    found = _stands(tmp_path, {**BRIDGE, **USER}, COPIED[case])
    assert found.isolation == "docker"
    assert found.has_host_beyond


@pytest.mark.parametrize("segment", ["/ecs/0f6c/2837bb", "/ecstasks.slice/ecstasks-0f6c.slice"])
def test_the_ecs_agents_cgroup_goes_before_dockers_binds(segment: str, tmp_path: Path) -> None:
    found = _stands(tmp_path, {**BRIDGE, "proc/self/cgroup": f"0::{segment}\n"}, {})
    assert found.isolation == "ecs"


@pytest.mark.parametrize("platform", INSTANCES)
def test_what_a_pod_says_decides_before_them(platform: str, tmp_path: Path) -> None:
    assert _stands(tmp_path, {**BRIDGE, **KUBELET}, INSTANCES[platform]).isolation == "kubernetes"


@pytest.mark.parametrize("platform", INSTANCES)
def test_a_shell_that_has_them_on_the_host_is_on_the_host(platform: str, tmp_path: Path) -> None:
    """Direnv and the like put a project's variables into a developer's shell."""
    found = _stands(tmp_path, HOST, INSTANCES[platform])
    assert (found.network, found.host_address) == ("host", ("localhost",))


@pytest.mark.parametrize("case", [*INSTANCES, *COPIED])
def test_a_capture_keeps_what_shows_a_platform_and_no_value(case: str, tmp_path: Path) -> None:
    environ = {**INSTANCES, **COPIED}[case]
    before = _stands(tmp_path / "was", BRIDGE, environ)
    around = facts.read(str(tmp_path / "was"))
    text = capture.files(around, Scrubber()).get("proc/self/environ", "")
    assert not any(value in text for value in ("orders", "0f51", "9781c248", "srv-cq1"))
    capture.write(str(tmp_path / "again"), around, vantage.judge(around))
    assert detect.detect(str(tmp_path / "again")).isolation == before.isolation


def test_each_platform_has_an_instance_here() -> None:
    shown = {name.partition(" ")[0] for name in INSTANCES}
    assert {one.platform for one in platform_variables.CONTRACTS} == shown
    assert all(one.source for one in platform_variables.CONTRACTS)
