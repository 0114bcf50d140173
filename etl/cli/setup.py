"""Commands that set the program up: `config`, `schema`, `completion`; `sample-api` to try it."""

from __future__ import annotations

import os
import shlex
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

import etl
from etl.cli.context import CliContext, pass_cli
from etl.cli.main import Group, program
from etl.cli.options import Known, output_option
from etl.cli.output import print_json, print_machine_lines, print_result, print_rows
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from etl.sample import AccessKey

SCHEMAS: Final = Path(etl.__file__).parent / "schemas"
_KEY_VARIABLES: Final = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
_OWNER_ONLY: Final = partial(os.open, mode=0o600)
_SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.group(cls=Group, short_help="Show the effective configuration, or write a new file.")
def config() -> None:
    """Show the configuration, or write a new one.

    \b
    image-sync config init                      write config.toml with every key explained
    image-sync --config prod.toml config show   the effective values, secrets masked
    image-sync config schema                    the JSON Schema of the file
    """


@config.command(short_help="Print the effective configuration, secrets masked.")
@click.option(
    "--output",
    type=click.Choice(["toml", "json"]),
    default="toml",
    show_default=True,
    help="TOML as in the file, or JSON.",
)
@pass_cli
def show(cli: CliContext, *, output: str) -> None:
    """Print the effective configuration: the file, the environment and the defaults."""
    from etl.config.render import masked, masked_toml

    if output == "json":
        print_json(masked(cli.settings))
        return
    for line in masked_toml(cli.settings).splitlines():
        click.echo(printable(line))


@config.command(short_help="Write a commented configuration file.")
@click.argument("path", required=False)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@output_option
@pass_cli
def init(cli: CliContext, path: str | None, *, force: bool, output: str) -> None:
    """Write a configuration to PATH with every key explained.

    PATH defaults to --config, then $IMAGE_SYNC_CONFIG, then config.toml. The file works
    unchanged: its source is the built-in sample. Only its owner can read it.
    """
    from etl.cli.results import ConfigurationFile
    from etl.config import find_config
    from etl.config.render import example_toml

    place = find_config(path or cli.config, os.environ) or Path("config.toml")
    try:
        with open(place, "w" if force else "x", encoding="utf-8", opener=_OWNER_ONLY) as file:
            file.write(example_toml(str(SCHEMAS / "configuration.json")))
    except FileExistsError:
        raise UsageError(f"{place} exists already", hint="--force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{error.strerror}: cannot write {place}") from None
    command, config = shlex.quote(cli.program), shlex.quote(str(place))
    text = f"wrote {place}; try `{command} --config {config} sync`"
    print_result(cli, ConfigurationFile(file=str(place)), text, output=output)


@config.command("schema", short_help="Print the JSON Schema of the configuration.")
def config_schema() -> None:
    """Print the JSON Schema of the configuration file, for editors and validators.

    \b
    image-sync config schema > config.schema.json
    """
    from etl.config.render import json_schema

    print_json(json_schema())


def schemas() -> list[str]:
    """The outputs whose JSON Schema is part of the package."""
    return sorted(path.stem for path in SCHEMAS.glob("*.json"))


@click.command("schema", short_help="Print the JSON Schema of a command's JSON output.")
@click.argument("name", required=False, type=Known("schema", schemas), metavar="[NAME]")
@pass_cli
def schema(cli: CliContext, name: str | None) -> None:
    """Print the JSON Schema of what a command prints with --output json or --format json.

    Without NAME, list the schemas. Those of `--format jsonl` are the `items` of the schema.

    \b
    image-sync schema
    image-sync schema changes > changes.schema.json
    """
    from etl.audit.query import Rows

    if name is None:
        print_rows(cli, Rows(("name",), ((each,) for each in schemas())))
    else:
        print_machine_lines([(SCHEMAS / f"{name}.json").read_text("utf-8").rstrip()])


@click.command(short_help="Print the script that enables completion in a shell.")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and names with the Tab key.

    For bash and zsh, put the first line into ~/.bashrc or ~/.zshrc, with the shell's name; for
    fish, write a file into ~/.config/fish/completions/.

    \b
    eval "$(image-sync completion bash)"
    image-sync completion fish > image-sync.fish
    """
    script = _SHELLS[shell](program, {}, "image-sync", "_IMAGE_SYNC_COMPLETE")
    # BashComplete.source starts the bash on PATH to check its version, which may not be the user's.
    click.echo(ShellComplete.source(script))


@click.command(short_help="Serve the built-in sample of the ModelArts API on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8080,
    show_default=True,
    help="Port on loopback; 0: any free one.",
)
@click.option(
    "--signed",
    "is_signed",
    is_flag=True,
    help="Require signatures with $HUAWEICLOUD_SDK_AK and $HUAWEICLOUD_SDK_SK.",
)
@click.option(
    "--play",
    type=click.Choice(["mass-removal", "refused-key", "changing-list"]),
    help="A situation to practise with: docs/practice.md.",
)
def sample_api(*, port: int, is_signed: bool, play: str | None) -> None:
    """Serve a small made-up catalogue with the real API's paging, errors and lookups.

    \b
    image-sync sample-api --port 8080
    curl 'http://127.0.0.1:8080/v1/0123456789abcdef0123456789abcdef/images?type=BUILD_IN'

    It runs until it is interrupted. A source with `endpoint = "sample:"` needs no server: the sync
    starts its own.
    """
    from etl.sample import PLAYS, SampleApi, generation, workspaces

    images = generation(1)
    arguments: dict[str, Any] = {"images": images}
    if is_signed:
        arguments["access_key"] = _access_key()
    if play:
        arguments |= PLAYS[play](images)
    try:
        api = SampleApi(workspaces=workspaces(), port=port, **arguments)
    except OSError as error:
        raise UsageError(f"{error.strerror}: cannot listen on port {port}") from None
    with api:
        click.echo(f"serving the sample ModelArts API at {api.url}; Ctrl-C stops it")
        threading.Event().wait()


def _access_key() -> AccessKey:
    from etl.sample import AccessKey

    access, secret = (os.environ.get(name, "") for name in _KEY_VARIABLES)
    if not (access and secret):
        hint = f"set ${' and $'.join(_KEY_VARIABLES)}"
        raise UsageError("--signed requires an access key", hint=hint)
    return AccessKey(access, secret)
