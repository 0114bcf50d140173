"""`db …`: the schema's migrations."""

from __future__ import annotations

import sys

import click

from etl.cli.group import Group
from etl.cli.session import Session, pass_session


@click.group(cls=Group, short_help="The database's schema: upgrade, current, check, downgrade.")
def database() -> None:
    """Look after the database's schema.

    \b
    image-sync db current       the schema's revision, and this program's
    image-sync db check         exit 21 when they differ
    image-sync db upgrade       bring it to this program's
    """


@database.command(short_help="Bring the schema to this program's.")
@click.argument("revision", default="head")
@pass_session
def upgrade(session: Session, revision: str) -> None:
    """Bring the schema to REVISION, by default this program's; the data stays."""
    from etl.database import migrate

    with session.engine() as engine:
        migrate.upgrade(engine, revision)
    _say(session, "the schema is at", revision if revision != "head" else migrate.HEAD)


@database.command(short_help="The schema's revision, and this program's.")
@pass_session
def current(session: Session) -> None:
    """Print the schema's revision (`none` before the first), and this program's."""
    from etl.database import migrate

    with session.engine(is_reading=True) as engine, engine.connect() as connection:
        revision = migrate.current_revision(connection)
    click.echo(f"{revision or 'none'} (this program: {migrate.HEAD})")


@database.command(short_help="Exit 21 unless the schema is this program's.")
@pass_session
def check(session: Session) -> None:
    """Say whether the schema is this program's; exit 21 when it is not."""
    from etl.database import migrate

    with session.engine(is_reading=True) as engine:
        migrate.require_head(engine)
    _say(session, "the schema is at", migrate.HEAD)


@database.command(short_help="Take the schema back to an older revision.")
@click.argument("revision", default="-1")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@pass_session
def downgrade(session: Session, revision: str, *, is_sure: bool) -> None:
    """Take the schema back to REVISION, by default one step; `base` drops everything.

    What only the newer schema can hold is lost. Asks first on a terminal.
    """
    from etl.database import migrate

    if sys.stdin.isatty() and not is_sure:
        click.confirm(
            f"Take the schema back to {revision}, and lose what it can't hold?", abort=True
        )
    with session.engine() as engine:
        migrate.downgrade(engine, revision)
    _say(session, "the schema was taken back to", revision)


def _say(session: Session, what: str, revision: str) -> None:
    if not session.is_quiet:
        click.echo(f"{what} {revision}")
