"""Through PgBouncer in transaction mode, where sessions keep nothing, a source has one writer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import make_url, text

from etl.cli.main import run
from etl.config import read_settings
from etl.database.engine import open_engine
from etl.database.migrate import ensure_head
from etl.database.postgresql import is_pooled
from etl.errors import DatabaseUnavailable, LockHeld, UsageError
from etl.load.baseline import Baseline, read_baseline
from etl.load.commit import commit
from etl.load.locks import source_lock
from etl.load.runs import RunStart, begin_run
from etl.load.transaction import SourceOvertaken, SourceWrite, unless_overtaken
from etl.maintenance.check import check_database
from etl.model import Decision
from etl.run import run_sync
from etl.sync_options import SyncOptions
from tests.support.counts import add_count
from tests.support.loading import START, Loading, read, record
from tests.support.pgbouncer import pooled
from tests.support.postgres import conninfo

PAIRS = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 12
CONFIG = """
[database]
url = "{url}"

[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""
LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"


@pytest.fixture(scope="module")
def pooler(postgres_server):
    with pooled(postgres_server) as query:
        yield query


@pytest.fixture
def direct(databases):
    """The database without the pooler."""
    with databases.migrated("postgresql") as url:
        yield url


@pytest.fixture
def url(pooler, direct):
    return make_url(direct).set(query=pooler).render_as_string(hide_password=False)


def ask(url: str, statement: str) -> int:
    with psycopg.connect(conninfo(url)) as connection:
        (found,) = connection.execute(statement.encode()).fetchone()
        return found


def test_a_pooler_is_recognised(url, direct):
    for place, is_there in ((url, True), (direct, False)):
        engine = open_engine(place)
        with engine.connect() as connection:
            assert is_pooled(connection) is is_there
            assert connection.execute(text("show timezone")).scalar() == "UTC"
            threshold = connection.connection.dbapi_connection.prepare_threshold
            assert (threshold is None) is is_there
        engine.dispose()


def test_concurrent_runs_have_one_writer_at_a_time(url, direct, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(url=url))
    settings = read_settings(config, environ={})
    barrier = Barrier(2)

    def one_run(_number: int) -> int:
        barrier.wait()
        return run_sync(settings).exit_code

    codes = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            codes += pool.map(one_run, range(2))
    assert set(codes) <= {0, 22}
    assert codes.count(0) >= PAIRS
    assert ask(direct, "select count(*) from source_runs") == codes.count(0)
    assert ask(direct, "select count(*) from sync_runs where exit_code is null") == 0
    assert ask(direct, LOCKS) == 0
    assert run(["--database", direct, "verify"]) == 0
    assert run_sync(settings).exit_code == 0
    add_count("pairs through a pooler", tried=PAIRS)


def test_a_run_that_may_wait_reads_an_overtaken_source_again(url, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(url=url))
    settings = read_settings(config, environ={})
    barrier = Barrier(2)

    def one_run(_number: int) -> int:
        barrier.wait()
        return run_sync(settings, SyncOptions(wait_seconds=60)).exit_code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            assert list(pool.map(one_run, range(2))) == [0, 0]


def test_a_source_that_was_written_meanwhile_is_left_alone(url, direct):
    loading = Loading(url)
    loading.run([record(0), record(1)])
    run_id = loading.begin()
    with source_lock(loading.engine, "s") as connection:
        baseline = read_baseline(connection, "s")
        changes = read(baseline, [[record(0)]], page_rows=5)
        other = Loading(direct)
        other.hours = loading.hours
        other.run([record(0), record(1), record(2)])
        write = SourceWrite(run_id=run_id, baseline=baseline, observed_at=loading.now)
        with pytest.raises(LockHeld, match="wrote source s while this run was reading it"):
            commit(connection, write, changes, Decision())
    loading.end(run_id)
    assert loading.rows("select count(*) from current_images where state = 'present'") == [(3,)]
    assert ask(direct, LOCKS) == 0


@pytest.mark.parametrize("is_overtaken", [True, False])
def test_an_error_after_another_run_is_its_consequence(url, direct, *, is_overtaken):
    loading = Loading(url)
    loading.run([record(0)])
    with loading.engine.connect() as connection:
        baseline = read_baseline(connection, "s")
        if is_overtaken:
            other = Loading(direct)
            other.hours = loading.hours
            other.run([record(0), record(1)])
        with pytest.raises(SourceOvertaken if is_overtaken else IndexError):
            with unless_overtaken(baseline):
                raise IndexError
        with pytest.raises(UsageError), unless_overtaken(baseline):
            raise UsageError("one of ours")
    with pytest.raises(IndexError), unless_overtaken(Baseline("s")):
        raise IndexError
    loading.engine.dispose()


def test_the_run_of_a_dead_process_becomes_abandoned(url, direct):
    import socket

    loading = Loading(url)
    dead = RunStart(
        kind="sync", started_at=START, version="1", host=socket.gethostname(), pid=2**22 + 1
    )
    begin_run(loading.engine, dead)
    alive = RunStart(
        kind="sync", started_at=START, version="1", host=socket.gethostname(), pid=os.getpid()
    )
    begin_run(loading.engine, alive)
    begin_run(loading.engine, RunStart(kind="sync", started_at=START, version="1", host="x", pid=1))
    begin_run(loading.engine, alive)
    statuses = loading.rows("select status from sync_runs order by run_id")
    assert statuses == [("abandoned",), ("running",), ("abandoned",), ("running",)]


@pytest.mark.parametrize("schema", ["", "Mixed"])
def test_a_schema_is_created_and_found_through_the_pooler(schema, pooler, postgres_url):
    place = make_url(postgres_url).set(query=pooler).render_as_string(hide_password=False)
    engine = open_engine(place, schema=schema)
    ensure_head(engine, auto_upgrade=True)
    for _ in range(5):
        with engine.connect() as connection:
            assert connection.execute(text("select count(*) from images")).scalar() == 0
    engine.dispose()
    assert ask(postgres_url, f'select count(*) from "{schema or "public"}".images') == 0


def test_the_check_names_the_pooler(url):
    from etl.config import DatabaseSettings

    findings = check_database(DatabaseSettings(url=url))
    assert [each.status for each in findings] == ["ok", "ok"]
    assert "connection pooler" in findings[1].message


def test_a_parameter_that_the_pooler_refuses_is_named(url):
    engine = open_engine(f"{url}&options=-c%20work_mem%3D4MB")
    from etl.database.engine import translated_errors

    with pytest.raises(DatabaseUnavailable, match=r"options.*remove it"), translated_errors(engine):
        engine.connect()
