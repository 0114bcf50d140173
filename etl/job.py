"""What every source of one execution is worked on with: settings, database, run, clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.database.engine import our_errors
from etl.instants import utc_now
from etl.load.lock import source_lock
from etl.load.preview import Preview
from etl.model import Decision
from etl.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from etl.config import AuthSettings, Settings
    from etl.extract.pace import Pace
    from etl.extract.trust import Trust
    from etl.progress import Progress


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
    watch: Stopwatch = field(default_factory=Stopwatch)
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
