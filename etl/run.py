"""One execution of a writing command: its row in `sync_runs`, its sources, its exit code.

What is done to a source is another module's: `etl.sync`, `etl.maintenance.held`,
`etl.maintenance.replay`.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

from etl import __version__
from etl.clock import utc_now
from etl.context import Job, OnPreview, open_job, unseen
from etl.database.engine import our_errors
from etl.errors import ImageSyncError, Interrupted, LockHeld
from etl.load.runs import begin_run, end_run
from etl.log import bound
from etl.model import Outcome, RunOutcome, WalkFacts
from etl.profiler import Profiler
from etl.sources.connect import require_keys
from etl.sources.select import refuse_unknown, sources_of
from etl.sync import sync_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from etl.config import Settings, SourceSettings
    from etl.progress import Progress
    from etl.sources.shard import Shard

LOCKED: Final = "locked"
_TOLD: Final = ("added", "changed", "removed", "restored", "held", "missing", "rejected")

_log = logging.getLogger(__name__)


Work = Callable[["SourceSettings", Job], Outcome]
"""What is done to one source. Raises `LockHeld`, `DatabaseUnavailable`."""


def run_sync(
    settings: Settings,
    *,
    source_names: Sequence[str] = (),
    shard: Shard | None = None,
    is_dry_run: bool = False,
    accepts_removals: bool = False,
    wait_seconds: float = 0,
    parallel: int = 1,
    progress: Progress | None = None,
    now: Callable[[], datetime] = utc_now,
    on_preview: OnPreview = unseen,
    watch: Profiler | None = None,
) -> RunOutcome:
    """Synchronises the sources named, or the share (neither: all).

    Raises `ImageSyncError` when nothing could be.
    """
    refuse_unknown(settings, source_names, shard=shard)
    with open_job(
        settings,
        is_dry_run=is_dry_run,
        accepts_removals=accepts_removals,
        wait_seconds=wait_seconds,
        progress=progress,
        now=now,
        on_preview=on_preview,
        watch=watch or Profiler(),
    ) as job:
        sources, failed = sources_of(job, source_names, shard=shard, writes=not is_dry_run)
        require_keys(sources, place=settings.place)
        if is_dry_run or not (sources or failed):  # a share without sources is no run
            return _executed(
                job,
                sources,
                sync_source,
                parallel=parallel,
                failed=failed,
                started_at=job.now(),
                is_dry_run=is_dry_run,
            )
        return run_work("sync", job, sources, sync_source, parallel=parallel, failed=failed)


def run_work(
    kind: str,
    job: Job,
    sources: Sequence[SourceSettings],
    work: Work,
    *,
    parallel: int = 1,
    failed: Sequence[Outcome] = (),
) -> RunOutcome:
    """Does `work` to each source under a row of `sync_runs`, which tells how it ended."""
    started_at = job.now()
    with our_errors(job.engine):
        run_id = begin_run(
            job.engine,
            kind=kind,
            now=started_at,
            version=__version__,
            host=platform.node(),
            pid=os.getpid(),
        )
    _log.info("the run begins: %s", kind, extra={"run": run_id, "sources": len(sources)})
    ended, finished_at = ("failed", 1), None
    try:
        job = replace(job, run_id=run_id)
        outcome = _executed(
            job, sources, work, parallel=parallel, failed=failed, started_at=started_at
        )
        ended, finished_at = (outcome.status, outcome.exit_code), outcome.finished_at
    except ImageSyncError as error:
        error.run_id = run_id
        is_interrupted = isinstance(error, Interrupted)
        ended = "interrupted" if is_interrupted else "failed", error.exit_code
        raise
    finally:
        with our_errors(job.engine):
            now = finished_at or max(job.now(), started_at)  # a clock may go back
            end_run(job.engine, run_id, status=ended[0], exit_code=ended[1], now=now)
        _log.info("the run ends: %s", ended[0], extra={"run": run_id, "exit_code": ended[1]})
    return outcome


def _executed(
    job: Job,
    sources: Sequence[SourceSettings],
    work: Work,
    *,
    parallel: int,
    failed: Sequence[Outcome],
    started_at: datetime,
    is_dry_run: bool = False,
) -> RunOutcome:
    threads = min(parallel, len(sources))
    outcomes = (*_side_by_side(job, sources, work, threads=threads), *failed)
    status, exit_code = conclusion(outcomes)
    return RunOutcome(
        run_id=job.run_id,
        status=status,
        exit_code=exit_code,
        started_at=started_at,
        finished_at=max(job.now(), started_at),
        is_dry_run=is_dry_run,
        sources=outcomes,
    )


def _side_by_side(
    job: Job, sources: Sequence[SourceSettings], work: Work, *, threads: int
) -> tuple[Outcome, ...]:
    """The sources' outcomes in their order; with several threads a slow one holds up no other."""
    if threads <= 1:
        return tuple(_done(source, job, work) for source in sources)
    waiting: SimpleQueue[tuple[SourceSettings, Future[Outcome]]] = SimpleQueue()
    futures: list[Future[Outcome]] = [Future() for _ in sources]
    for pair in zip(sources, futures, strict=True):
        waiting.put(pair)
    try:
        for _ in range(threads):
            Thread(target=_take_turns, args=(waiting, job, work), daemon=True).start()
        return tuple(future.result() for future in futures)
    finally:  # after an error no further source is begun
        with suppress(Empty):
            while True:
                waiting.get_nowait()


def _take_turns(
    waiting: SimpleQueue[tuple[SourceSettings, Future[Outcome]]], job: Job, work: Work
) -> None:
    with suppress(Empty):
        while True:
            source, future = waiting.get_nowait()
            try:
                future.set_result(_done(source, job, work))
            except BaseException as error:
                future.set_exception(error)


def _done(source: SourceSettings, job: Job, work: Work) -> Outcome:
    """One source's outcome, told in the log."""
    began_at = job.now()
    with bound(run=job.run_id, source=source.name):
        outcome = _worked(source, job, work)
        seconds = (job.now() - began_at).total_seconds()
        counts = {name: getattr(outcome, name) for name in _TOLD if getattr(outcome, name)}
        _log.info("the source is done: %s", outcome.status, extra=counts)
        return replace(outcome, duration_seconds=seconds)


def _worked(source: SourceSettings, job: Job, work: Work) -> Outcome:
    """Another run's lock is an outcome too, which leaves no row."""
    began_at = job.now()
    try:
        return work(source, job)
    except LockHeld as error:
        _log.warning("the source is left alone: %s", error)
        return Outcome(
            name=source.name,
            status="failed",
            observed_at=job.now(),
            facts=WalkFacts(),
            error_kind=LOCKED,
            error_message=str(error),
            error_exit_code=error.exit_code,
            lock_wait_seconds=(job.now() - began_at).total_seconds(),
        )


def conclusion(outcomes: Sequence[Outcome]) -> tuple[str, int]:
    """The run's status and exit code: 22, then every source failed, then 30, then 3."""
    has_failed = [each.status == "failed" for each in outcomes]
    if any(each.error_kind == LOCKED for each in outcomes):
        return "failed" if all(has_failed) else "partial", LockHeld.exit_code
    if outcomes and all(has_failed):
        return "failed", outcomes[0].error_exit_code
    if any(each.status == "held" for each in outcomes):
        return "held", 30
    if any(each.status != "succeeded" for each in outcomes):
        return "partial", 3
    return "succeeded", 0
