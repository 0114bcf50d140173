"""`db …`: the schema's migrations."""

from __future__ import annotations

import sys

import click

from etl.cli.commands import Group
from etl.cli.context import CliContext, pass_cli


@click.group(cls=Group, short_help="The database: upgrade, current, check, downgrade, copy.")
def database() -> None:
    """Look after the database.

    \b
    image-sync db current       the schema's revision, and this program's
    image-sync db check         exit 21 when they differ
    image-sync db upgrade       bring it to this program's
    image-sync db copy URL      the whole ledger, into another database
    """


@database.command(short_help="Bring the schema to this program's.")
@click.argument("revision", default="head")
@pass_cli
def upgrade(cli: CliContext, revision: str) -> None:
    """Bring the schema to REVISION, by default this program's; the data stays."""
    from etl.database import migrate
    from etl.database.engine import open_engine

    with cli.engine(open_engine) as engine:
        reached = migrate.upgrade(engine, revision)
    _say(cli, "the schema is at", reached or "base")


@database.command(short_help="The schema's revision, and this program's.")
@pass_cli
def current(cli: CliContext) -> None:
    """Print the schema's revision (`none` before the first), and this program's."""
    from etl.database import migrate
    from etl.database.engine import open_reader

    with cli.engine(open_reader) as engine, engine.connect() as connection:
        revision = migrate.current_revision(connection)
    click.echo(f"{revision or 'none'} (this program: {migrate.head()})")


@database.command(short_help="Exit 21 unless the schema is this program's.")
@pass_cli
def check(cli: CliContext) -> None:
    """Say whether the schema is this program's; exit 21 when it is not."""
    from etl.database import migrate
    from etl.database.engine import open_reader

    with cli.engine(open_reader) as engine, engine.connect() as connection:
        migrate.require_schema(connection)
    _say(cli, "the schema is at", migrate.head())


@database.command(short_help="Take the schema back to an older revision.")
@click.argument("revision", default="-1")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@pass_cli
def downgrade(cli: CliContext, revision: str, *, is_sure: bool) -> None:
    """Take the schema back to REVISION, by default one step; `base` drops everything.

    What the older schema has no place for is kept aside until the next upgrade. Asks first on a
    terminal.
    """
    from etl.database import migrate
    from etl.database.engine import open_kept

    if sys.stdin.isatty() and not is_sure:
        loss = " and drop everything" if revision == "base" else ""
        click.confirm(f"Take the schema back to {revision}{loss}?", abort=True)
    with cli.engine(open_kept) as engine:
        reached = migrate.downgrade(engine, revision)
    _say(cli, "the schema was taken back to", reached or "base: everything is dropped")


@database.command(short_help="Copy the whole ledger into another database.")
@click.argument("url", metavar="URL")
@click.option("--schema", default="", help="The PostgreSQL schema to live in there.")
@pass_cli
def copy(cli: CliContext, url: str, *, schema: str) -> None:
    """Copy the whole ledger into the empty database URL, of either kind, and verify it there.

    \b
    PGPASSWORD=… image-sync db copy postgresql+psycopg://image_sync@db.example.com/catalogue

    It copies one state, whatever a sync writes meanwhile; what later runs write is not in the
    copy. To move, stop the cron job first, and change `database.url` behind it.
    """
    from etl.database import migrate
    from etl.database.engine import open_engine, our_errors
    from etl.load.transfer import copy_ledger
    from etl.maintenance.prune import require_consistent

    target = open_engine(url, schema=schema)
    with cli.reader() as source, our_errors(target):
        migrate.ensure_head(target, auto_upgrade=True)
        with target.connect() as connection:
            for table, rows in copy_ledger(source, connection):
                if not cli.is_quiet:
                    click.echo(f"{table:>18}  {rows:>12,} rows", err=True)
        require_consistent(target)
    target.dispose()
    if not cli.is_quiet:
        click.echo("image-sync: the copy was verified", err=True)


def _say(cli: CliContext, what: str, revision: str) -> None:
    if not cli.is_quiet:
        click.echo(f"{what} {revision}")
