"""The queue of jobs: Procrastinate's tables beside those of the record, one queue per region.

Other programs may use the same tables: all our queues, locks and tasks begin with `image-sync`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from etl.context import open_context
from etl.database.engine import has_table, place, psycopg_parameters
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from etl.config import Settings, SourceSettings

SYNC: Final = "image-sync sync"
PREFIX: Final = "image-sync "
POOL_SIZE: Final = 4
_LONGEST_QUEUE: Final = 128


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The sources that have a job now: a new one, or one that was waiting already."""

    new: tuple[str, ...]
    waiting: tuple[str, ...]


def make_tables(settings: Settings) -> bool:
    """Brings the record's schema to head and makes the queue's tables; False: they were there.

    Raises `UsageError` when the database is no PostgreSQL.
    """
    with _postgresql(settings) as engine:
        if has_table(engine, "procrastinate_jobs"):
            return False
        with _opened(settings, engine) as app:
            app.schema_manager.apply_schema()
        return True


def enqueue(settings: Settings, sources: Sequence[SourceSettings]) -> Enqueued:
    """A job for each source, unless one is waiting. Nothing but the source's name goes into it."""
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
    return Enqueued(tuple(new), tuple(waiting))


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
    with ready(settings) as engine, _opened(settings, engine) as app:
        yield app


@contextmanager
def ready(settings: Settings) -> Iterator[Engine]:
    """The database with the queue's tables."""
    with _postgresql(settings) as engine:
        if not has_table(engine, "procrastinate_jobs"):
            hint = "create them with `image-sync scale init`"
            message = f"the queue's tables do not exist: {place(engine)}"
            raise SchemaNotAtHead(message, hint=hint)
        yield engine


def queue_app(settings: Settings) -> App:
    """Procrastinate on the configured database and schema, not yet connected."""
    database = settings.database
    parameters = psycopg_parameters(database.url, schema=database.schema)
    return App(connector=PsycopgConnector(kwargs=parameters, min_size=1, max_size=POOL_SIZE))


@contextmanager
def queue_errors(engine: Engine) -> Iterator[None]:
    """Raises Procrastinate's database errors as `DatabaseUnavailable`."""
    try:
        yield
    except ConnectorException as error:
        message = str(error.__cause__ or error).splitlines()[0]
        raise DatabaseUnavailable(f"{message}: {place(engine)}") from error


@contextmanager
def _opened(settings: Settings, engine: Engine) -> Iterator[App]:
    app = queue_app(settings)
    with queue_errors(engine), app.open():
        yield app


@contextmanager
def _postgresql(settings: Settings) -> Iterator[Engine]:
    if settings.database.url.startswith("sqlite"):
        raise UsageError(
            f"a queue requires PostgreSQL, and the database is {settings.database.url}",
            hint="on one host, use `image-sync sync --parallel N`",
        )
    with open_context(settings) as context:
        yield context.engine
