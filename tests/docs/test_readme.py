"""README names every command, option, key, exit code and relation, and shows what a run prints."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from etl import sample
from etl.cli.group import program
from tests.docs.test_documented import CONTRACTED, commands
from tests.docs.test_documented import section as reference

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def section(title):
    """The part of README under a heading, up to the next one of its level."""
    _, _, rest = README.partition(f"\n## {title}\n")
    assert rest, f"README.md has no section {title}"
    return rest.split("\n## ")[0]


@pytest.mark.parametrize(("name", "command"), [*commands()], ids=[name for name, _ in commands()])
def test_a_command_has_its_row_and_its_options(name, command):
    (row,) = [line for line in section("Commands").splitlines() if f"`{name}" in line[:90]]
    spellings = {
        spelling
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
        for spelling in option.opts
    }
    shared = section("Commands").partition("### Options")[2]
    assert {each for each in spellings if each not in row and f"`{each}" not in shared} == set()


def test_the_global_options_are_there():
    spellings = {spelling for option in program.params for spelling in option.opts}
    assert {each for each in spellings if f"`{each}" not in section("Commands")} == set()


@pytest.mark.parametrize("title", ["Exit codes", "Configuration"])
def test_its_table_is_the_reference_s(title):
    assert rows(section(title)) == rows(reference(title))


def rows(text):
    """The rows of the tables in it."""
    return [line for line in text.splitlines() if line.startswith("|")]


def test_every_relation_is_there():
    assert set(re.findall(r"^\| `(\w+)` \|", section("Relations"), flags=re.M)) == CONTRACTED


def test_the_run_it_shows_is_one_of_the_sample():
    count = len([each for each in sample.generation(2) if each["status"] != "DELETED"])
    assert f"sample: {count} images seen" in section("Quick start")


def test_what_it_points_to_is_there():
    pages = [ROOT / "README.md", *ROOT.glob("[A-Z]*.md"), *ROOT.glob("docs/**/*.md")]
    missing = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert missing == []
