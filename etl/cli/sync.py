"""Commands that write the catalogue: `sync`, `plan`, `approve`, `dismiss`, `replay-rejects`."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import NUMBER, output_option, shard_option, source_option, wait_option
from etl.profiler import Profiler, RunningStopwatch, profile_rows, profile_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.model import RunOutcome
    from etl.shard import Shard

_parallel_option = click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Sources read side by side.",
)
_metrics_option = click.option(
    "--metrics-file",
    metavar="PATH",
    type=click.Path(),
    help="Prometheus text for node_exporter; default: notify.metrics_file.",
)


@click.command(short_help="Read every source and apply what changed.")
@source_option
@shard_option
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Write nothing: the same as `plan`.")
@click.option(
    "--accept-removals", "accepts_removals", is_flag=True, help="Let removals past the guard."
)
@wait_option
@_parallel_option
@_metrics_option
@output_option
@click.option("--profile", "is_profiled", is_flag=True, help="Tell where the time went.")
@pass_cli
def sync(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    shard: Shard | None,
    is_dry_run: bool,
    accepts_removals: bool,
    wait_seconds: float,
    parallel: int,
    metrics_file: str | None,
    output: str,
    is_profiled: bool,
) -> int:
    """Read every source of the configuration and apply what changed.

    \b
    image-sync sync                        every source
    image-sync sync --source beijing       one of them
    image-sync sync --shard 1/3            the first of three hosts' share
    image-sync -q sync                     from cron: silent while all is well
    image-sync sync --output json          what was done, as one object

    Exit codes: 0 done; 3 in part; 10, 11, 12 every source failed; 30 removals are held.
    """
    return _run(
        cli,
        sources,
        shard=shard,
        is_dry_run=is_dry_run,
        accepts_removals=accepts_removals,
        wait_seconds=wait_seconds,
        parallel=parallel,
        metrics_file=metrics_file,
        output=output,
        watch=RunningStopwatch() if is_profiled else None,
    )


@click.command(short_help="What a sync would do; writes nothing.")
@source_option
@shard_option
@wait_option
@_parallel_option
@output_option
@pass_cli
def plan(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    shard: Shard | None,
    wait_seconds: float,
    parallel: int,
    output: str,
) -> int:
    """Show what a sync would add, change, remove or hold, with evidence; write nothing.

    \b
    image-sync plan
    image-sync plan --source beijing --output json
    """
    return _run(
        cli,
        sources,
        shard=shard,
        is_dry_run=True,
        accepts_removals=False,
        wait_seconds=wait_seconds,
        parallel=parallel,
        output=output,
    )


def _run(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    shard: Shard | None,
    is_dry_run: bool,
    accepts_removals: bool,
    wait_seconds: float,
    parallel: int,
    output: str,
    metrics_file: str | None = None,
    watch: RunningStopwatch | None = None,
) -> int:
    on = (watch or Profiler()).on
    with on("start"):
        from etl.cli.plan_output import plan_lines
        from etl.context import SyncOptions
        from etl.notify.notifier import announcing
        from etl.progress import watching
        from etl.run import run_plan, run_sync

        _require_known(cli, sources)
        gc.freeze()  # what is loaded by now stays, and need not be searched for garbage any more
    options = SyncOptions(
        source_names=sources,
        shard=shard,
        accepts_removals=accepts_removals,
        wait_seconds=wait_seconds,
        parallel=parallel,
    )
    lines: list[str] = []
    with watching(is_wanted=not cli.is_quiet) as progress, on("database"):
        profiler = watch or Profiler()
        if is_dry_run:
            plan = run_plan(cli.settings, options, progress=progress, profiler=profiler)
            outcome, lines = plan.outcome, plan_lines(plan.previews)
        else:
            work = partial(run_sync, cli.settings, options, progress=progress, profiler=profiler)
            outcome = announcing("sync", cli.settings, metrics_file=metrics_file)(work)
    cli.exit_code = outcome.exit_code
    if not outcome.sources and output == "text":
        if not cli.is_quiet:
            click.echo(f"No source belongs to share {shard}.")
        return cli.exit_code
    show_outcome(cli, outcome, output=output, watch=watch)
    if is_dry_run and output == "text" and not cli.is_quiet:
        for line in lines:
            click.echo(line)
    return cli.exit_code


def _require_known(cli: CliContext, sources: tuple[str, ...]) -> None:
    from etl.sources.select import require_known

    if not cli.settings.discover:  # else they may yet be found
        require_known(cli.settings, sources)


def show_outcome(
    cli: CliContext, outcome: RunOutcome, *, output: str, watch: RunningStopwatch | None = None
) -> None:
    """Prints a run's result; with `-q` one line on standard error, when it is no success."""
    from etl.cli import summary
    from etl.cli.output import print_json

    if output == "json":
        print_json(summary.as_struct(outcome, profile=profile_rows(watch) if watch else None))
    elif not cli.is_quiet:
        click.echo(summary.as_text(outcome, command_line=cli.command_line))
    if cli.is_quiet and outcome.exit_code:
        line = summary.in_one_line(outcome, command_line=cli.command_line)
        cli.report(line, exit_code=outcome.exit_code)
    if watch and output == "text":
        click.echo(f"\n{profile_table(watch)}", err=True)


_run_argument = click.argument("run_id", metavar="RUN", type=NUMBER)


@click.command(short_help="Let a run's held removals through, each looked up again.")
@_run_argument
@wait_option
@output_option
@pass_cli
def approve(cli: CliContext, run_id: int, *, wait_seconds: float, output: str) -> int:
    """Look every image that RUN held up again, and remove at once what is still gone.

    What can't be looked up now is held on, and the command ends with 30.

    \b
    image-sync removals --held     what is held, and why
    image-sync approve 17          let it through
    """
    from etl.maintenance.held import approve

    work = partial(approve, cli.settings, run_id, wait_seconds=wait_seconds)
    return _announced(cli, "approve", work, output=output)


@click.command(short_help="Drop a run's held removals; later runs judge anew.")
@_run_argument
@wait_option
@output_option
@pass_cli
def dismiss(cli: CliContext, run_id: int, *, wait_seconds: float, output: str) -> int:
    """Drop the set of removals that RUN held. Nothing is removed, and later runs judge anew.

    \b
    image-sync dismiss 17
    """
    from etl.maintenance.held import dismiss

    work = partial(dismiss, cli.settings, run_id, wait_seconds=wait_seconds)
    return _announced(cli, "dismiss", work, output=output)


@click.command(short_help="Try the kept rejects again.")
@source_option
@wait_option
@output_option
@pass_cli
def replay_rejects(
    cli: CliContext, sources: tuple[str, ...], *, wait_seconds: float, output: str
) -> int:
    """Try the unresolved rejects again, after an upgrade that may understand them.

    \b
    image-sync rejects             what is kept, with reasons
    image-sync replay-rejects
    """
    from etl.maintenance.replay import replay_rejects

    work = partial(replay_rejects, cli.settings, source_names=sources, wait_seconds=wait_seconds)
    return _announced(cli, "replay", work, output=output)


def _announced(
    cli: CliContext, command: str, work: Callable[[], RunOutcome], *, output: str
) -> int:
    """Does `work`, tells those who are to hear of it, and prints what it came to."""
    from etl.notify.notifier import announcing

    outcome = announcing(command, cli.settings)(work)
    cli.exit_code = outcome.exit_code
    show_outcome(cli, outcome, output=output)
    return cli.exit_code
