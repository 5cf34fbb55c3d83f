"""Which format a configuration file has: by its name, or as the user says. Pure."""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hostshift.documents.model import Format

FORMATS = ("dotenv", "ini", "json", "properties", "toml", "xml", "yaml")
EXTENSIONS = {
    "cfg": "ini",
    "config": "xml",  # web.config, app.config
    "env": "dotenv",
    "flaskenv": "dotenv",
    "ini": "ini",
    "json": "json",
    "jsonc": "json",
    "properties": "properties",
    "toml": "toml",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
}
"""By the end of a name. ``.conf`` is missing: it can be anything."""
TEMPLATES = frozenset(
    ("default", "dist", "erb", "example", "in", "j2", "sample", "template", "tmpl", "tpl")
)
"""Endings behind the one that tells the format, as in ``database.yml.erb``."""


def of_name(path: str) -> str:
    """Return the format of a file by its name; "" if the name does not tell."""
    parts = os.path.basename(path).lower().split(".")
    if parts[0] == "" and len(parts) > 2 and parts[1] == "env":  # .env.local, .env.production
        return "dotenv"
    while len(parts) > 2 and parts[-1] in TEMPLATES:
        parts.pop()
    return EXTENSIONS.get(parts[-1], "") if len(parts) > 1 else ""


def module(name: str) -> Format:
    """Return the module of a format."""
    loaded: Any = import_module(f"hostshift.documents.{name}_text")
    form: Format = loaded
    return form
