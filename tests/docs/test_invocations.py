"""Every command line that the documentation or `deploy/` shows is one that the program takes."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from etl.cli.commands import program
from etl.cli.context import CliContext
from etl.config import read_settings

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*")]
IN_A_LINE = re.compile(r"(?:^|[\s/`=\"])image-sync((?: +[^\s`|;&#<>]+)+)", flags=re.M)
IN_AN_ARRAY = re.compile(r"(?:args:|CMD) (\[.*\])")


def invocations():
    """Each page's command lines, as lists of arguments."""
    for page in sorted(path for path in PAGES if path.is_file() and path.suffix != ".pyc"):
        text = page.read_text().replace("\\\n", " ")
        shown = [block for block in code(page, text) if "image-sync" in block]
        for block in shown:
            for found in IN_A_LINE.findall(block):
                arguments = shlex.split(found)
                if is_command_line(arguments):
                    yield pytest.param(arguments, id=f"{page.relative_to(ROOT)}: {found.strip()}")
        for found in IN_AN_ARRAY.findall(text):
            yield pytest.param(json.loads(found), id=f"{page.relative_to(ROOT)}: {found}")


def code(page, text):
    """What a page sets as code: fenced blocks and spans; of other files all lines but comments."""
    if page.suffix == ".md":
        return re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.S)
    return [line for line in text.splitlines() if not line.lstrip().startswith(("#", "--"))]


def is_command_line(arguments):
    """Whether it is meant to be typed: neither a package's name nor a placeholder."""
    first = next((each for each in arguments if not each.startswith("-")), "")
    return bool(arguments) and (first[:1].islower() or arguments[0].startswith("-"))


def parse(arguments):
    """Let click read the arguments as it does before a command begins; RUN stands for a number."""
    arguments = ["1" if each == "RUN" else each for each in arguments]
    context = program.make_context("image-sync", arguments, obj=CliContext())
    while isinstance(context.command, click.Group) and (rest := unread(context)):
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


def unread(context):
    """What a group leaves to its commands; click 8.1 and 8.2 name it differently."""
    private = vars(context)
    return [*private.get("_protected_args", private.get("protected_args", ())), *context.args]


@pytest.mark.parametrize("arguments", [*invocations()])
def test_it_is_understood(arguments):
    if {"--help", "--version"}.isdisjoint(arguments):
        with contextlib.suppress(click.MissingParameter):  # a sentence may name a command alone
            parse(arguments)


@pytest.mark.parametrize("arguments", [["nonsense"], ["sync", "--nonsense"], ["db", "nonsense"]])
def test_nonsense_is_not(arguments):
    with pytest.raises(click.UsageError):
        parse(arguments)


def test_deploy_shows_some():
    shown = {parameter.id.split(":")[0] for parameter in invocations()}
    assert {
        "README.md",
        "deploy/Dockerfile",
        "deploy/image-sync.cron",
        "deploy/kubernetes/cronjob.yaml",
        "deploy/systemd/image-sync.service",
    } <= shown


def test_the_configuration_for_kubernetes_is_read():
    path = ROOT / "deploy" / "kubernetes" / "config.toml"
    assert tomllib.loads(path.read_text())["source"][0]["auth"]["method"] == "aksk"
    assert read_settings(path, environ={"PGPASSWORD": "x"}).sources
