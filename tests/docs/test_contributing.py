"""CONTRIBUTING's recipe for a new field, followed on a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.databases import BACKENDS
from tests.support.fake_api import FakeApi
from tests.support.syncing import catalogue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
COPIED = ("etl", "migrations", "tests", "pyproject.toml", "config.example.toml")

CONFIGURATION = """
[database]
url = "{database}"

[[source]]
name = "one"
endpoint = "{endpoint}"
project_id = "0123456789abcdef0123456789abcdef"
types = ["BUILD_IN"]
workspaces = ["0"]
"""
COMMANDS = """
import sys
from etl.cli.main import run
for command in sys.argv[2:]:
    assert run(["-c", sys.argv[1], *command.split()]) == 0, command
    sys.stdout.write(chr(0))
    sys.stdout.flush()
"""


def recipe(title):
    """The steps of a recipe: the file and the code block of each."""
    section = PAGE.split(f"\n## Recipe: {title}\n")[1].split("\n## ")[0]
    steps = re.findall(r"^\d\. `([^`]+)`: (.*?)(?=^\d\. |^\S|\Z)", section, flags=re.M | re.S)
    return [(path, code_of(text), after(text)) for path, text in steps]


def code_of(text):
    found = re.search(r"```python\n(.*?)```", text, flags=re.S)
    return textwrap.dedent("\n".join(line[3:] for line in found[1].splitlines())) if found else ""


def after(text):
    """The name after whose line the code belongs."""
    found = re.search(r"after (?:the one of )?`(\w+)`", text)
    return found[1] if found else ""


def insert(path, code, name):
    """Insert a line after the only line that declares `name`, with its indentation."""
    lines = path.read_text("utf-8").splitlines()
    declares = re.compile(rf'\s+(?:{name}: |\w+\("{name}", )')
    (number,) = [each for each, line in enumerate(lines) if declares.match(line)]
    indent = re.match(r"\s*", lines[number])[0]
    lines.insert(number + 1, textwrap.indent(code, indent).rstrip())
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project in which the recipe was followed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    for path, code, name in recipe("a new field of the API"):
        if name:
            insert(folder / path, code, name)
        else:
            (folder / path).write_text(code + "\n", "utf-8")
    run(folder, "-m", "tests.support.migration")
    return folder


def run(folder, *arguments):
    """Run Python in a project folder and return its output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_recipe_changes_three_files_and_adds_a_migration():
    paths = [path for path, _, _ in recipe("a new field of the API")]
    assert len(paths) == 4
    assert all((ROOT / path).exists() for path in paths[:3])
    assert paths[3].startswith("migrations/versions/")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_field_added_by_the_recipe_becomes_a_column_of_an_existing_record(
    copy, databases, backend, tmp_path
):
    config = tmp_path / "config.toml"

    def image_sync(folder, *commands):
        """What each command prints, in one process."""
        printed = run(folder, "-c", COMMANDS, str(config), *commands)
        return [json.loads(each) for each in printed.split("\0") if each.startswith("[")]

    with FakeApi(catalogue(3)) as api, databases.migrated(backend) as url:
        config.write_text(CONFIGURATION.format(database=url, endpoint=api.url))
        image_sync(ROOT, "sync")
        (images,) = image_sync(copy, "sync", "images --format json")
        assert {(each["framework"], each["version"]) for each in images} == {(None, 1)}
        api.images = [{**each, "framework": "MindSpore"} for each in api.images]
        images, changed = image_sync(
            copy,
            "sync",
            "images --format json",
            "changes --kind changed --format json",
            "verify",
            "db check",
            "db downgrade --yes",
        )
        assert {(each["framework"], each["version"]) for each in images} == {("MindSpore", 2)}
        assert {(each["field"], each["new_value"]) for each in changed} == {
            ("framework", '"MindSpore"')
        }
        image_sync(ROOT, "db check")
