"""`export`: a whole relation as a file."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.names import relation_names
from etl.cli.session import Session, pass_session


@click.command(short_help="A whole relation as CSV, JSON Lines or Parquet.")
@click.argument(
    "file", metavar="FILE.(csv|jsonl|parquet)", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--relation",
    default="images",
    show_default=True,
    metavar="NAME",
    shell_complete=relation_names,
    help="What to write.",
)
@click.option("--as-of", metavar="TIME", help="As it was at TIME, instead of now.")
@pass_session
def export(session: Session, file: Path, *, relation: str, as_of: str | None) -> None:
    """Write a whole relation to FILE, whose ending says the format.

    Images as they were at a time have the columns of image_versions.

    \b
    image-sync export images.csv
    image-sync export history.parquet --relation image_versions
    image-sync export then.jsonl --as-of 2026-11-01
    """
    from etl.audit.export import export as write
    from etl.audit.time_args import instant

    at = instant(as_of, now=session.clock()) if as_of is not None else None
    with session.reader() as connection:
        count = write(connection, file, relation=relation, as_of=at)
    if not session.is_quiet:
        click.echo(f"image-sync: {file}: {count:,} rows of {relation}", err=True)
