"""`verify`: does the ledger add up?"""

from __future__ import annotations

import click

from etl.cli.options import source_option
from etl.cli.session import Session, pass_session


@click.command(short_help="Recompute the ledger's digests and invariants.")
@click.option("--since", metavar="TIME|RUN", help="Only what runs from then on wrote.")
@click.option("--head", default="", metavar="DIGEST", help="A digest noted elsewhere, to be found.")
@source_option
@pass_session
def verify(session: Session, sources: tuple[str, ...], *, since: str | None, head: str) -> None:
    """Recompute the ledger's digests and invariants from the tables alone.

    Prints the head of each source's chain: note it elsewhere, and `--head` shows later that the
    history up to there is the same. Exit code 41: the ledger does not add up; the first run and
    row that do not are named.

    \b
    image-sync verify
    image-sync verify --since 7d
    image-sync verify --head 4f0c…
    """
    from etl.audit.times import instant_or_run
    from etl.audit.verify import verify as recompute
    from etl.printable import printable

    after = instant_or_run(since, now=session.clock()) if since else None
    with session.reader() as connection:
        heads = recompute(connection, since=after, head=head, sources=sources)
    for each in heads:
        runs = f"{each.runs:,} run{'' if each.runs == 1 else 's'}"
        told = f"{runs}, {each.present:,} images present"
        click.echo(f"{each.digest}  {printable(each.source)}  run {each.run_id}  ({told})")
    if not heads and not session.is_quiet:
        click.echo("image-sync: nothing on record yet", err=True)
