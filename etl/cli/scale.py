"""`scale …`: several hosts share the sources out by a queue in the very PostgreSQL database."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from etl.cli.commands import Group
from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option, shard_option, source_option

if TYPE_CHECKING:
    from etl.model import Outcome
    from etl.shard import Shard


@dataclass(frozen=True, slots=True)
class _Ended:
    """What a worker's syncs came to: outcomes, and the exit codes of those that were none."""

    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)


@click.group(cls=Group, short_help="Share the sources out among many hosts, by a queue.")
def scale() -> None:
    """Share the sources out among any number of hosts, by a queue in the PostgreSQL database.

    It needs the extra `scale`: pip install 'modelarts-image-sync[scale]'

    \b
    image-sync scale init              once: the queue's tables
    image-sync scale enqueue           from cron, on one host: a job for each source
    image-sync scale worker -c 4       a service on every host: four sources at once
    """


@scale.command(short_help="Make the queue's tables; again does nothing.")
@pass_cli
def init(cli: CliContext) -> None:
    """Make Procrastinate's tables beside the record's, unless they are there."""
    is_new = _room("queue").make_tables(cli.settings)
    if not cli.is_quiet:
        click.echo("made the queue's tables" if is_new else "the queue's tables are there already")


@scale.command(short_help="A job for each source that has none waiting.")
@source_option
@shard_option
@pass_cli
def enqueue(cli: CliContext, sources: tuple[str, ...], *, shard: Shard | None) -> int:
    """Put a job for each source into the queue of its region, unless one is waiting there.

    \b
    image-sync scale enqueue
    image-sync scale enqueue --source beijing
    """
    from etl.cli.admin import report_failed
    from etl.sources.select import find_sources

    room = _room("queue")
    wanted, failed = find_sources(cli.settings, sources, shard=shard, writes=True)
    done = room.enqueue(cli.settings, wanted)
    if not cli.is_quiet:
        click.echo(f"{len(done.new)} enqueued, {len(done.waiting)} waiting already")
    return report_failed(cli, failed)


@scale.command(short_help="Work off the jobs; as many workers as there are hosts.")
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Sources synced at once.",
)
@click.option("--once", "is_once", is_flag=True, help="End when no job waits.")
@click.option(
    "--region", "regions", multiple=True, metavar="NAME", help="Jobs of this region alone."
)
@click.option(
    "--silent-after",
    "silent_seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="A worker not heard of for so long is dead, and its jobs go to others.",
)
@pass_cli
def worker(
    cli: CliContext,
    *,
    concurrency: int,
    is_once: bool,
    regions: tuple[str, ...],
    silent_seconds: float,
) -> int:
    """Sync the sources that wait in the queue, until SIGTERM, or with --once until none waits.

    SIGTERM lets the syncs in hand finish. Behind `worker` the configuration is --config, and -c
    another thing.

    \b
    image-sync scale worker -c 4
    image-sync scale worker --once --region cn-north-4
    """
    from etl.run import conclusion
    from etl.sources.discover import regions_of

    ended = _Ended()
    wanted = [each for each in regions_of(cli.settings) if not regions or each in regions]
    _room("worker").work(
        cli.settings,
        queues=[_room("queue").queue_of(each) for each in wanted],
        concurrency=concurrency,
        is_once=is_once,
        silent_seconds=silent_seconds,
        sync=lambda source: _sync(cli, source, ended),
    )
    worst = min(ended.errors, default=conclusion(ended.outcomes)[1])
    return worst if is_once else 0


@scale.command(short_help="Show how many jobs are waiting, running and done.")
@output_option
@pass_cli
def status(cli: CliContext, *, output: str) -> None:
    """Show the queue of each region: how many jobs are in which state."""
    from etl.audit.query import Rows
    from etl.cli.output import print_json, print_rows
    from etl.cli.results import QueueState

    states = ("todo", "doing", "succeeded", "failed")
    found = [
        QueueState(queue=each["name"], **{name: each[name] for name in states})
        for each in _room("queue").read_queues(cli.settings)
    ]
    if output == "json":
        print_json(found)
        return
    columns = ("queue", *states)
    rows = (tuple(getattr(each, name) for name in columns) for each in found)
    print_rows(cli, Rows(columns, rows))


def _sync(cli: CliContext, source: str, ended: _Ended) -> bool:
    """What `image-sync sync --source` does; whether the source could be read."""
    from etl.cli.summary import in_one_line
    from etl.context import SyncOptions
    from etl.errors import ImageSyncError
    from etl.notify.notifier import run_with_notifications
    from etl.run import run_sync
    from etl.text import printable

    try:
        work = partial(run_sync, cli.settings, SyncOptions(source_names=[source]))
        outcome = run_with_notifications("scale", cli.settings, work)
    except Exception as error:
        ended.errors.append(getattr(error, "exit_code", 1))
        if not isinstance(error, ImageSyncError):
            raise
        message = printable(f"{source}: {error}")
        cli.report(message, event="command failed", exit_code=error.exit_code)
        return False
    ended.outcomes.extend(outcome.sources)
    if outcome.exit_code:
        message = in_one_line(outcome, command_line=cli.command_line)
        cli.report(message, event="run incomplete", exit_code=outcome.exit_code)
    elif not cli.is_quiet:
        (done,) = outcome.sources
        text = f"Run {outcome.run_id} succeeded: {done.name}, {done.seen:,} images seen"
        click.echo(printable(text))
    return outcome.status in {"succeeded", "partial", "held"}


def _room(name: str) -> Any:
    """A module of `etl.scale`, which needs the extra."""
    from etl.errors import UsageError

    try:
        return importlib.import_module(f"etl.scale.{name}")
    except ModuleNotFoundError as error:
        hint = "pip install 'modelarts-image-sync[scale]'"
        raise UsageError(f"sharing sources out needs {error.name}", hint=hint) from None
