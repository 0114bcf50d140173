"""Every name that users rely on is in the documentation, where they would look for it."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import click
import pytest
from sqlalchemy import inspect

from etl import errors
from etl.cli.group import program
from etl.config.settings import Settings, SourceSettings
from etl.database.engine import open_engine

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
CONTRACTED = {
    "images", "image_versions", "image_changes", "image_removals", "image_dev_services",
    "image_resource_categories", "image_tags", "image_components", "sync_runs", "source_runs",
    "rejects", "source_fields",
}  # fmt: skip


def section(title):
    """The part of the reference under a heading."""
    _, _, rest = REFERENCE.partition(f"\n## {title}\n")
    assert rest, f"docs/reference.md has no section {title}"
    return rest.split("\n## ")[0]


def named(text):
    """What the text sets as code, each span apart."""
    return re.findall(r"`([^`]+)`", text)


def commands():
    """Each command's full name and the command, groups opened."""
    context = click.Context(program)
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                yield f"{name} {inner}", command.commands[inner]
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), [*commands()], ids=[name for name, _ in commands()])
def test_a_command_is_in_the_table_with_its_options(name, command):
    rows = [row for row in section("Commands").splitlines() if row.startswith(f"| `{name}")]
    assert len(rows) == 1
    shared = set(re.findall(r"--[a-z-]+", section("Options that commands share")))
    own = {
        spelling
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
        for spelling in option.opts
        if spelling.startswith("--")
    }
    assert own - shared == set(re.findall(r"--[a-z-]+", rows[0])) - shared


def test_no_command_is_in_the_table_that_is_not_there():
    rows = re.findall(r"^\| `([a-z- ]+?)(?: [A-Z\[<].*?)?`", section("Commands"), flags=re.M)
    assert set(rows) == {name for name, _ in commands()}


def test_the_global_options_are_documented():
    spellings = {spelling for option in program.params for spelling in option.opts}
    assert spellings <= set(re.findall(r"--?[a-z-]+", section("Options that commands share")))


def test_every_exit_code_is_in_the_table():
    tree = [errors.ImageSyncError]
    for error in tree:
        tree.extend(error.__subclasses__())
    in_code = {error.exit_code for error in tree} | {0, 3, 30, 40, 130, 143}
    in_table = re.findall(r"^\| ([\d, ]+) \|", section("Exit codes"), flags=re.M)
    assert {int(code) for codes in in_table for code in codes.split(",")} == in_code


def keys(settings, place=""):
    """Every key that a settings class reads, with its tables before it."""
    for each in fields(settings):
        kind = get_type_hints(settings)[each.name]
        table = f"{place}{each.name}."
        if each.name == "sources":
            yield from keys(SourceSettings, "source.")
        elif table == "source.http.":
            yield "source.http.*"
        elif is_dataclass(kind):
            yield from keys(kind, table)
        elif place:
            yield f"{place}{each.name}"


def test_the_keys_of_the_configuration_are_in_the_table():
    table = re.findall(r"^\| `([a-z_.*]+)` \|", section("Configuration"), flags=re.M)
    assert sorted(table) == sorted(keys(Settings))


def test_every_relation_is_in_the_table_with_its_columns(databases):
    text = section("Relations")
    with databases.migrated("sqlite") as url:
        inspector = inspect(open_engine(url))
        for relation in CONTRACTED:
            (row,) = [row for row in text.splitlines() if row.startswith(f"| `{relation}` |")]
            columns = {column["name"] for column in inspector.get_columns(relation)}
            assert columns == set(named(row)) - {relation}, relation
