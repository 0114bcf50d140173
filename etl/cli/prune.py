"""`prune`: history that is older than what is to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option, source_option, wait_option

if TYPE_CHECKING:
    from etl.maintenance.prune import Pruned


@click.command(short_help="Drop history that is older than what is to be kept.")
@click.option("--keep", required=True, metavar="DURATION", help="How much to keep, such as 400d.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say what would go; write nothing.")
@source_option
@wait_option
@output_option
@pass_cli
def prune(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    keep: str,
    is_dry_run: bool,
    wait_seconds: float,
    output: str,
) -> None:
    """Drop what ended longer ago than DURATION, source by source.

    What goes: versions that were replaced or ended before then, the changes that led to them, run
    rows, released holds, resolved rejects. What stays for ever: every image with its last known
    values, every removal with its evidence and its run, every version that was valid then or
    later, the latest certified run. What is kept is sealed, and `verify` goes on to pass.

    \b
    image-sync prune --keep 400d --dry-run     what would go
    image-sync prune --keep 400d
    """
    from etl.audit.time_args import duration
    from etl.database.engine import open_kept
    from etl.database.migrate import ensure_head
    from etl.maintenance.prune import prune

    now = cli.clock()
    with cli.engine(open_kept) as engine:
        ensure_head(engine, auto_upgrade=cli.record_settings.database.auto_upgrade)
        pruned = list(
            prune(
                engine,
                before=now - duration(keep),
                now=now,
                sources=sources,
                is_dry_run=is_dry_run,
                wait_seconds=wait_seconds,
            )
        )
    if output == "json":
        click.echo(_as_json(pruned, is_dry_run=is_dry_run))
    elif not cli.is_quiet:
        for line in map(_line, pruned):
            click.echo(line)
        if is_dry_run:
            click.echo("Nothing was written. Runs that no source then needs would go, too.")


def _line(pruned: Pruned) -> str:
    from etl.text import printable

    counts = ", ".join(f"{table} {rows:,}" for table, rows in pruned.counts.items() if rows)
    if pruned.source and pruned.checkpoint is None:
        return f"{printable(pruned.source)}: nothing is that old"
    if pruned.checkpoint is None:
        return f"runs that no source needs: {counts or 'none'}"
    last = f"run {pruned.checkpoint.run_id}, {pruned.checkpoint.observed_at:%Y-%m-%d %H:%M}Z"
    return f"{printable(pruned.source)}: up to {last}: {counts or 'no rows'}"


def _as_json(pruned: list[Pruned], *, is_dry_run: bool) -> str:
    from msgspec import json

    told = [
        {
            "source": each.source or None,
            "run_id": each.checkpoint and each.checkpoint.run_id,
            "observed_at": each.checkpoint and each.checkpoint.observed_at,
            "rows": each.counts,
        }
        for each in pruned
    ]
    return json.encode({"dry_run": is_dry_run, "pruned": told}).decode()
