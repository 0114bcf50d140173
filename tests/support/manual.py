"""Generates docs/commands.md, the manual page, the example configuration and its JSON Schema.

python -m tests.support.manual
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click

from etl.cli.commands import program
from etl.config.render import example_toml, json_schema

ROOT = Path(__file__).parents[2]
SCHEMA = "etl/schemas/configuration.json"
PAGES = {
    "docs/commands.md": lambda: markdown(),
    "man/image-sync.1": lambda: roff(),
    "config.example.toml": lambda: example_toml(f"./{SCHEMA}"),
    SCHEMA: lambda: f"{json.dumps(json_schema(), indent=2)}\n",
}
ENVIRONMENT = {
    "IMAGE_SYNC_CONFIG": "The configuration, unless --config names one.",
    "IMAGE_SYNC_DATABASE_URL": "The database, unless --database names one.",
    "HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK": "Access key and secret key, for method aksk.",
    "HTTPS_PROXY, NO_PROXY": "The way out to the API, and what is reached without it.",
    "NAME": "Any other: ${NAME} in the configuration is its value.",
}


def commands() -> Iterator[tuple[str, click.Command]]:
    """The program, then each command in the help's order, groups before what is in them."""
    yield "image-sync", program
    context = click.Context(program)
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command
        yield f"image-sync {name}", command
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                nested = command.get_command(context, inner)
                assert nested
                yield f"image-sync {name} {inner}", nested


def usage(name: str, command: click.Command) -> str:
    """How it is typed."""
    words = [name, "[OPTIONS]"]
    for each in command.params:
        if isinstance(each, click.Argument):
            shown = each.metavar or _choices(each) or str(each.name).upper()
            words.append(shown if each.required else f"[{shown}]")
    return " ".join([*words, "COMMAND …"] if isinstance(command, click.Group) else words)


def paragraphs(command: click.Command) -> Iterator[tuple[bool, str]]:
    """The help's paragraphs; those to be shown as they are, with their lines, are marked."""
    for each in inspect.cleandoc(command.help or "").split("\n\n"):
        if each.startswith("\b\n"):
            yield True, "\n".join(_example(line) for line in each[2:].splitlines())
        else:
            yield False, " ".join(each.split())


def options(command: click.Command) -> Iterator[tuple[str, str]]:
    """The options of its own, as they are spelled, and what they mean."""
    for each in command.params:
        if isinstance(each, click.Option) and not each.hidden:
            value = "" if each.is_flag or each.count else each.metavar or _value(each)
            default = f" Default: {each.default}." if each.show_default and each.default else ""
            yield f"{', '.join(each.opts)} {value}".strip(), (each.help or "") + default


def exit_codes() -> list[tuple[str, str]]:
    """README's table."""
    section = (ROOT / "README.md").read_text().split("\n## Exit codes\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (\d[\d, ]*) \| (.*) \|$", section, flags=re.M)


def markdown() -> str:
    """docs/commands.md."""
    lines = ["# Commands", "", "Written by `make docs` from the help texts; edit them there."]
    for name, command in commands():
        lines += ["", f"## {name}", "", f"Usage: **{usage(name, command)}**"]
        for is_verbatim, text in paragraphs(command):
            lines += ["", *(["```sh", text, "```"] if is_verbatim else [text])]
        rows = [f"| `{_cell(spelled)}` | {_cell(means)} |" for spelled, means in options(command)]
        lines += ["", "| option | means |", "|---|---|", *rows] if rows else []
    return "\n".join(lines) + "\n"


def roff() -> str:
    """The manual page."""
    lines = ['.TH IMAGE-SYNC 1 "" "image-sync" "User commands"', ".SH NAME"]
    lines += [r"image\-sync \- a provable record of a ModelArts image catalogue"]
    for number, (name, command) in enumerate(commands()):
        lines += [".SH SYNOPSIS"] if not number else [f".SS {_roff(name)}"]
        lines += [f".B {_roff(usage(name, command))}"]
        lines += [".SH DESCRIPTION"] if not number else []
        for is_verbatim, text in paragraphs(command):
            lines += [".PP", *([".nf", _roff(text), ".fi"] if is_verbatim else [_roff(text)])]
        lines += [".SH OPTIONS"] if not number else []
        for spelled, means in options(command):
            lines += [".TP", f".B {_roff(spelled)}", _roff(means)]
        lines += [".SH COMMANDS"] if not number else []
    for title, rows in (("EXIT STATUS", exit_codes()), ("ENVIRONMENT", ENVIRONMENT.items())):
        lines += [f".SH {title}"]
        for spelled, means in rows:
            lines += [".TP", f".B {_roff(spelled)}", _roff(means.replace("`", ""))]
    lines += [".SH FILES", ".TP", ".B config.toml", "The configuration, in the folder it runs in."]
    return "\n".join(lines) + "\n"


def _example(line: str) -> str:
    """A command and what is said of it, told apart as a shell would."""
    command, _, words = line.partition("  ")
    return f"{command:<45} # {words.strip()}" if words else line


def _choices(parameter: click.Parameter) -> str:
    is_choice = isinstance(parameter.type, click.Choice)
    return "|".join(parameter.type.choices) if is_choice else ""  # type: ignore[attr-defined]


def _value(option: click.Option) -> str:
    return _choices(option) or option.type.name.split()[0].upper()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _roff(text: str) -> str:
    """Text that roff takes as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", text)
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.M)


if __name__ == "__main__":
    for place, page in PAGES.items():
        (ROOT / place).write_text(page(), encoding="utf-8")
