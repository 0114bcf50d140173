"""`verify`: does the ledger add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import source_option
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.audit.verify import Head


@click.command(short_help="Recompute the ledger's digests and invariants.")
@click.option("--since", metavar="TIME|RUN", help="Only what runs from then on wrote.")
@click.option("--head", metavar="DIGEST", help="A digest noted elsewhere, to be found.")
@source_option
@pass_cli
def verify(
    cli: CliContext, sources: tuple[str, ...], *, since: str | None, head: str | None
) -> None:
    """Recompute the ledger's digests and invariants from the tables alone.

    Prints the head of each source's chain: note it elsewhere, and `--head` shows later that the
    history up to there is the same. Exit code 41: the ledger does not add up; the first run and
    row that do not are named.

    \b
    image-sync verify
    image-sync verify --since 7d
    image-sync verify --head 4f0c…
    """
    from etl.audit.known_names import require_sources
    from etl.audit.time_args import since_or_run
    from etl.audit.verify import verify as recompute

    after = since_or_run(since, now=cli.clock()) if since is not None else None
    if head is not None and not head.strip():
        raise UsageError("--head is empty", hint="a digest that `verify` printed before")
    with cli.reader() as connection:
        with connection.begin():
            require_sources(connection, sources, configured=cli.reading.source_names)
        heads = recompute(connection, since=after, head=head or "", sources=sources)
    for each in heads:
        click.echo(head_line(each))
    if not heads and not cli.is_quiet:
        click.echo("image-sync: nothing on record yet", err=True)


def head_line(head: Head) -> str:
    """The end of a source's chain in one line, its digest first."""
    from etl.text import count_text, printable

    told = f"{count_text(head.runs, 'run')}, {head.present:,} images present"
    return f"{head.digest}  {printable(head.source)}  run {head.run_id}  ({told})"
