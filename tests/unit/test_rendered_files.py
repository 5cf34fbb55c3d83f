"""Whole configuration files: only addresses differ, and the programs read the new ones."""

from __future__ import annotations

import configparser
import json
import re
import sysconfig
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import alembic
import javaproperties
import pytest
import yaml
from alembic.config import Config
from dotenv import dotenv_values
from sqlalchemy.engine import make_url

from hostshift import Policy
from hostshift.cli import render
from hostshift.documents import format as formats
from hostshift.documents.model import DocumentError

if TYPE_CHECKING:
    from hostshift_pytest import Pretend

HOST = "172.17.0.1"
PORTS = (1433, 3306, 5432, 5433, 5672, 6379, 27017, 27018)
# What must not be touched answers as well: it is not for want of an answer that it stays.
OTHERS = (25, 3000, 6432, 8000, 8080, 9092, 42424)
ANSWERS = [f"{HOST}:{port}" for port in PORTS + OTHERS]
DIRECTORY = Path(__file__).parents[1] / "vectors" / "documents"
SOURCES: dict[str, dict[str, Any]] = json.loads(
    (DIRECTORY / "sources.json").read_text(encoding="utf-8")
)["files"]


def _before(name: str) -> bytes:
    return (DIRECTORY / "files" / name).read_bytes()


def _rendered(name: str, pretend: Pretend) -> bytes:
    pretend("bridge", answers=ANSWERS)
    return render.rendered(_before(name), formats.of_name(name), name)


@pytest.fixture
def rendered(pretend: Pretend, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Render a file into a directory of its own, and return its path."""
    name: str = request.param
    path = tmp_path / name
    path.write_bytes(_rendered(name, pretend))
    return path


def _expected(name: str) -> bytes:
    """Return a file with the spans replaced that its row names."""
    lines = _before(name).decode().splitlines(keepends=True)
    for span in SOURCES[name]["spans"]:
        number = span["line"] - 1
        start = span["before"] + span["old"]
        assert lines[number].startswith(start), span
        lines[number] = span["before"] + span["new"] + lines[number][len(start) :]
    return "".join(lines).encode()


def test_each_file_has_its_row() -> None:
    assert sorted(SOURCES) == sorted(path.name for path in (DIRECTORY / "files").iterdir())
    assert len(SOURCES) >= 12
    assert {formats.of_name(name) for name in SOURCES} == set(formats.FORMATS)


@pytest.mark.parametrize("name", SOURCES)
def test_only_the_addresses_differ(name: str, pretend: Pretend) -> None:
    assert _rendered(name, pretend).decode() == _expected(name).decode()
    assert SOURCES[name]["spans"]


@pytest.mark.parametrize("name", SOURCES)
def test_on_the_host_no_byte_differs(name: str, pretend: Pretend) -> None:
    pretend("host", answers=[f"127.0.0.1:{port}" for port in PORTS])
    assert render.rendered(_before(name), formats.of_name(name), name) == _before(name)


SECRETS = ("p@ss", "p%40ss", "p%%40", 's"cret', "Pass&", "air%", "s3cret", "secret@", "guest@")


def test_no_log_shows_a_password(pretend: Pretend, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "hostshift")
    for name in SOURCES:
        _rendered(name, pretend)
    shown = caplog.text
    assert "CELERY_BROKER_URL: localhost:6379 -> " in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_a_host_with_its_port_is_resolved_where_it_is_listed(pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS, policy=Policy(env="DATABASE_POSTGRES_HOST"))
    after = render.rendered(_before("grafana.ini"), "ini", "grafana.ini")
    assert b"\nhost = 172.17.0.1:5432\n" in after


# --- the programs -------------------------------------------------------------------------------


@pytest.mark.parametrize("rendered", ["alembic.ini"], indirect=True)
def test_alembic_reads_the_new_address(rendered: Path) -> None:
    config = Config(str(rendered))
    url = make_url(config.get_main_option("sqlalchemy.url") or "")
    assert (url.host, url.port, url.password) == (HOST, 5432, "p@ss")
    assert config.get_main_option("script_location") == f"{rendered.parent}/migrations"


def test_what_alembic_writes_itself_is_rendered(pretend: Pretend, tmp_path: Path) -> None:
    """Its own template, as ``alembic init`` writes it, with a URL of this test."""
    template = Path(alembic.__file__).parent / "templates" / "generic" / "alembic.ini.mako"
    text = template.read_text().replace("${script_location}", "migrations")
    old = "driver://user:pass@localhost/dbname"
    assert old in text
    text = text.replace(old, "postgresql://user:pass@localhost/dbname")
    pretend("bridge", answers=ANSWERS)
    after = render.rendered(text.encode(), "ini", "alembic.ini").decode()
    assert after == text.replace("pass@localhost", f"pass@{HOST}")
    (tmp_path / "alembic.ini").write_text(after)
    config = Config(str(tmp_path / "alembic.ini"))
    assert make_url(config.get_main_option("sqlalchemy.url") or "").host == HOST


@pytest.mark.parametrize("rendered", ["database.yml"], indirect=True)
def test_yaml_after_erb_reads_the_new_address(rendered: Path) -> None:
    """As Rails: ERB first, here with nothing in the place of each template."""
    tree = yaml.safe_load(re.sub(r"<%.*?%>", "", rendered.read_text()))
    hosts = {name: entry["host"] for name, entry in tree.items()}
    assert set(hosts) == {"default", "development", "test", "legacy", "production"}
    assert set(hosts.values()) == {HOST}


@pytest.mark.parametrize("rendered", ["application.yml"], indirect=True)
def test_yaml_of_several_documents(rendered: Path) -> None:
    first, second = yaml.safe_load_all(rendered.read_text())
    assert first["spring"]["data"]["redis"] == {"host": HOST, "port": 6379}
    assert first["spring"]["datasource"]["url"].startswith(f"jdbc:postgresql://{HOST}:5432/")
    assert second["spring"]["datasource"]["url"].startswith("${REPLICA_URL:")


@pytest.mark.parametrize("rendered", ["profiles.yml"], indirect=True)
def test_the_fields_that_dbt_reads(rendered: Path) -> None:
    """As dbt does: YAML first, then each field as a template of Jinja (its profile.py)."""
    outputs = yaml.safe_load(rendered.read_text())["shop"]["outputs"]
    assert {key: outputs["dev"][key] for key in ("host", "port", "dbname")} == {
        "host": HOST,
        "port": 5432,
        "dbname": "localhost",
    }
    assert outputs["prod"]["host"] == "{{ env_var('DBT_HOST', 'localhost') }}"


@pytest.mark.parametrize("rendered", ["application.properties"], indirect=True)
def test_a_reader_of_properties(rendered: Path) -> None:
    values = javaproperties.loads(rendered.read_bytes())
    assert values["spring.datasource.url"] == f"jdbc:mysql://{HOST}:3306/shop?useSSL=false"
    assert values["spring.data.mongodb.uri"] == f"mongodb://{HOST}:27017,{HOST}:27018/shop"
    assert values["spring.datasource.password"] == "grün"


@pytest.mark.parametrize("rendered", ["airflow.cfg"], indirect=True)
def test_a_file_with_interpolation(rendered: Path) -> None:
    parser = configparser.ConfigParser()
    parser.read(rendered)
    conn = parser["core"]["sql_alchemy_conn"]
    assert conn == f"postgresql+psycopg2://airflow:air%23flow@{HOST}:5432/airflow"
    assert parser["core"]["log_format"].startswith("[%(asctime)s]")


@pytest.mark.parametrize("rendered", ["Rocket.toml"], indirect=True)
def test_toml(rendered: Path) -> None:
    tree = tomllib.loads(rendered.read_text())
    assert tree["default"]["databases"]["diesel_mysql"]["url"].endswith(f"@{HOST}/database")
    assert tree["release"]["databases"]["cache"]["url"] == f"redis://{HOST}:6379/0"
    assert tree["default"]["address"] == "127.0.0.1"


@pytest.mark.parametrize("rendered", ["web.config", "context.xml"], indirect=True)
def test_xml(rendered: Path) -> None:
    root = ET.parse(rendered).getroot()
    shown = " ".join(value for node in root.iter() for value in node.attrib.values())
    assert "Server=tcp:172.17.0.1,1433" in shown or "jdbc:mysql://172.17.0.1:3306/" in shown
    assert "http://localhost" in shown


@pytest.mark.parametrize("rendered", ["django.env"], indirect=True)
def test_python_dotenv(rendered: Path) -> None:
    values = dotenv_values(rendered, interpolate=False)
    assert values["DATABASE_URL"] == f'postgres://shop:s"cret@{HOST}:5432/shop'
    assert (values["POSTGRES_HOST"], values["POSTGRES_USER"]) == (HOST, "localhost")


# --- what others wrote --------------------------------------------------------------------------

MOST_BYTES = 100_000
_ADDRESS = re.compile(rb"localhost|127\.0\.0\.1|172\.17\.0\.1")


def _installed() -> list[Path]:
    """Return the configuration files that the installed packages bring."""
    root = Path(sysconfig.get_path("purelib"))
    found = (path for path in sorted(root.rglob("*")) if formats.of_name(path.name))
    return [path for path in found if path.is_file() and path.stat().st_size < MOST_BYTES]


def test_files_of_installed_packages_keep_all_but_addresses(pretend: Pretend) -> None:
    pretend("bridge", answers=ANSWERS)
    files = _installed()
    refused = []
    for path in files:
        data = path.read_bytes()
        try:
            after = render.rendered(data, formats.of_name(path.name), path.name)
        except DocumentError:
            refused.append(path)
            continue
        assert _ADDRESS.sub(b"@", after) == _ADDRESS.sub(b"@", data), path
    assert len(files) > 50
    assert len(refused) < len(files) / 10, refused
