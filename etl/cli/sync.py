"""Commands that change the record: `sync`, `plan`, `approve`, `dismiss`, `replay-rejects`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import (
    DECISION_OPTIONS,
    NUMBER,
    DecisionOptions,
    gathered,
    output_option,
    shard_option,
    source_option,
    source_option_as,
    wait_option,
)
from etl.log import shown_progress
from etl.sync_options import SyncOptions

if TYPE_CHECKING:
    from etl.load.commit import Preview
    from etl.model import RunOutcome

_SYNC_OPTIONS = (
    source_option_as("source_names"),
    shard_option,
    click.option(
        "--parallel",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Read up to N sources at the same time.",
    ),
)
_ACCEPT_REMOVALS = click.option(
    "--accept-removals",
    "accepts_removals",
    is_flag=True,
    help="Switch the guard off for this run; the record notes it.",
)
_RUN = click.argument("run_id", metavar="RUN", type=NUMBER)


@click.command(short_help="Read every source and apply the changes.")
@gathered(SyncOptions, (*_SYNC_OPTIONS, wait_option, _ACCEPT_REMOVALS), name="options")
@output_option
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Write nothing, as `plan` does.")
@click.option(
    "--metrics-file",
    metavar="PATH",
    type=click.Path(),
    help="Prometheus text for node_exporter; default: notify.metrics_file.",
)
@pass_cli
def sync(
    cli: CliContext,
    *,
    options: SyncOptions,
    output: str,
    is_dry_run: bool,
    metrics_file: str | None,
) -> int:
    """Read every source of the configuration and apply the changes.

    \b
    image-sync sync                        every source
    image-sync sync --source beijing       one of them
    image-sync sync --shard 1/3            one third of them, the first of three hosts
    image-sync -q sync                     from cron: one line if something is wrong
    image-sync sync --output json          the result as one object

    Exit codes: 0 success, 3 partial success, 10 to 12 every source failed, 30 removals are held.
    """
    if is_dry_run:
        return _plan(cli, options, output)
    from etl.notify.notifier import run_with_notifications
    from etl.run import run_sync

    tune_garbage_collector()
    with shown_progress(is_wanted=not cli.is_quiet) as progress:
        work = partial(run_sync, cli.settings, options, progress=progress)
        outcome = run_with_notifications("sync", cli.settings, work, metrics_file=metrics_file)
    return show_outcome(cli, outcome, output=output)


@click.command(short_help="Show what a sync would do; writes nothing.")
@gathered(SyncOptions, _SYNC_OPTIONS, name="options")
@output_option
@pass_cli
def plan(cli: CliContext, *, options: SyncOptions, output: str) -> int:
    """Show what a sync would add, change, remove or hold, with evidence; write nothing.

    \b
    image-sync plan
    image-sync plan --source beijing --output json
    """
    return _plan(cli, options, output)


def _plan(cli: CliContext, options: SyncOptions, output: str) -> int:
    from etl.run import run_plan

    tune_garbage_collector()
    with shown_progress(is_wanted=not cli.is_quiet) as progress:
        result = run_plan(cli.settings, options, progress=progress)
    return show_outcome(cli, result.outcome, output=output, previews=result.previews)


def tune_garbage_collector() -> None:
    """Collects garbage often from now on, because uncollected responses are large.

    Objects of imported modules are exempt: they live until the process ends.
    """
    gc.freeze()
    gc.set_threshold(1000)


def show_outcome(
    cli: CliContext,
    outcome: RunOutcome,
    *,
    output: str,
    previews: Iterable[Preview] = (),
) -> int:
    """Prints the result of a run, with -q one line if it did not succeed; returns its exit code."""
    from etl.cli import summary

    cli.exit_code = outcome.exit_code
    if output == "json":
        from etl.cli.output import print_json

        print_json(summary.run_result(outcome, previews))
    elif not cli.is_quiet:
        click.echo(summary.as_text(outcome, command_line=cli.command_line))
        for line in summary.plan_lines(previews, is_terminal=sys.stdout.isatty()):
            click.echo(line)
    if cli.is_quiet:
        report_incomplete(cli, outcome)
    return outcome.exit_code


def report_incomplete(cli: CliContext, outcome: RunOutcome) -> None:
    """Reports a run that did not simply succeed, in one line."""
    from etl.cli.summary import in_one_line

    if outcome.exit_code:
        line = in_one_line(outcome, command_line=cli.command_line)
        cli.report(line, event="run incomplete", exit_code=outcome.exit_code)


@click.command(short_help="Remove the held images of a run that are still gone.")
@_RUN
@gathered(DecisionOptions, DECISION_OPTIONS, name="decision")
@output_option
@pass_cli
def approve(cli: CliContext, run_id: int, *, decision: DecisionOptions, output: str) -> int:
    """Look up each image whose removal RUN holds, and remove those that are still gone.

    Images that cannot be looked up now stay held, and the exit code is 30.

    \b
    image-sync removals --held     what is held, and why
    image-sync approve 17 --reason "project closed, ticket 4711"
    """
    from etl.maintenance.decisions import decide_held

    work = partial(decide_held, "approve", cli.settings, run_id)
    return decide(cli, "approve", work, decision, output)


@click.command(short_help="Discard the held removals of a run; later runs decide again.")
@_RUN
@gathered(DecisionOptions, DECISION_OPTIONS, name="decision")
@output_option
@pass_cli
def dismiss(cli: CliContext, run_id: int, *, decision: DecisionOptions, output: str) -> int:
    """Discard the removals that RUN holds. Nothing is removed, and later runs decide again.

    \b
    image-sync dismiss 17 --by alice --reason "the endpoint was broken"
    """
    from etl.maintenance.decisions import decide_held

    work = partial(decide_held, "dismiss", cli.settings, run_id)
    return decide(cli, "dismiss", work, decision, output)


@click.command(short_help="Parse the stored rejects again.")
@source_option
@wait_option
@output_option
@pass_cli
def replay_rejects(
    cli: CliContext, sources: tuple[str, ...], *, wait_seconds: float, output: str
) -> int:
    """Parse the unresolved rejects again, after an upgrade that may understand them.

    \b
    image-sync rejects             the stored records, with reasons
    image-sync replay-rejects
    """
    from etl.maintenance.decisions import replay_rejects

    work = partial(replay_rejects, cli.settings, source_names=sources, wait_seconds=wait_seconds)
    return _execute(cli, "replay", work, output)


def decide(
    cli: CliContext,
    command: str,
    work: Callable[..., RunOutcome],
    decision: DecisionOptions,
    output: str,
) -> int:
    """Executes a person's decision, and prints the result."""
    return _execute(cli, command, partial(work, **asdict(decision)), output)


def _execute(cli: CliContext, command: str, work: Callable[[], RunOutcome], output: str) -> int:
    """Executes a command that writes, with its notifications, and prints the result."""
    from etl.notify.notifier import run_with_notifications

    outcome = run_with_notifications(command, cli.settings, work)
    return show_outcome(cli, outcome, output=output)
