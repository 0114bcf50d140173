"""One writer a source; a killed run is known as such; no transaction is left open."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from etl.database.engine import open_engine, translated_errors
from etl.database.migrate import upgrade
from etl.database.sqlite import file_of
from etl.errors import DatabaseUnavailable, LockHeld
from etl.load import locks
from etl.load.baseline import read_baseline
from etl.load.commit import commit
from etl.load.locks import require_lock, source_lock
from etl.load.runs import RunStart, begin_run, end_run
from etl.load.transaction import SourceWrite
from etl.model import Decision
from tests.support.databases import opened
from tests.support.loading import START, Loading, read, record

START_OF_RUN = RunStart(kind="sync", started_at=START, version="1", host="h", pid=1)
HOLDER = """
import os, sys
from datetime import UTC, datetime
from etl.database.engine import open_engine
from etl.load.locks import source_lock
from etl.load.runs import RunStart, begin_run
engine = open_engine(sys.argv[1])
now = datetime.now(UTC)
start = RunStart(kind="sync", started_at=now, version="1", host="elsewhere", pid=os.getpid())
begin_run(engine, start)
with source_lock(engine, "s"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(database_url):
    """Another process that holds the lock of source `s`."""
    command = [sys.executable, "-c", HOLDER, database_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_error_names_the_run_that_holds_the_lock(holder, database_url):
    engine = open_engine(database_url)
    told = rf"locked by another run 1 on host elsewhere, process {holder.pid}, since 20\d\d"
    with pytest.raises(LockHeld, match=told), source_lock(engine, "s"):
        pass


@pytest.mark.usefixtures("holder")
def test_a_lock_that_is_not_free_is_not_waited_for_by_default(database_url):
    def sleep(_seconds):
        raise AssertionError

    locked = source_lock(open_engine(database_url), "s", sleep=sleep, clock=lambda: 7.0)
    with pytest.raises(LockHeld), locked:
        pass


def test_the_error_does_not_name_the_own_run(holder, database_url):
    engine = open_engine(database_url)
    own = begin_run(engine, START_OF_RUN)
    with pytest.raises(LockHeld) as caught, source_lock(engine, "s", own_run=own):
        pass
    assert "run 1 on host elsewhere" in str(caught.value)
    assert f"run {own} " not in str(caught.value)
    end_run(engine, own, status="failed", exit_code=22, now=START)


def test_a_wait_ends_when_the_lock_is_free(holder, database_url):
    def release(_seconds):
        holder.kill()
        holder.wait()

    clock = iter(range(100))
    with source_lock(
        open_engine(database_url), "s", wait_seconds=50, sleep=release, clock=lambda: next(clock)
    ) as connection:
        assert connection.execute(text("select 1")).scalar() == 1


@pytest.mark.usefixtures("holder")
def test_only_postgresql_locks_sources_separately(database_url):
    engine = open_engine(database_url)
    if engine.dialect.name == "postgresql":
        loading = Loading(database_url, source="t")
        assert loading.run([record(1)]).added == 1
        assert loading.run([]).removed == 1
        return
    with pytest.raises(LockHeld), source_lock(engine, "t"):
        pass


def test_a_killed_run_becomes_abandoned_and_a_live_one_does_not(holder, database_url):
    engine = open_engine(database_url)
    statuses = text("select run_id, status from sync_runs order by run_id")
    mine = begin_run(engine, START_OF_RUN)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(statuses)] == [
            (1, "running"),
            (2, "running"),
        ]
    holder.kill()
    holder.wait()
    third = begin_run(engine, START_OF_RUN)
    end_run(engine, mine, status="succeeded", exit_code=0, now=START)
    end_run(engine, third, status="failed", exit_code=11, now=START)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(statuses)] == [
            (1, "abandoned"),
            (2, "succeeded"),
            (3, "failed"),
        ]
    if file := file_of(engine.url):
        assert [*Path(file).parent.glob(f"{Path(file).name}.*")] == [Path(f"{file}.lock")]


def test_a_run_that_cannot_begin_leaves_no_connection(database_url):
    engine = open_engine(database_url)
    with pytest.raises(DatabaseUnavailable), translated_errors(engine):
        begin_run(engine, replace(START_OF_RUN, kind="party"))


def test_a_process_locks_a_source_once_and_several_in_parallel(database_url):
    engine = open_engine(database_url)
    with (
        source_lock(engine, "s"),
        source_lock(engine, "t"),
        pytest.raises(LockHeld, match="locked by another process"),
        source_lock(engine, "s"),
    ):
        pass
    with source_lock(engine, "s"):
        pass


def test_no_transaction_is_open_between_reads(database_url):
    loading = Loading(database_url)
    loading.run([record(number) for number in range(20)])
    watcher = open_engine(database_url)

    def is_idle():
        if watcher.dialect.name == "sqlite":
            return not connection.connection.dbapi_connection.in_transaction
        with watcher.connect() as other:
            state = text("select state from pg_stat_activity where pid = :pid")
            driver = connection.connection.dbapi_connection
            return other.execute(state, {"pid": driver.info.backend_pid}).scalar() == "idle"

    with source_lock(loading.engine, "s") as connection:
        assert is_idle()
        baseline = read_baseline(connection, "s")
        connection.connection  # noqa: B018 - connects
        assert is_idle()
        records = [record(n, name="x" if n % 5 else f"name {n}") for n in range(1, 25)]
        changes = read(baseline, [[*records, b'{"id": "id-3", "name": 4}']], page_rows=5)
        assert is_idle()
        assert [each.image_id for each in changes.absent()] == ["id-0"]
        assert baseline.previous.observed_at == loading.now
        assert is_idle()


def test_a_lost_connection_is_a_lost_lock(databases):
    with databases.migrated("postgresql") as url:
        loading = Loading(url)
        loading.run([record(1)])
        run_id = loading.begin()
        with source_lock(loading.engine, "s") as connection:
            baseline = read_baseline(connection, "s")
            changes = read(baseline, [[record(2)]], page_rows=5)
            pid = connection.connection.dbapi_connection.info.backend_pid
            with open_engine(url).connect() as killer:
                killer.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
            write = SourceWrite(run_id=run_id, baseline=baseline, observed_at=loading.now)
            with pytest.raises(DatabaseUnavailable), translated_errors(loading.engine):
                commit(connection, write, changes, Decision())
        loading.end(run_id)
        assert loading.rows("select count(*) from current_images") == [(1,)]


def test_a_lock_is_free_before_the_server_notices_the_end_of_its_session(databases, monkeypatch):
    left: list[psycopg.Connection[Any]] = []
    with databases.migrated("postgresql") as url, opened(url) as engine:
        with source_lock(engine, "s"):
            monkeypatch.setattr(psycopg.Connection, "close", lambda self: left.append(self))
        with source_lock(engine, "s"):
            pass
        monkeypatch.undo()
        assert [each.close() for each in left] == [None, None]


def test_a_database_in_memory_has_no_other_writer():
    engine = open_engine("sqlite://")
    upgrade(engine)
    run_id = begin_run(engine, START_OF_RUN)
    assert begin_run(engine, START_OF_RUN) == run_id + 1
    with source_lock(engine, "s"), pytest.raises(LockHeld), source_lock(engine, "s"):
        pass
    for each in (run_id, run_id + 1):
        end_run(engine, each, status="succeeded", exit_code=0, now=START)
    engine.dispose()


def test_a_run_is_dead_in_a_copy_of_its_file(databases):
    with databases.migrated("sqlite") as url:
        begin_run(open_engine(url), START_OF_RUN)
        with databases.copied(url) as copy:
            assert _statuses_after_the_next_run(copy) == ["abandoned", "running"]
        assert _statuses_after_the_next_run(url) == ["running", "running"]


def _statuses_after_the_next_run(url):
    engine = open_engine(url)
    begin_run(engine, START_OF_RUN)
    with engine.connect() as connection:
        return [*connection.scalars(text("select status from sync_runs order by run_id"))]


def test_the_end_of_another_process_is_noticed(database_url):
    engine = open_engine(database_url)
    run_id = begin_run(engine, START_OF_RUN)
    for _ in range(2):
        end_run(engine, run_id, status="interrupted", exit_code=130, now=START)
    with engine.connect() as connection:
        assert connection.execute(text("select exit_code from sync_runs")).scalar() == 130


def test_a_run_that_ends_while_another_begins_is_not_abandoned(postgres_url, monkeypatch):
    engine = open_engine(postgres_url)
    upgrade(engine)
    begin_run(engine, START_OF_RUN)

    def ends_meanwhile(connection, run):
        end_run(engine, run.run_id, status="succeeded", exit_code=0, now=START)
        return False

    monkeypatch.setattr("etl.load.locks._is_alive", ends_meanwhile)
    second = begin_run(engine, START_OF_RUN)
    end_run(engine, second, status="succeeded", exit_code=0, now=START)
    with engine.connect() as connection:
        states = connection.execute(text("select status from sync_runs")).scalars().all()
    assert states == ["succeeded", "succeeded"]
    engine.dispose()


def test_a_connection_that_took_no_lock_is_refused(database_url):
    engine = open_engine(database_url)
    with source_lock(engine, "s") as connection:
        require_lock(connection, "s")
        with pytest.raises(DatabaseUnavailable, match="source t was lost"):
            require_lock(connection, "t")


@pytest.mark.parametrize(
    ("error", "is_there"), [(PermissionError, True), (ProcessLookupError, False)]
)
def test_the_process_of_another_user_is_alive(error, is_there, monkeypatch):
    def refuse(_pid, _signal):
        raise error

    monkeypatch.setattr("os.kill", refuse)
    assert locks._has_process(1) is is_there
