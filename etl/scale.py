"""Distribution of the sources among hosts by a Procrastinate queue in the record's PostgreSQL.

Procrastinate's tables lie beside those of the record, with one queue per region. Other programs may
use the same tables: all our queues, locks and tasks begin with `image-sync`. A job contains only
the name of a source, which is synced as in any `sync`.

Workers on any number of hosts run the jobs. A worker with jobs sends heartbeats. If they stop,
another worker returns its jobs to the queue: a sync may be interrupted at any point and repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from etl.config.rules import masked_url
from etl.database.engine import database_text, psycopg_parameters
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError
from etl.run_context import open_context
from etl.signals import handled

if TYPE_CHECKING:
    from procrastinate.manager import JobManager

    from etl.config import Settings, SourceSettings

SYNC: Final = "image-sync sync"
PREFIX: Final = "image-sync "
POOL_SIZE: Final = 4
_LONGEST_QUEUE: Final = 128
HOUSEKEEPING: Final = PREFIX + "housekeeping"
REQUEUE: Final = PREFIX + "requeue stalled"
MAX_ATTEMPTS: Final = 5
KEPT_HOURS: Final = 30 * 24
POLL_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


def make_tables(settings: Settings) -> bool:
    """Upgrades the record's schema and creates the queue's tables; False: they existed."""
    with _queue_app(settings) as app, app.open():
        if app.check_connection():
            return False
        app.schema_manager.apply_schema()
        return True


def enqueue(settings: Settings, sources: Sequence[SourceSettings]) -> tuple[list[str], list[str]]:
    """Adds a job for each source unless one is waiting; the names with a new and a waiting job.

    A job contains nothing but the source's name.
    """
    new, waiting = [], []
    with open_queue(settings) as app:
        for source in sources:
            name = PREFIX + source.name
            job = app.configure_task(
                SYNC, queue=queue_of(source.region), lock=name, queueing_lock=name
            )
            try:
                job.defer(source=source.name)
                new.append(source.name)
            except AlreadyEnqueued:
                waiting.append(source.name)
    return new, waiting


def read_queues(settings: Settings) -> list[dict[str, Any]]:
    """Our queues with the number of jobs in each state."""
    with open_queue(settings) as app:
        found = [dict(each) for each in app.job_manager.list_queues(task=SYNC)]
    return sorted(found, key=lambda each: str(each["name"]))


def queue_of(region: str) -> str:
    """The queue of a region's sources, so that workers can run close to the API that they read."""
    return (PREFIX + region)[:_LONGEST_QUEUE]


@contextmanager
def open_queue(settings: Settings) -> Iterator[App]:
    """The queue, open for statements. Raises `SchemaNotAtHead` if its tables do not exist."""
    with _queue_app(settings) as app, app.open():
        _require_tables(settings, exist=app.check_connection())
        yield app


def _require_tables(settings: Settings, *, exist: bool) -> None:
    """Raises `SchemaNotAtHead` unless the queue's tables exist."""
    if not exist:
        message = f"the queue's tables do not exist: {masked_url(settings.database.url)}"
        raise SchemaNotAtHead(message, hint="create them with `image-sync scale init`")


@contextmanager
def _queue_app(settings: Settings) -> Iterator[App]:
    """Procrastinate on the configured database and schema, not yet connected.

    Raises `UsageError` if the database is not PostgreSQL, and `DatabaseUnavailable`.
    """
    database = settings.database
    if database.url.startswith("sqlite"):
        raise UsageError(
            f"a queue requires PostgreSQL, and the database is {database.url}",
            hint="on one host, use `image-sync sync --parallel N`",
        )
    parameters = psycopg_parameters(database.url, schema=database.schema)
    with open_context(settings) as context:
        try:
            yield App(connector=PsycopgConnector(kwargs=parameters, min_size=1, max_size=POOL_SIZE))
        except ConnectorException as error:
            message = str(error.__cause__ or error).splitlines()[0]
            raise DatabaseUnavailable(f"{message}: {database_text(context.engine)}") from error


class SourceNotSynced(Exception):
    """Marks a job as failed; `source_runs` has the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that executes the jobs of some queues, `concurrency` at a time.

    `sync` syncs a source as `image-sync sync` does, and returns whether it could be read. After
    `silent_seconds` without a sign of life, a worker's jobs are given to others.
    """

    queues: Sequence[str]
    concurrency: int
    silent_seconds: float
    sync: Callable[[str], bool]

    def work(self, settings: Settings, *, is_once: bool) -> None:
        """Executes jobs until a signal arrives, or (`is_once`) until no job is waiting.

        The first signal lets running jobs finish, the second one ends the program. Raises
        `DatabaseUnavailable`, `SchemaNotAtHead`.
        """
        _log_libraries()
        with _queue_app(settings) as app, ThreadPoolExecutor(self.concurrency) as threads:
            self._add_tasks(app, threads)
            asyncio.run(self._work(app, settings, is_once=is_once))

    async def _work(self, app: App, settings: Settings, *, is_once: bool) -> None:
        async with app.open_async():
            _require_tables(settings, exist=await app.check_connection_async())
            with suppress(AlreadyEnqueued):
                await app.configure_task(REQUEUE, priority=1).defer_async(timestamp=0)
            if is_once:
                await self._run(app, queues=[HOUSEKEEPING], wait=False)
            await self._run(app, queues=[*self.queues, HOUSEKEEPING], wait=not is_once)

    async def _run(self, app: App, *, queues: Sequence[str], wait: bool) -> None:
        working = app.run_worker_async(
            queues=queues,
            wait=wait,
            concurrency=self.concurrency,
            fetch_job_polling_interval=min(POLL_SECONDS, self.silent_seconds),
            update_heartbeat_interval=self.silent_seconds / 3,
            stalled_worker_timeout=self.silent_seconds,
            install_signal_handlers=False,
        )
        if not await _is_ended_by_signal(working) and wait:
            raise DatabaseUnavailable("the worker lost its database", hint="start it again")

    def _add_tasks(self, app: App, threads: ThreadPoolExecutor) -> None:
        every = max(1, min(30, int(self.silent_seconds / 3)))

        @app.task(name=SYNC, pass_context=True)
        async def sync(context: JobContext, source: str) -> None:
            await self._sync(context, source, threads)

        @app.periodic(cron=f"* * * * * */{every}")
        @app.task(name=REQUEUE, queue=HOUSEKEEPING, queueing_lock=REQUEUE)
        async def requeue(timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
            await requeue_stalled(app.job_manager, silent_seconds=self.silent_seconds)
            await _delete_old(app.job_manager, self.queues)

    async def _sync(self, context: JobContext, source: str, threads: ThreadPoolExecutor) -> None:
        """Syncs a source in a thread and sends heartbeats meanwhile, also during a graceful end."""
        heartbeat = asyncio.create_task(self._send_heartbeats(context))
        try:
            loop = asyncio.get_running_loop()
            is_read = await loop.run_in_executor(threads, self.sync, source)
        finally:
            heartbeat.cancel()
        if not is_read:
            raise SourceNotSynced(source)

    async def _send_heartbeats(self, context: JobContext) -> None:
        worker_id = cast("int", context.job.worker_id)
        while True:
            await context.app.job_manager.update_heartbeat(worker_id)
            await asyncio.sleep(self.silent_seconds / 3)


async def _is_ended_by_signal(working: Coroutine[Any, Any, None]) -> bool:
    """Waits for a worker; the first signal lets its running jobs finish."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(working)
    numbers = handled()

    def end() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, end)
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def requeue_stalled(jobs: JobManager, *, silent_seconds: float) -> None:
    """Returns the jobs of workers without heartbeats to the queue.

    One whose source waits in a newer job already, and one that outlived several workers, is failed.
    """
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=silent_seconds):
        if job.task_name not in {SYNC, REQUEUE}:
            continue
        if job.task_name == SYNC and job.attempts + 1 < MAX_ATTEMPTS:
            with suppress(UniqueViolation):
                await jobs.retry_job(job)
                _log.warning("job requeued", extra={"source": job.task_kwargs["source"]})
                continue
        await jobs.finish_job(job, Status.FAILED, delete_job=False)


async def _delete_old(jobs: JobManager, queues: Sequence[str]) -> None:
    """Deletes rows of finished jobs: ours after a month, those of housekeeping at once."""
    await jobs.delete_old_jobs(0, queue=HOUSEKEEPING, include_failed=True)
    for queue in queues:
        await jobs.delete_old_jobs(KEPT_HOURS, queue=queue, include_failed=True)


def _log_libraries() -> None:
    """Sends warnings of Procrastinate and its connections to our log."""
    for name in ("procrastinate", "psycopg.pool"):
        theirs = logging.getLogger(name)
        theirs.handlers = logging.getLogger("etl").handlers
        theirs.propagate = False
        theirs.setLevel(logging.WARNING)
    logging.getLogger("procrastinate.worker").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """False for a source that could not be read: its error is logged and recorded already."""
    return not (record.exc_info and isinstance(record.exc_info[1], SourceNotSynced))
