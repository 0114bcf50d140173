"""`db …`: the schema of the database, and a copy of the whole record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from etl.cli.commands import Group
from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option

if TYPE_CHECKING:
    from etl.cli.results import SchemaState


@click.group(cls=Group, short_help="Manage the database: upgrade, current, check, downgrade, copy.")
def database() -> None:
    """Manage the schema of the database, and copy the record into another database.

    \b
    image-sync db current       the revision of the schema, and that of this program
    image-sync db check         exit code 21 if the schema is not that of this program
    image-sync db upgrade       upgrade the schema to this program
    image-sync db copy URL      copy the whole record into another database
    """


@database.command(short_help="Upgrade the schema to this program.")
@click.argument("revision", default="head")
@output_option
@pass_cli
def upgrade(cli: CliContext, revision: str, *, output: str) -> None:
    """Upgrade the schema to REVISION, by default that of this program. The data is kept."""
    from etl.database import migrate
    from etl.database.engine import open_engine

    with cli.engine(open_engine) as engine:
        reached = migrate.upgrade(engine, revision)
    _print(cli, _state(reached), output, f"the schema is at {reached or 'base'}")


@database.command(short_help="Print the revision of the schema, and that of this program.")
@output_option
@pass_cli
def current(cli: CliContext, *, output: str) -> None:
    """Print the revision of the schema (`none` if there is none), and that of this program."""
    from etl.cli.output import print_json
    from etl.database import migrate
    from etl.database.engine import open_reader

    with cli.engine(open_reader) as engine, engine.connect() as connection:
        revision = migrate.current_revision(connection)
    if output == "json":
        print_json(_state(revision))
    else:
        click.echo(f"{revision or 'none'} (this program: {migrate.head()})")


@database.command(short_help="Check the schema: exit code 21 if it is not that of this program.")
@output_option
@pass_cli
def check(cli: CliContext, *, output: str) -> None:
    """Check that the schema has the revision of this program and that nobody changed it.

    Views with another definition, and triggers and rules on the tables, could hide or rewrite
    rows. The exit code is then 21.
    """
    from etl.cli.output import print_json
    from etl.database import migrate
    from etl.database.engine import open_reader
    from etl.errors import SchemaNotAtHead

    revision = None
    with cli.engine(open_reader) as engine, engine.connect() as connection:
        try:
            revision = migrate.current_revision(connection)
            migrate.require_schema(connection)
        except SchemaNotAtHead as error:
            if output == "json":
                print_json(_state(revision, problem=error.message))
            raise
    _print(cli, _state(revision), output, f"the schema is at {revision}")


@database.command(short_help="Downgrade the schema to an older revision.")
@click.argument("revision", default="-1")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@output_option
@pass_cli
def downgrade(cli: CliContext, revision: str, *, is_sure: bool, output: str) -> None:
    """Downgrade the schema to REVISION, by default by one step; `base` drops everything.

    On a terminal, it asks first.
    """
    from etl.database import migrate
    from etl.database.engine import open_kept

    if sys.stdin.isatty() and not is_sure:
        loss = " and drop everything" if revision == "base" else ""
        click.confirm(f"Downgrade the schema to {revision}{loss}?", abort=True, err=True)
    with cli.engine(open_kept) as engine:
        reached = migrate.downgrade(engine, revision)
    result = f"the schema was downgraded to {reached or 'base: everything was dropped'}"
    _print(cli, _state(reached), output, result)


@database.command(short_help="Copy the whole record into another database.")
@click.argument("url", metavar="URL")
@click.option("--schema", default="", help="The PostgreSQL schema to use there.")
@output_option
@pass_cli
def copy(cli: CliContext, url: str, *, schema: str, output: str) -> None:
    """Copy the whole record into the empty database URL, of either kind, and verify the copy.

    \b
    PGPASSWORD=… image-sync db copy postgresql+psycopg://image_sync@db.example.com/catalogue

    The copy is of one moment: what syncs write in the meantime is not in it. To move to another
    database, stop the cron job first, and change `database.url` afterwards.
    """
    from etl.cli.output import note, print_json
    from etl.cli.results import CopiedDatabase
    from etl.database import migrate
    from etl.database.engine import open_engine, our_errors
    from etl.load.copy import copy_record
    from etl.maintenance.prune import require_consistent

    target = open_engine(url, schema=schema)
    with cli.reader() as source, our_errors(target):
        migrate.ensure_head(target, auto_upgrade=True)
        with target.connect() as connection:
            copied = copy_record(source, connection)
        for table, rows in copied.items():
            note(cli, f"copied {rows:,} rows of {table}", event="rows copied")
        require_consistent(target)
    target.dispose()
    note(cli, "the copy was verified", event="copy verified")
    if output == "json":
        print_json(CopiedDatabase(rows=copied))


def _state(revision: str | None, *, problem: str | None = None) -> SchemaState:
    from etl.cli.results import SchemaState
    from etl.database import migrate

    head = migrate.head()
    is_current = revision == head and problem is None
    return SchemaState(
        revision=revision, program_revision=head, current=is_current, problem=problem
    )


def _print(cli: CliContext, state: SchemaState, output: str, text: str) -> None:
    from etl.cli.output import print_json

    if output == "json":
        print_json(state)
    elif not cli.is_quiet:
        click.echo(text)
