"""Help and completion import no library that only the work needs."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from etl.cli.commands import program

HEAVY = {
    "alembic",
    "asyncio",
    "cryptography",
    "jinja2",
    "procrastinate",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "requests",
    "rfc3161_client",
    "rich",
    "sqlalchemy",
    "urllib3",
}
ASK = """
import json, sys
from etl.cli.main import run
assert run(sys.argv[1:]) == 0
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("command", ["", *program.list_commands(click.Context(program))])
def test_help_imports_no_heavy_library(command):
    asked = [sys.executable, "-c", ASK, *command.split(), "--help"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "etl" in loaded
    assert loaded & HEAVY == set()
