"""What every source of one execution is worked on with: settings, database, run, clock.

`open_job` opens it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from etl.clock import utc_now
from etl.database.engine import open_engine, our_errors
from etl.database.migrate import current_revision, ensure_head, not_at_head
from etl.database.sqlite import file_of
from etl.database.stand_in import stand_in
from etl.load.locks import source_lock
from etl.load.preview import Preview
from etl.model import Decision
from etl.profiler import Profiler
from etl.progress import Progress
from etl.signals import raise_if_interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from etl.config import AuthSettings, Settings
    from etl.extract.pace import Pace
    from etl.extract.trust import Trust


OnPreview = Callable[[Preview, Decision], None]
"""Told what a dry run would write, while it can be read."""


def unseen(_preview: Preview, _decision: Decision) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every source of one execution is done with; without `run_id` nothing is written."""

    settings: Settings
    engine: Engine
    run_id: int | None
    accepts_removals: bool = False
    wait_seconds: float = 0
    progress: Progress
    now: Callable[[], datetime] = utc_now
    on_preview: OnPreview = unseen
    watch: Profiler = field(default_factory=Profiler)
    paces: dict[tuple[str, float], Pace] = field(default_factory=dict)  # by endpoint and limit
    trusts: dict[tuple[str, AuthSettings], Trust] = field(default_factory=dict)  # by endpoint

    @contextmanager
    def locked(self, source: str) -> Iterator[Connection]:
        """The connection that alone may write a source now. Raises `LockHeld`."""
        with (
            our_errors(self.engine),
            source_lock(
                self.engine, source, own_run=self.run_id, wait_seconds=self.wait_seconds
            ) as connection,
        ):
            yield connection


@contextmanager
def open_job(
    settings: Settings,
    *,
    opened: Callable[..., Engine] = open_engine,
    is_dry_run: bool = False,
    progress: Progress | None = None,
    **asked: Any,
) -> Iterator[Job]:
    """A job on the configured database, brought to head; `asked` are fields of `Job`.

    `opened`: by `open_kept` where it must be there already.
    """
    with _database(settings, opened, is_dry_run=is_dry_run) as engine:
        yield Job(
            settings=settings, engine=engine, run_id=None, progress=progress or Progress(), **asked
        )


@contextmanager
def _database(
    settings: Settings, opened: Callable[..., Engine], *, is_dry_run: bool
) -> Iterator[Engine]:
    """The database at head. For a dry run another stands in for one that a sync would make."""
    database = settings.database
    with ExitStack() as stack:
        engine = opened(database.url, schema=database.schema)
        stack.callback(engine.dispose)
        if is_dry_run and _is_blank(engine):
            if not database.auto_upgrade:
                raise not_at_head(engine, None)
            engine = stack.enter_context(stand_in())
        else:
            ensure_head(engine, auto_upgrade=database.auto_upgrade and not is_dry_run)
        raise_if_interrupted()
        yield engine


def _is_blank(engine: Engine) -> bool:
    """Whether image-sync has never been here; looking makes no file."""
    file = file_of(engine.url)
    if file and not os.path.exists(file):
        return True
    with our_errors(engine), engine.connect() as connection:
        return current_revision(connection) is None
