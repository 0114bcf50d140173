"""README names every command, option, key, exit code and relation, and none that is not there."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from etl import errors
from etl.cli.commands import program
from etl.config.settings import DiscoverSettings, Settings, SourceSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRACTED = {
    "images", "image_versions", "image_changes", "image_removals", "image_dev_services",
    "image_resource_categories", "image_tags", "image_components", "sync_runs", "source_runs",
    "rejects", "source_fields",
}  # fmt: skip


def section(title):
    """The part of README under a heading."""
    _, _, rest = README.partition(f"\n{title}\n")
    assert rest, f"no section {title}"
    level = title.split()[0]
    return re.split(rf"^#{{2,{len(level)}}} ", rest, flags=re.M)[0]


def rows(text):
    """The rows of the tables of a text, each as its cells; the head and the line below left out."""
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line[:1] == "|"]
    lines = [number for number, row in enumerate(cells) if row[0].startswith("---")]
    heads = {number - 1 for number in lines} | set(lines)
    return [row for number, row in enumerate(cells) if number not in heads]


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
                yield f"{name} {inner}", command.get_command(context, inner)
        else:
            yield name, command


def own_options(command):
    """The long options that the command's own help shows."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    spelled = [each.opts for each in options if not each.hidden]
    return {name for names in spelled for name in names if name.startswith("--")}


COMMANDS = dict(commands())
TABLE = rows(section("## Commands").split("### Options")[0])
SHARED = set(re.findall(r"--?[a-z-]+", " ".join(row[0] for row in rows(section("### Options")))))


def commands_of(row):
    """The commands that a row tells of, without their arguments."""
    return [re.sub(r" [A-Z].*", "", name) for name in named(row[0])]


def test_every_command_is_in_the_table_once():
    assert sorted(name for row in TABLE for name in commands_of(row)) == sorted(COMMANDS)


@pytest.mark.parametrize("row", TABLE, ids=[row[0].strip() for row in TABLE])
def test_a_row_names_the_options_of_its_commands(row):
    own = set().union(*(own_options(COMMANDS[name]) for name in commands_of(row)))
    listed = {name for span in named(row[2]) for name in re.findall(r"--[a-z-]+", span)}
    assert own - SHARED <= listed <= own


def test_the_global_options_are_in_the_table():
    assert {spelling for option in program.params for spelling in option.opts} <= SHARED


def test_every_exit_code_is_in_the_table():
    tree = [errors.ImageSyncError]
    for error in tree:
        tree.extend(error.__subclasses__())
    in_code = {error.exit_code for error in tree} | {0, 3, 30, 40, 130, 143}
    in_table = [int(code) for row in rows(section("## Exit codes")) for code in row[0].split(",")]
    assert sorted(in_table) == sorted(in_code)


def keys(settings, place=""):
    """Every key that a settings class reads, with its tables before it."""
    for each in fields(settings):
        kind = get_type_hints(settings)[each.name]
        table = f"{place}{each.name}."
        if each.name == "sources":
            yield from keys(SourceSettings, "source.")
        elif each.name == "discover":
            yield from keys(DiscoverSettings, "discover.")
        elif table in {"source.http.", "discover.source."}:
            yield f"{table}*"
        elif is_dataclass(kind):
            yield from keys(kind, table)
        elif place:
            yield f"{place}{each.name}"


def test_the_keys_of_the_configuration_are_in_the_table():
    in_table = [name for row in rows(section("## Configuration")) for name in named(row[0])]
    assert sorted(in_table) == sorted(keys(Settings))


def test_the_relations_are_in_the_table():
    in_table = [name for row in rows(section("## Relations")) for name in named(row[0])]
    assert sorted(in_table) == sorted(CONTRACTED)
