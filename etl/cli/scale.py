"""`scale …`: several hosts share the sources through a queue in the PostgreSQL database."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.main import Group
from etl.cli.options import output_option, shard_option, source_option
from etl.cli.output import print_json, print_result, print_rows
from etl.cli.sync import report_incomplete, tune_garbage_collector
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from etl.model import Outcome
    from etl.sync_options import Shard


@dataclass(frozen=True, slots=True)
class _Syncs:
    """Syncs sources as `sync --source` does, and remembers how each of them ended."""

    cli: CliContext
    output: str
    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """That of one run over all the sources."""
        from etl.run import status_and_exit_code

        return min(self.errors, default=status_and_exit_code(self.outcomes)[1])

    def sync(self, source: str) -> bool:
        """Syncs one source; returns whether it could be read."""
        from etl.cli.summary import run_result
        from etl.errors import ImageSyncError, exit_code_for
        from etl.notify.notifier import run_with_notifications
        from etl.run import run_sync
        from etl.sync_options import SyncOptions

        settings = self.cli.settings
        try:
            work = partial(run_sync, settings, SyncOptions(source_names=[source]))
            outcome = run_with_notifications("scale", settings, work)
        except Exception as error:
            self.errors.append(exit_code_for(error))
            if not isinstance(error, ImageSyncError):
                raise
            message = f"{source}: {error}"
            self.cli.report(message, event="command failed", exit_code=error.exit_code)
            return False
        self.outcomes.extend(outcome.sources)
        report_incomplete(self.cli, outcome)
        if self.output == "json":
            print_json(run_result(outcome), indent=0)
        elif not (outcome.exit_code or self.cli.is_quiet):
            (done,) = outcome.sources
            text = f"Run {outcome.run_id} succeeded: {done.name}, {done.seen:,} images seen"
            click.echo(printable(text))
        return outcome.status in {"succeeded", "partial", "held"}


@click.group(cls=Group, short_help="Share the sources among several hosts through a queue.")
def scale() -> None:
    """Share the sources among any number of hosts through a queue in the PostgreSQL database.

    It requires the extra `scale`: pip install 'modelarts-image-sync[scale]'

    \b
    image-sync scale init              once: create the queue's tables
    image-sync scale enqueue           from cron, on one host: one job per source
    image-sync scale worker -c 4       a service on every host: four sources at a time
    """


@scale.command(short_help="Create the queue's tables unless they exist.")
@output_option
@pass_cli
def init(cli: CliContext, *, output: str) -> None:
    """Create Procrastinate's tables beside those of the record, unless they exist."""
    from etl.cli.results import QueueTables

    is_new = _queue().make_tables(cli.settings)
    text = "created the queue's tables" if is_new else "the queue's tables exist already"
    print_result(cli, QueueTables(created=is_new), text, output=output)


@scale.command(short_help="Add a job for each source that has none waiting.")
@source_option
@shard_option
@output_option
@pass_cli
def enqueue(cli: CliContext, sources: tuple[str, ...], *, shard: Shard | None, output: str) -> int:
    """Add a job for each source to the queue of its region, unless one is waiting there.

    \b
    image-sync scale enqueue
    image-sync scale enqueue --source beijing
    """
    from etl.cli.admin import report_failed
    from etl.cli.results import EnqueuedJobs
    from etl.sources.selection import find_sources

    wanted, failed = find_sources(cli.settings, sources, shard=shard, writes=True)
    new, waiting = _queue().enqueue(cli.settings, wanted)
    result = EnqueuedJobs(enqueued=len(new), waiting=len(waiting))
    text = f"{len(new)} enqueued, {len(waiting)} waiting already"
    print_result(cli, result, text, output=output)
    return report_failed(cli, failed)


@scale.command(short_help="Execute the jobs; run one worker on each host.")
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Sources to sync at a time.",
)
@click.option("--once", "is_once", is_flag=True, help="Exit when no job is waiting.")
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="NAME",
    help="Only jobs of this region; may be repeated.",
)
@click.option(
    "--silent-after",
    "silent_seconds",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Requeue the jobs of a worker that has sent no heartbeat for SECONDS.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or one JSON object in a line for each sync.",
)
@pass_cli
def worker(
    cli: CliContext,
    *,
    concurrency: int,
    is_once: bool,
    regions: tuple[str, ...],
    silent_seconds: float,
    output: str,
) -> int:
    """Sync the sources in the queue until SIGTERM, or with --once until no job is waiting.

    SIGTERM lets running syncs finish. After `worker`, -c is --concurrency, not --config.

    \b
    image-sync scale worker -c 4
    image-sync scale worker --once --region cn-north-4
    """
    from etl.sources.selection import regions_of

    tune_garbage_collector()
    syncs = _Syncs(cli, output)
    wanted = [each for each in regions_of(cli.settings) if not regions or each in regions]
    queue = _queue()
    worker = queue.Worker(
        queues=[queue.queue_of(each) for each in wanted],
        concurrency=concurrency,
        silent_seconds=silent_seconds,
        sync=syncs.sync,
    )
    worker.work(cli.settings, is_once=is_once)
    return syncs.exit_code if is_once else 0


@scale.command(short_help="Show how many jobs are waiting, running and done.")
@output_option
@pass_cli
def status(cli: CliContext, *, output: str) -> None:
    """Show each region's queue with the number of jobs in each state.

    \b
    image-sync scale status
    image-sync scale status --output json
    """
    from msgspec.structs import astuple

    from etl.audit.query import Rows
    from etl.cli.results import QueueState

    counts = ("todo", "doing", "succeeded", "failed")
    queues = [
        QueueState(queue=each["name"], **{name: each[name] for name in counts})
        for each in _queue().read_queues(cli.settings)
    ]
    if output == "json":
        print_json(queues)
    else:
        print_rows(cli, Rows(("queue", *counts), map(astuple, queues)))


def _queue() -> ModuleType:
    """The module `etl.scale`, which requires the extra."""
    try:
        return importlib.import_module("etl.scale")
    except ModuleNotFoundError as error:
        hint = "install it with pip install 'modelarts-image-sync[scale]'"
        raise UsageError(f"this command requires {error.name}", hint=hint) from None
