"""Clients of HTTP services that know their server from a variable alone, behind `hostshift exec`.

Neither program knows hostshift. The servers run on the host, as a developer's do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.lab.places import BRIDGE, BRIDGE_ALIAS, HOST, HOST_NETWORK, USER_NETWORK, Place, Scene
from tests.lab.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.stage import Stage

WHERE = (HOST, BRIDGE, BRIDGE_ALIAS, USER_NETWORK, HOST_NETWORK)
EXEC = ["hostshift", "exec", "-v", "--", "python", "ask.py"]
START_SECONDS = 60

ASK_OPENAI = """
from openai import OpenAI
client = OpenAI(max_retries=0, timeout=20)
question = [{"role": "user", "content": "Who are you?"}]
answer = client.chat.completions.create(model="m", messages=question)
print(answer.choices[0].message.content)
"""
ASK_S3 = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="shop")
s3.put_object(Bucket="shop", Key="who", Body=b"the host's bucket")
print(s3.get_object(Bucket="shop", Key="who")["Body"].read().decode())
"""
SIGN = """
import os
import boto3
client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"])
print(client.meta.endpoint_url)
seen = boto3.client("s3")
print(seen.generate_presigned_url("get_object", Params={"Bucket": "shop", "Key": "who"}))
"""
KEYS = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # no packet leaves for its link-local address
}


class _Model(BaseHTTPRequestHandler):
    """Answers each question as a server of OpenAI's chat completions does."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": "the host's model"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the base names it
        """Print nothing."""


@pytest.fixture(scope="module")
def model_port() -> Iterator[int]:
    """Run a model's server on the host."""
    server = ThreadingHTTPServer(("0.0.0.0", free_port()), _Model)  # containers have to reach it
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    """Run a server that speaks S3 on the host."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "0.0.0.0", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None, "moto ended"
            assert time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.2)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str) -> Scene:
    return Scene(module_stage, app_image, module_stage.network())


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_an_openai_client_reaches_a_server_on_the_host(
    place: Place, scene: Scene, model_port: int
) -> None:
    url = f"http://localhost:{model_port}/v1"
    environment = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-s3cret"}
    ran = scene.run(place, EXEC, files={"ask.py": ASK_OPENAI}, environment=environment)
    assert ran.stdout.strip() == "the host's model", ran.stderr
    assert "sk-s3cret" not in ran.stderr


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_boto3_reaches_a_server_on_the_host(place: Place, scene: Scene, s3_port: int) -> None:
    environment = {**KEYS, "AWS_ENDPOINT_URL": f"http://localhost:{s3_port}"}
    ran = scene.run(place, EXEC, files={"ask.py": ASK_S3}, environment=environment)
    assert ran.stdout.strip() == "the host's bucket", ran.stderr


@pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
def test_a_link_for_browsers_keeps_an_address_that_is_excluded(
    place: Place, scene: Scene, s3_port: int
) -> None:
    url = f"http://localhost:{s3_port}"
    environment = {
        **KEYS,
        "AWS_ENDPOINT_URL": url,
        "S3_ENDPOINT": url,
        "HOSTSHIFT_ENV": "-AWS_ENDPOINT_URL",
    }
    ran = scene.run(place, EXEC, files={"ask.py": SIGN}, environment=environment)
    dialled, link = ran.stdout.split()
    assert link.startswith(f"{url}/shop/who?"), ran.stderr
    assert dialled != url
    assert "HOSTSHIFT_ENV excludes it" in ran.stderr


def test_a_file_is_rendered_into_a_volume_that_all_may_write(scene: Scene, s3_port: int) -> None:
    """A pod's emptyDir has the mode 0777, and it is where rendered files go."""
    script = (
        "mkdir -m 0777 /shared && chmod 0777 /shared &&"
        " exec hostshift exec --render app.yml=/shared/app.yml -- cat /shared/app.yml"
    )
    text = f"s3:\n  endpoint: http://localhost:{s3_port}  # here\n  public_url: http://localhost\n"
    ran = scene.run(BRIDGE, ["sh", "-c", script], files={"app.yml": text})
    lines = ran.stdout.splitlines()
    assert lines[0] == "s3:", ran.stderr
    assert lines[1].startswith("  endpoint: http://")
    assert "localhost" not in lines[1]
    assert lines[1].endswith(f":{s3_port}  # here")
    assert lines[2] == "  public_url: http://localhost"
