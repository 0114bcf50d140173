"""`verify`: does the ledger add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import source_option

if TYPE_CHECKING:
    from etl.audit.verify import Head


@click.command(short_help="Recompute the ledger's digests and invariants.")
@click.option("--since", metavar="TIME|RUN", help="Only what runs from then on wrote.")
@source_option
@pass_cli
def verify(cli: CliContext, sources: tuple[str, ...], *, since: str | None) -> None:
    """Recompute the ledger's digests and invariants from the tables alone.

    Exit code 41: the record is inconsistent; the first run and row are named.

    \b
    image-sync verify
    image-sync verify --since 7d
    """
    from etl.audit.known_names import require_sources
    from etl.audit.time_args import since_or_run
    from etl.audit.verify import verify as recompute

    after = since_or_run(since, now=cli.clock()) if since is not None else None
    with cli.reader() as connection:
        with connection.begin():
            require_sources(connection, sources, configured=cli.record_settings.source_names)
        heads = recompute(connection, since=after, sources=sources)
    for each in heads:
        click.echo(head_line(each))
    if not heads and not cli.is_quiet:
        click.echo("image-sync: nothing on record yet", err=True)


def head_line(head: Head) -> str:
    """The end of a source's chain in one line."""
    from etl.text import count_text, printable

    told = f"{count_text(head.runs, 'run')}, {head.present:,} images present"
    return f"{printable(head.source)}  run {head.run_id}  ({told})"
