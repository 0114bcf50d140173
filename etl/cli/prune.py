"""`prune`: drop old history, and erase who removed images."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option, source_option, wait_option
from etl.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from etl.cli.results import PrunedSource, PruneResult
    from etl.maintenance.prune import Pruned


@click.command(short_help="Drop old history, sealed by an entry of the log.")
@click.option("--keep", metavar="DURATION", help="How much to keep: 400d or 52w; at least 1d.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be dropped.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask, even on a terminal.")
@click.option(
    "--forget-actors",
    "forgets_actors",
    is_flag=True,
    help="Erase who removed images (names, addresses and trace ids).",
)
@source_option
@wait_option
@output_option
@pass_cli
def prune(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    keep: str | None,
    is_dry_run: bool,
    is_confirmed: bool,
    forgets_actors: bool,
    wait_seconds: float,
    output: str,
) -> None:
    """Drop what ended longer ago than DURATION, source by source.

    Dropped: versions that were replaced, the changes that led to them, rows of runs, released
    holds, resolved rejects. Kept forever: every image with its last known values, every removal
    with its evidence and its run, every version that was valid then or later, and the hash of every
    log entry. The record is verified first: if it is inconsistent, nothing is dropped (exit code
    41). What is kept is sealed by a new entry of the log.

    \b
    image-sync prune --keep 400d --dry-run     what would be dropped
    image-sync prune --keep 400d
    image-sync prune --forget-actors
    """
    from etl.cli.output import print_json

    if (keep is None) != forgets_actors:
        raise UsageError("give either --keep DURATION or --forget-actors")
    kept = _duration(keep) if keep else None
    if not is_dry_run and not is_confirmed and sys.stdin.isatty():
        what = f"history older than {keep}" if keep else "who removed images"
        click.confirm(f"Delete {what} permanently?", abort=True, err=True)
    result = _pruned(cli, sources, kept, is_dry_run=is_dry_run, wait_seconds=wait_seconds)
    if output == "json":
        print_json(result)
    elif not cli.is_quiet:
        for line in map(_line, result.pruned):
            click.echo(line)
        if forgets_actors:
            click.echo(f"erased who removed an image: {result.forgotten:,} removals")
        if is_dry_run:
            click.echo("Nothing was written.")


def _pruned(
    cli: CliContext,
    sources: tuple[str, ...],
    kept: timedelta | None,
    *,
    is_dry_run: bool,
    wait_seconds: float,
) -> PruneResult:
    """Prune history (`kept`: how much stays), or erase who removed images (None)."""
    from etl.cli.results import PruneResult
    from etl.database.engine import open_kept
    from etl.database.migrate import ensure_head
    from etl.maintenance.prune import forget, prune

    now = cli.clock()
    with cli.engine(open_kept) as engine:
        ensure_head(engine, auto_upgrade=cli.proof_settings.database.auto_upgrade)
        if kept is None:
            forgotten = 0 if is_dry_run else forget(engine)
            return PruneResult(dry_run=is_dry_run, pruned=[], forgotten=forgotten)
        pruned = [
            *prune(
                engine,
                before=now - kept,
                now=now,
                sources=sources,
                is_dry_run=is_dry_run,
                wait_seconds=wait_seconds,
            )
        ]
        if any(each.cut for each in pruned) and not is_dry_run:
            _publish(cli, engine)
    return PruneResult(dry_run=is_dry_run, pruned=[*map(_source, pruned)], forgotten=0)


def _duration(keep: str) -> timedelta:
    """At least a day, so that a slip of the unit cannot drop nearly everything."""
    from datetime import timedelta

    from etl.audit.time_args import duration

    kept = duration(keep)
    if kept < timedelta(days=1):
        raise UsageError(f"--keep {keep}: expected at least one day, for example 400d or 52w")
    return kept


def _publish(cli: CliContext, engine: Engine) -> None:
    """Publish the entries that seal what was kept."""
    from etl.publish import publish_checkpoint

    settings = cli.proof_settings
    publish_checkpoint(engine, settings.proof, http=settings.http, now=cli.clock())


def _source(pruned: Pruned) -> PrunedSource:
    from etl.cli.results import PrunedSource
    from etl.clock import instant_text

    cut = pruned.cut
    return PrunedSource(
        source=pruned.source,
        run_id=cut.run_id if cut else None,
        observed_at=instant_text(cut.observed_at) if cut else None,
        rows=pruned.counts,
    )


def _line(pruned: PrunedSource) -> str:
    from etl.text import printable

    source = printable(pruned.source)
    if pruned.run_id is None or pruned.observed_at is None:
        return f"{source}: nothing is that old"
    counts = ", ".join(f"{table} {rows:,}" for table, rows in pruned.rows.items() if rows)
    last = f"run {pruned.run_id}, {pruned.observed_at[:16].replace('T', ' ')}Z"
    return f"{source}: up to {last}: {counts or 'no rows'}"
