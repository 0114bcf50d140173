"""Commands that set up and maintain: `check`, `probe`, `sources`, `db`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.main import Group
from etl.cli.options import (
    DECISION_OPTIONS,
    DecisionOptions,
    gathered,
    output_option,
    require_text,
    shard_option,
    source_names,
    source_option,
)
from etl.cli.output import print_json, print_result, print_rows
from etl.errors import PARTIAL
from etl.text import count_text, printable

if TYPE_CHECKING:
    from etl.cli.results import ListedSource
    from etl.config import SourceSettings
    from etl.model import Outcome
    from etl.sync_options import Shard

_SOURCE_COLUMNS: Final = ("name", "region", "project_id", "types", "workspaces", "endpoint")


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

    findings, cli.exit_code = check(cli.settings, source_names=sources, notifies=notifies)
    if output == "json":
        print_json(findings)
        return cli.exit_code
    for each in findings:
        if each.status != "ok" or not cli.is_quiet:
            line = f"{each.status:<8}{each.place}: {cli.with_options(each.message)}"
            click.echo(printable(line), err=cli.is_quiet)
    return cli.exit_code


@click.command(short_help="Find out how a source's endpoint pages and sorts.")
@click.argument("source", shell_complete=source_names)
@output_option
@pass_cli
def probe(cli: CliContext, source: str, *, output: str) -> None:
    """Find out how SOURCE's endpoint pages: limit cap, offset unit, sort keys.

    \b
    image-sync probe beijing
    """
    from etl.maintenance.check import probe_source

    traits = probe_source(cli.settings, source)
    width = max(len(each.name) for each in traits)
    lines = [
        f"{each.name:<{width}}  {each.value}{f'  → {each.advice}' if each.advice else ''}"
        for each in traits
    ]
    print_result(cli, traits, "\n".join(map(printable, lines)), output=output)


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
    from etl.audit.query import Rows
    from etl.sources.selection import find_sources

    found, failed = find_sources(cli.settings, sources, shard=shard)
    cli.exit_code = report_failed(cli, failed)
    if output == "json":
        print_json([_as_struct(each) for each in found])
    else:
        print_rows(cli, Rows(_SOURCE_COLUMNS, map(_row, found)))
    return cli.exit_code


@sources.command(short_help="Take a source that is no longer read out of the catalogue.")
@click.argument("name", callback=require_text)
@gathered(DecisionOptions, DECISION_OPTIONS, name="decision")
@output_option
@pass_cli
def retire(cli: CliContext, name: str, *, decision: DecisionOptions, output: str) -> int:
    """Retire the source NAME after it was renamed or removed from the configuration.

    Its images become `out_of_scope`, its held removals are discarded, and it no longer counts as
    stale. Nothing is deleted. If a source of this name is configured again, its images return.

    \b
    image-sync sources retire beijing --reason "the project is now the source beijing-4"
    """
    from etl.cli.sync import decide
    from etl.maintenance.decisions import retire

    return decide(cli, "retire", partial(retire, cli.settings, name), decision, output)


def report_failed(cli: CliContext, failed: Sequence[Outcome]) -> int:
    """Reports failed discoveries and returns the exit code for them."""
    for each in failed:
        message = f"{each.name}: {each.error_message}"
        cli.report(message, event="discovery failed", exit_code=PARTIAL)
    return PARTIAL if failed else 0


def _as_struct(source: SourceSettings) -> ListedSource:
    from etl.cli.results import ListedSource
    from etl.sync_options import shard_key

    own: dict[str, Any] = {"auth_method": source.auth.method, "shard_key": shard_key(source.name)}
    settings = {name: getattr(source, name, None) for name in ListedSource.__struct_fields__}
    return ListedSource(**{**settings, **own})


def _row(source: SourceSettings) -> tuple[str, ...]:
    values = (getattr(source, column) for column in _SOURCE_COLUMNS)
    return tuple(" ".join(value) if isinstance(value, tuple) else value for value in values)


@click.group(cls=Group, short_help="Manage the database: upgrade, current, check, downgrade, copy.")
def db() -> None:
    """Manage the schema of the database, and copy the record into another database.

    \b
    image-sync db current       the revision of the schema, and that of this program
    image-sync db check         exit code 21 if the schema is not that of this program
    image-sync db upgrade       upgrade the schema to this program
    image-sync db copy URL      copy the whole record into another database
    """


@db.command(short_help="Upgrade the schema to the revision that this version needs.")
@click.argument("revision", default="head")
@output_option
@pass_cli
def upgrade(cli: CliContext, revision: str, *, output: str) -> None:
    """Upgrade the schema to REVISION, by default that of this program. The data is kept."""
    from etl.database import migrate
    from etl.database.engine import open_engine

    with cli.engine(open_engine) as engine:
        reached = migrate.upgrade(engine, revision)
    _print_schema(cli, reached, f"the schema is at {reached or 'base'}", output=output)


@db.command(short_help="Print the schema's revision and the one that this version needs.")
@output_option
@pass_cli
def current(cli: CliContext, *, output: str) -> None:
    """Print the schema's revision (`none` if there is none) and the one that this version needs."""
    from etl.database import migrate
    from etl.database.engine import open_reader

    with cli.engine(open_reader) as engine, engine.connect() as connection:
        revision = migrate.current_revision(connection)
    text = f"{revision or 'none'} (this program: {migrate.head()})"
    _print_schema(cli, revision, text, output=output)


@db.command(
    "check", short_help="Exit with 21 if the schema is not the one that this version needs."
)
@output_option
@pass_cli
def check_schema(cli: CliContext, *, output: str) -> None:
    """Check that the schema has the revision of this program and that nobody changed it.

    Views with another definition, and triggers and rules on the tables, could hide or rewrite
    rows. The exit code is then 21.
    """
    from etl.database import migrate
    from etl.database.engine import open_reader
    from etl.errors import SchemaNotAtHead

    with cli.engine(open_reader) as engine, engine.connect() as connection:
        revision = migrate.current_revision(connection)
        try:
            migrate.require_schema(connection)
        except SchemaNotAtHead as error:
            if output == "json":
                _print_schema(cli, revision, "", output=output, problem=error.message)
            raise
    _print_schema(cli, revision, f"the schema is at {revision}", output=output)


@db.command(short_help="Downgrade the schema to an older revision.")
@click.argument("revision", default="-1")
@click.option("--yes", "is_sure", is_flag=True, help="Skip the confirmation.")
@output_option
@pass_cli
def downgrade(cli: CliContext, revision: str, *, is_sure: bool, output: str) -> None:
    """Downgrade the schema to REVISION, by default by one step.

    Objects that newer revisions added are dropped with their data; `base` drops everything.
    The command asks for confirmation on a terminal.
    """
    from etl.database import migrate
    from etl.database.engine import open_existing

    if sys.stdin.isatty() and not is_sure:
        question = f"Downgrade the schema to {revision} and drop what newer revisions added?"
        click.confirm(question, abort=True, err=True)
    with cli.engine(open_existing) as engine:
        reached = migrate.downgrade(engine, revision)
    text = f"the schema was downgraded to {reached or 'base: everything was dropped'}"
    _print_schema(cli, reached, text, output=output)


@db.command(short_help="Copy the whole record into another database.")
@click.argument("url", metavar="URL")
@click.option("--schema", default="", help="The PostgreSQL schema to use there.")
@output_option
@pass_cli
def copy(cli: CliContext, url: str, *, schema: str, output: str) -> None:
    """Copy the whole record into an empty SQLite or PostgreSQL database and verify the copy.

    \b
    PGPASSWORD=… image-sync db copy postgresql+psycopg://image_sync@db.example.com/catalogue

    The copy is a snapshot: it does not contain what syncs write in the meantime. To move to another
    database, stop the cron job first, and change `database.url` afterwards.
    """
    from etl.audit.verify import require_consistent
    from etl.cli.results import CopiedDatabase
    from etl.database import migrate
    from etl.database.engine import open_engine, translated_errors
    from etl.load.record_copy import copy_record

    target = open_engine(url, schema=schema)
    with cli.reader() as source, translated_errors(target):
        migrate.ensure_head(target, auto_upgrade=True)
        with target.connect() as connection:
            copied = copy_record(source, connection)
        for table, rows in copied.items():
            cli.note(f"copied {count_text(rows, 'row')} of {table}", event="rows copied")
        require_consistent(target)
    target.dispose()
    cli.note("the copy was verified", event="copy verified")
    if output == "json":
        print_json(CopiedDatabase(rows=copied))


def _print_schema(
    cli: CliContext, revision: str | None, text: str, *, output: str, problem: str | None = None
) -> None:
    """Prints the state of the schema."""
    from etl.cli.results import SchemaState
    from etl.database.migrate import head

    state = SchemaState(
        revision=revision,
        program_revision=head(),
        current=revision == head() and problem is None,
        problem=problem,
    )
    print_result(cli, state, text, output=output)
