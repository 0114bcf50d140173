"""The queue of jobs: Procrastinate's tables beside those of the record, one queue per region.

Other programs may use the same tables: all our queues, locks and tasks begin with `image-sync`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from etl.config.rules import masked_url
from etl.database.engine import database_text, psycopg_parameters
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError
from etl.run_context import open_context

if TYPE_CHECKING:
    from etl.config import Settings, SourceSettings

SYNC: Final = "image-sync sync"
PREFIX: Final = "image-sync "
POOL_SIZE: Final = 4
_LONGEST_QUEUE: Final = 128


def make_tables(settings: Settings) -> bool:
    """Upgrades the record's schema and creates the queue's tables; False: they existed."""
    with queue_app(settings) as app, app.open():
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
    with queue_app(settings) as app, app.open():
        require_tables(settings, exist=app.check_connection())
        yield app


def require_tables(settings: Settings, *, exist: bool) -> None:
    """Raises `SchemaNotAtHead` unless the queue's tables exist."""
    if not exist:
        message = f"the queue's tables do not exist: {masked_url(settings.database.url)}"
        raise SchemaNotAtHead(message, hint="create them with `image-sync scale init`")


@contextmanager
def queue_app(settings: Settings) -> Iterator[App]:
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
