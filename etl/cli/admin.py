"""Commands that set the program up and look after it: configuration, checks, sources, sample."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from etl.cli.commands import Group, program
from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option, shard_option, source_names, source_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import SourceSettings
    from etl.model import Outcome
    from etl.sample import AccessKey
    from etl.shard import Shard

PARTIAL: Final = 3
_SHOWN: Final = ("name", "region", "project_id", "types", "workspaces", "endpoint")


@click.command(short_help="The sources, and what each reads; never a secret.")
@source_option
@shard_option
@output_option
@pass_cli
def sources(cli: CliContext, sources: tuple[str, ...], *, shard: Shard | None, output: str) -> int:
    """List the sources: where each is read and what of it. No secret is told.

    Projects are discovered anew (`[[discover]]`); exit code 3 when that fails, with those known.

    \b
    image-sync sources
    image-sync sources --shard 2/3             what `sync --shard 2/3` would read
    image-sync sources --output json           for a scheduler that makes a task of each
    """
    from etl.audit.query import Rows
    from etl.cli.output import print_rows
    from etl.sources.select import find_sources
    from etl.text import printable_json

    found, failed = find_sources(cli.settings, sources, shard=shard)
    cli.exit_code = tell_failed(cli, failed)
    told = [_told(each) for each in found]
    if output == "json":
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return cli.exit_code
    rows = (tuple(map(_words, each.values())) for each in told)
    columns = tuple(told[0]) if told else _SHOWN
    print_rows(cli, Rows(columns, rows, _SHOWN))
    return cli.exit_code


def tell_failed(cli: CliContext, failed: Sequence[Outcome]) -> int:
    """Says which discoveries failed; the exit code for that."""
    from etl.text import printable

    for each in failed:
        told = f"{each.name}: {each.error_message}"
        cli.tell(printable(told), exit_code=PARTIAL)
    return PARTIAL if failed else 0


def _told(source: SourceSettings) -> dict[str, Any]:
    """What a scheduler needs to know of a source, and a person to recognise it."""
    from etl.shard import shard_key

    return {
        "name": source.name,
        "endpoint": source.endpoint,
        "region": source.region,
        "project_id": source.project_id,
        "types": list(source.types),
        "workspaces": list(source.workspaces),
        "namespace": source.namespace,
        "name_filter": source.name_filter,
        "name_fuzzy": source.name_fuzzy,
        "service_type": source.service_type,
        "auth_method": source.auth.method,
        "shard_key": shard_key(source.name),
    }


def _words(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


@click.command(short_help="Configuration, database, credentials and API of each source.")
@source_option
@output_option
@pass_cli
def check(cli: CliContext, sources: tuple[str, ...], *, output: str) -> int:
    """Check what a sync needs: configuration, database, credentials and API. Writes nothing.

    \b
    image-sync check
    image-sync check --source beijing --output json
    """
    from etl.maintenance.check import check
    from etl.text import printable, printable_json

    findings, cli.exit_code = check(cli.settings, source_names=sources)
    if output == "json":
        told = [dataclasses.asdict(each) for each in findings]
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return cli.exit_code
    for each in findings:
        if each.is_well and cli.is_quiet:
            continue
        line = f"{'ok' if each.is_well else 'FAILED':<7}{each.place}: {each.told}"
        click.echo(printable(line), err=cli.is_quiet)
    return cli.exit_code


@click.command(short_help="Find out how a source's endpoint pages, sorts and answers.")
@click.argument("source", shell_complete=source_names)
@output_option
@pass_cli
def probe(cli: CliContext, source: str, *, output: str) -> None:
    """Find out how SOURCE's endpoint pages: cap of limit, offsets, sort keys, lookups, clock.

    \b
    image-sync probe beijing
    """
    from etl.maintenance.check import probe_source
    from etl.text import printable, printable_json

    traits = probe_source(cli.settings, source)
    if output == "json":
        told = [dataclasses.asdict(each) for each in traits]
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return
    width = max(len(each.name) for each in traits)
    for each in traits:
        advice = f"  → {each.advice}" if each.advice else ""
        click.echo(printable(f"{each.name:<{width}}  {each.value}{advice}"))


@click.group(cls=Group, short_help="The configuration: show what is in effect, or write a file.")
def config() -> None:
    """Look at the configuration, or begin one.

    \b
    image-sync config init                      write config.toml, every key explained
    image-sync --config prod.toml config show   what is in effect, secrets masked
    """


@config.command(short_help="The effective configuration, secrets masked.")
@click.option(
    "--output",
    type=click.Choice(["toml", "json"]),
    default="toml",
    show_default=True,
    help="As the file is written, or for programs.",
)
@pass_cli
def show(cli: CliContext, *, output: str) -> None:
    """Print the effective configuration: the file, the environment and the defaults."""
    from etl.config import masked
    from etl.config.show import masked_toml
    from etl.text import printable, printable_json

    if output == "json":
        click.echo(printable_json(json.dumps(masked(cli.settings), indent=2)))
        return
    for line in masked_toml(cli.settings).splitlines():
        click.echo(printable(line))


@config.command(short_help="Write a commented configuration file.")
@click.argument("path", required=False)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@pass_cli
def init(cli: CliContext, path: str | None, *, force: bool) -> None:
    """Write a configuration to PATH with every key explained.

    PATH is by default what --config or $IMAGE_SYNC_CONFIG names, or config.toml.

    It works as it is: its source is the built-in sample.
    """
    from etl.config import example_toml, find_config
    from etl.errors import UsageError

    place = find_config(path or cli.config, os.environ) or Path("config.toml")
    try:
        with place.open("w" if force else "x", encoding="utf-8") as file:
            file.write(example_toml())
    except FileExistsError:
        raise UsageError(f"{place} is there already", hint="--force writes over it") from None
    except OSError as error:
        raise UsageError(f"can't write {place}: {error.strerror}") from None
    if not cli.is_quiet:
        program, config = shlex.quote(cli.program), shlex.quote(str(place))
        click.echo(f"wrote {place}; try `{program} --config {config} sync`")


@click.command(short_help="Serve the built-in sample of the ModelArts API on loopback.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8080,
    show_default=True,
    help="On loopback; 0: any free one.",
)
@click.option(
    "--generation",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which state of the made-up catalogue to serve.",
)
@click.option(
    "--signed",
    "is_signed",
    is_flag=True,
    help="Let in only who signs with $HUAWEICLOUD_SDK_AK and $HUAWEICLOUD_SDK_SK.",
)
@click.option(
    "--play",
    type=click.Choice(["mass-removal", "refused-key", "changing-list"]),
    help="A situation to practise with: docs/practice.md.",
)
def sample_api(*, port: int, generation: int, is_signed: bool, play: str | None) -> None:
    """Serve a small made-up catalogue with the real API's paging, errors and lookups.

    \b
    image-sync sample-api --port 8080
    curl 'http://127.0.0.1:8080/v1/0123456789abcdef0123456789abcdef/images?type=BUILD_IN'

    Runs until it is interrupted. Port 0: any free one. A source with `endpoint = "sample:"` needs
    no server: the sync starts its own.
    """
    from etl.errors import UsageError
    from etl.sample import PLAYS, SampleApi, workspaces
    from etl.sample import generation as images_of

    images = images_of(generation)
    access_key = _key_pair() if is_signed else None
    arguments: dict[str, Any] = {"images": images, "access_key": access_key}
    if play:
        arguments |= PLAYS[play](images)
    try:
        api = SampleApi(workspaces=workspaces(), port=port, **arguments)
    except OSError as error:
        raise UsageError(f"can't serve on port {port}: {error.strerror}") from None
    with api:
        click.echo(f"serving the sample ModelArts API at {api.url}  (Ctrl-C ends it)")
        threading.Event().wait()


def _key_pair() -> AccessKey:
    from etl.errors import UsageError
    from etl.sample import AccessKey

    names = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
    access, secret = (os.environ.get(name, "") for name in names)
    if not (access and secret):
        raise UsageError(f"--signed: set {names[0]} and {names[1]} in the environment")
    return AccessKey(access, secret)


_SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(short_help="The script that lets your shell complete commands and names.")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and names with the Tab key.

    In ~/.bashrc or ~/.zshrc, with the shell's name; for fish, as a file in
    ~/.config/fish/completions/:

    \b
    eval "$(image-sync completion bash)"
    image-sync completion fish > image-sync.fish
    """
    asked = _SHELLS[shell](program, {}, "image-sync", "_IMAGE_SYNC_COMPLETE")
    # Past bash's own `source`, which runs the bash that is on PATH to ask for its age.
    click.echo(ShellComplete.source(asked))
