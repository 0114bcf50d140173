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
SCRIPT = """
import contextlib, io, json, sys
from etl.cli.main import run
loaded = {}
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()):
        assert run([*command.split(), "--help"]) == 0
    loaded[command] = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded():
    """The modules that are loaded after the help of each command, in one process."""
    commands = ["", *program.list_commands(click.Context(program))]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", ["", *program.list_commands(click.Context(program))])
def test_help_imports_no_heavy_library(loaded, command):
    assert "etl" in loaded[command]
    assert set(loaded[command]) & HEAVY == set()
