"""The command lines that documentation and deployment files contain, and a check by the parser."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from etl.cli.context import CliContext
from etl.cli.main import program

ROOT = Path(__file__).parents[2]
IN_A_LINE = re.compile(r"(?:^|bin/|[\s`=\"])image-sync((?: +[^\s`|;&#<>]+)+)", flags=re.M)
IN_AN_ARRAY = re.compile(r"(?:args:|CMD) (\[.*\])")
COMMANDS = {*program.list_commands(click.Context(program))}
PLACEHOLDERS = {
    "RUN": "1",
    "TIME": "7d",
    "DURATION": "7d",
    "SECONDS": "10",
    "K/N": "1/2",
    "NAME": "rejects",  # a report, a relation, and as good a source as any
}


def pages() -> Iterator[Path]:
    """The files that show command lines."""
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*"):
        yield from (path for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc")


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Each command line as the file that shows it and its arguments."""
    for page in sorted(pages()):
        name = str(page.relative_to(ROOT))
        text = page.read_text("utf-8").replace("\\\n", " ")
        for block in code(page, text):
            for found in IN_A_LINE.findall(block):
                arguments = shlex.split(found)
                if is_command_line(arguments):
                    yield name, arguments
        for found in map(json.loads, IN_AN_ARRAY.findall(text)):
            if not COMMANDS.isdisjoint(found):  # the arguments of another program otherwise
                yield name, found


def code(page: Path, text: str) -> list[str]:
    """The blocks and spans of Markdown and docstrings, and the code lines of other files."""
    if page.suffix in {".md", ".py"}:
        return re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.S)
    return [line for line in text.splitlines() if not line.lstrip().startswith(("#", "--"))]


def is_command_line(arguments: list[str]) -> bool:
    """Whether the text after `image-sync` is a command, not the rest of a sentence."""
    first = next((each for each in arguments if not each.startswith("-")), "")
    return bool(arguments) and (first[:1].islower() or arguments[0].startswith("-"))


def parse(arguments: list[str]) -> None:
    """Parse arguments as far as click does before a command starts; raises `click.UsageError`."""
    arguments = [PLACEHOLDERS.get(each, each) for each in arguments]
    context = program.make_context("image-sync", arguments, obj=CliContext())
    while isinstance(context.command, click.Group) and (rest := unparsed(context)):
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)


def unparsed(context: click.Context) -> list[str]:
    """The arguments that a group passes to its commands; the attribute's name depends on click."""
    private = vars(context)
    return [*private.get("_protected_args", private.get("protected_args", ())), *context.args]
