"""Commands that set the program up and look after it: configuration, checks, sources, sample."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

import etl
from etl.cli.commands import Group, program
from etl.cli.context import CliContext, pass_cli
from etl.cli.options import (
    AUTHORSHIP,
    Authorship,
    as_text,
    gathered,
    output_option,
    shard_option,
    source_names,
    source_option,
)
from etl.cli.output import print_json

if TYPE_CHECKING:
    from etl.cli.results import ListedSource
    from etl.config import SourceSettings
    from etl.model import Outcome
    from etl.shard import Shard

PARTIAL: Final = 3
CONFIG_SCHEMA: Final = Path(etl.__file__).parent / "schemas" / "configuration.json"
_OWNER_ONLY: Final = 0o600
_COLUMNS: Final = ("name", "region", "project_id", "types", "workspaces", "endpoint")
_SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(short_help="Test everything a sync needs; writes nothing.")
@source_option
@click.option(
    "--notify", "notifies", is_flag=True, help="Send a test to each notification channel."
)
@output_option
@pass_cli
def check(cli: CliContext, sources: tuple[str, ...], *, notifies: bool, output: str) -> int:
    """Test what a sync needs: configuration, database, credentials, API and clock.

    The database is tested with a transaction that is rolled back.

    \b
    image-sync check
    image-sync check --source beijing --output json
    image-sync check --notify                  also metrics file, Pushgateway, ping and webhook
    """
    from etl.maintenance.check import check
    from etl.text import printable

    findings, cli.exit_code = check(cli.settings, source_names=sources, notifies=notifies)
    if output == "json":
        print_json(findings)
        return cli.exit_code
    for each in findings:
        if each.status == "ok" and cli.is_quiet:
            continue
        line = f"{each.status:<8}{each.place}: {cli.with_options(each.message)}"
        click.echo(printable(line), err=cli.is_quiet)
    return cli.exit_code


@click.command(short_help="Find out how a source's endpoint pages and sorts.")
@click.argument("source", shell_complete=source_names)
@output_option
@pass_cli
def probe(cli: CliContext, source: str, *, output: str) -> None:
    """Find out how SOURCE's endpoint pages: limit cap, offset unit, sort keys, lookups, clock.

    \b
    image-sync probe beijing
    """
    from etl.maintenance.check import probe_source
    from etl.text import printable

    traits = probe_source(cli.settings, source)
    if output == "json":
        print_json(traits)
        return
    width = max(len(each.name) for each in traits)
    for each in traits:
        advice = f"  → {each.advice}" if each.advice else ""
        click.echo(printable(f"{each.name:<{width}}  {each.value}{advice}"))


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
    from etl.text import printable

    if output == "json":
        print_json(masked(cli.settings))
        return
    for line in masked_toml(cli.settings).splitlines():
        click.echo(printable(line))


@config.command(short_help="Write a commented configuration file.")
@click.argument("path", required=False)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@pass_cli
def init(cli: CliContext, path: str | None, *, force: bool) -> None:
    """Write a configuration to PATH with every key explained.

    PATH defaults to --config, then $IMAGE_SYNC_CONFIG, then config.toml. The file works
    unchanged: its source is the built-in sample. Only its owner can read it.
    """
    from etl.config import find_config
    from etl.config.render import example_toml
    from etl.errors import UsageError

    place = find_config(path or cli.config, os.environ) or Path("config.toml")
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with open(os.open(place, flags, _OWNER_ONLY), "w", encoding="utf-8") as file:
            file.write(example_toml(str(CONFIG_SCHEMA)))
    except FileExistsError:
        raise UsageError(f"{place} exists already", hint="--force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{error.strerror}: cannot write {place}") from None
    if not cli.is_quiet:
        command, config = shlex.quote(cli.program), shlex.quote(str(place))
        click.echo(f"wrote {place}; try `{command} --config {config} sync`")


@config.command(short_help="Print the JSON Schema of the configuration.")
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors and validators.

    \b
    image-sync config schema > config.schema.json
    """
    from etl.config.render import json_schema

    print_json(json_schema())


@click.group(
    cls=Group,
    invoke_without_command=True,
    short_help="List the sources and what each reads, or retire one.",
)
@source_option
@shard_option
@output_option
@pass_cli
@click.pass_context
def sources(
    context: click.Context,
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    shard: Shard | None,
    output: str,
) -> int:
    """List the sources, including discovered ones; secrets are not shown.

    Projects of `[[discover]]` are looked up. If that fails, the known ones are listed and the exit
    code is 3.

    \b
    image-sync sources
    image-sync sources --shard 2/3             what `sync --shard 2/3` reads
    image-sync sources --output json           for a scheduler that makes a task of each
    image-sync sources retire beijing          after its [[source]] was removed
    """
    if context.invoked_subcommand:
        return 0
    return _list_sources(cli, sources, shard=shard, output=output)


def _list_sources(
    cli: CliContext, names: tuple[str, ...], *, shard: Shard | None, output: str
) -> int:
    from etl.audit.query import Rows
    from etl.cli.output import print_rows
    from etl.sources.select import find_sources

    found, failed = find_sources(cli.settings, names, shard=shard)
    cli.exit_code = report_failed(cli, failed)
    items = [_listed(each) for each in found]
    if output == "json":
        print_json(items)
        return cli.exit_code
    rows = (tuple(_cell(getattr(each, column)) for column in _COLUMNS) for each in items)
    print_rows(cli, Rows(_COLUMNS, rows))
    return cli.exit_code


@sources.command(short_help="Take a source that is no longer read out of the catalogue.")
@click.argument("name", callback=as_text)
@gathered(Authorship, AUTHORSHIP)
@pass_cli
def retire(cli: CliContext, name: str, *, given: Authorship) -> int:
    """Retire the source NAME after it was renamed or removed from the configuration.

    Its images become `out_of_scope`, its held removals are discarded, and it is not stale any more.
    Nothing is deleted. If a source of this name is configured again, its images return.

    \b
    image-sync sources retire beijing --reason "the project is now the source beijing-4"
    """
    from etl.cli.sync import show_outcome
    from etl.maintenance.decisions import retire
    from etl.notify.notifier import run_with_notifications

    work = partial(
        retire,
        cli.settings,
        name,
        actor=given.by,
        reason=given.reason,
        wait_seconds=given.wait_seconds,
    )
    outcome = run_with_notifications("retire", cli.settings, work)
    return show_outcome(cli, outcome, output=given.output)


def report_failed(cli: CliContext, failed: Sequence[Outcome]) -> int:
    """Reports failed discoveries and returns the exit code for them."""
    from etl.text import printable

    for each in failed:
        message = printable(f"{each.name}: {each.error_message}")
        cli.report(message, event="discovery failed", exit_code=PARTIAL)
    return PARTIAL if failed else 0


def _listed(source: SourceSettings) -> ListedSource:
    from etl.cli.results import ListedSource
    from etl.shard import shard_key

    return ListedSource(
        name=source.name,
        endpoint=source.endpoint,
        region=source.region,
        project_id=source.project_id,
        types=list(source.types),
        workspaces=list(source.workspaces),
        namespace=source.namespace,
        name_filter=source.name_filter,
        name_fuzzy=source.name_fuzzy,
        service_type=source.service_type,
        auth_method=source.auth.method,
        shard_key=shard_key(source.name),
    )


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


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
