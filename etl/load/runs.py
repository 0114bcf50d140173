"""Rows of `sync_runs`: a run's start, its end, and the runs of processes that were killed.

A live run holds a lock on its own number (`locks`). A row with status `running` without that lock
belongs to a process that was killed, and becomes `abandoned`.
"""

from __future__ import annotations

import os
import platform
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, insert, update

from etl import __version__
from etl.database.engine import writing
from etl.database.postgresql import repair_sequences
from etl.database.schema import sync_runs
from etl.load.locks import mark_run_alive, running_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """The values of a run's row when it starts; `actor` and `reason` belong to a decision."""

    kind: str
    started_at: datetime
    actor: str | None = None
    reason: str | None = None
    version: str = __version__
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)


def begin_run(engine: Engine, start: RunStart) -> int:
    """Write the run's row, committed at once, and mark the runs of dead processes `abandoned`."""
    with ExitStack() as release:
        connection = release.enter_context(engine.connect())
        with writing(connection):
            repair_sequences(connection)
            _abandon_dead(connection)
            row = insert(sync_runs).values(status="running", **asdict(start))
            run_id = _run_id(connection.execute(row))
            mark_run_alive(connection, run_id, release)
        _alive_runs(engine)[run_id] = release.pop_all()
    return run_id


def end_run(engine: Engine, run_id: int, *, status: str, exit_code: int, now: datetime) -> None:
    """Write how the run ended, and release its lock.

    A run that was judged dead meanwhile stays `abandoned`, because the log may have sealed that.
    """
    done = update(sync_runs).where(sync_runs.c.run_id == run_id, sync_runs.c.status == "running")
    release = _alive_runs(engine).pop(run_id, nullcontext())
    with release, engine.connect() as connection, writing(connection):
        connection.execute(done.values(status=status, exit_code=exit_code, finished_at=now))


def _alive_runs(engine: Engine) -> dict[int, ExitStack]:
    """What this engine's runs hold: an idle session, or a lock file."""
    alive: dict[int, ExitStack] = engine.get_execution_options()["alive_runs"]
    return alive


def _abandon_dead(connection: Connection) -> None:
    dead = [run.run_id for run, is_alive in running_runs(connection) if not is_alive]
    if dead:
        is_dead = sync_runs.c.run_id.in_(dead)
        is_running = sync_runs.c.status == "running"  # one that ended just now is not
        abandoned = update(sync_runs).where(is_dead, is_running)
        connection.execute(abandoned.values(status="abandoned"))


def _run_id(inserted: CursorResult[Any]) -> int:
    """Number of the run that was inserted. SQLite before 3.35 does not know RETURNING."""
    key = inserted.inserted_primary_key
    return int(key[0]) if key else 0
