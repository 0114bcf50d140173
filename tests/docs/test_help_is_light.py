"""Asking for help loads none of what only the work needs."""

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
    "jinja2",
    "procrastinate",
    "psycopg",
    "pyarrow",
    "requests",
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
def test_help_is_light(command):
    asked = [sys.executable, "-c", ASK, *command.split(), "--help"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True)
    loaded = set(json.loads(told.stdout.splitlines()[-1]))
    assert "etl" in loaded
    assert loaded & HEAVY == set()
