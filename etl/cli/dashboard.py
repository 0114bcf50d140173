"""`dashboard`: the record at a glance, as one page."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.session import Session, pass_session


@click.command(short_help="One self-contained page: what is there, what changed, what waits.")
@click.argument("file", metavar="FILE.html", type=click.Path(dir_okay=False, path_type=Path))
@pass_session
def dashboard(session: Session, file: Path) -> None:
    """Write one self-contained page: what is there, what changed, what was removed and how it is
    known, what waits for a decision.

    \b
    image-sync dashboard monday.html
    """
    from etl.audit.dashboard import write_dashboard

    with session.reader() as connection:
        facts = write_dashboard(connection, file, now=session.clock())
    if not session.is_quiet:
        click.echo(f"image-sync: {file}: {facts.states['present']:,} images", err=True)
