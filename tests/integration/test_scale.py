"""The queue: a job for each source, no doubles, none lost; and `scale` as it is typed."""

import asyncio
import json
import os
import signal
import sys
import threading
from importlib.resources import files

import jsonschema
import psycopg
import pytest
from sqlalchemy import make_url

from etl import scale
from etl.cli.main import run
from etl.config import DatabaseSettings, Settings, SourceSettings
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError
from etl.scale import enqueue, make_tables, open_queue, queue_of, read_queues
from tests.support.fake_api import FakeApi, Response
from tests.support.postgres import conninfo
from tests.support.syncing import catalogue

SECRET = "canary-of-the-token"
SILENT_SECONDS = 30


def source(name, endpoint="sample:"):
    return SourceSettings(name=name, endpoint=endpoint, project_id="a" * 32)


@pytest.fixture
def head_url(databases):
    """A PostgreSQL database at head, without the queue."""
    with databases.migrated("postgresql") as url:
        yield url


@pytest.fixture
def settings(head_url):
    """Three sources and the queue's tables."""
    sources = (source("one"), source("two"), source("far", "https://modelarts.cn-north-4.x.com"))
    settings = Settings(database=DatabaseSettings(url=head_url), sources=sources)
    assert make_tables(settings) is True
    return settings


@pytest.fixture
def sql(settings):
    """Asks the database, committed at once."""
    url = make_url(settings.database.url).set(drivername="postgresql")
    text = url.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        yield lambda statement: connection.execute(statement)


def jobs(sql):
    found = sql(
        "select args ->> 'source', status::text from procrastinate_jobs "
        "where task_name = 'image-sync sync' order by id"
    )
    return found.fetchall()


def work(settings, sync, *, is_once=True, **how):
    """The number of jobs that did not raise an error."""
    done = []

    def noted(name):
        result = sync(name)
        done.append(name)
        return result

    usual = {"queues": [queue_of(each.region) for each in settings.sources], "concurrency": 2}
    known = {**usual, "silent_seconds": SILENT_SECONDS, **how}
    scale.Worker(sync=noted, **known).work(settings, is_once=is_once)
    return len(done)


def test_creating_the_tables_twice_changes_nothing(settings):
    assert make_tables(settings) is False


def test_each_source_has_one_job_in_the_queue_of_its_region(settings, sql):
    assert enqueue(settings, settings.sources) == (["one", "two", "far"], [])
    assert enqueue(settings, settings.sources[1:]) == ([], ["two", "far"])
    rows = sql("select queue_name, args::text from procrastinate_jobs order by id").fetchall()
    assert rows == [
        ("image-sync sample", '{"source": "one"}'),
        ("image-sync sample", '{"source": "two"}'),
        ("image-sync cn-north-4", '{"source": "far"}'),
    ]
    output = read_queues(settings)
    assert [(each["name"], each["todo"]) for each in output] == [
        ("image-sync cn-north-4", 1),
        ("image-sync sample", 2),
    ]


def test_a_worker_syncs_each_source_once_and_marks_failures(settings, sql, capfd):
    enqueue(settings, settings.sources)
    done = []

    def sync(name):
        done.append(name)
        if name == "far":
            raise RuntimeError("a bug")
        return name == "one"

    assert work(settings, sync) == 2
    assert sorted(done) == ["far", "one", "two"]
    assert jobs(sql) == [("one", "succeeded"), ("two", "failed"), ("far", "failed")]
    assert "SourceNotSynced" not in capfd.readouterr().err
    assert work(settings, sync) == 0


def test_a_worker_leaves_other_regions_and_other_programs_alone(settings, sql):
    enqueue(settings, settings.sources)
    sql("insert into procrastinate_jobs (queue_name, task_name) values ('default', 'theirs')")
    done = []
    work(settings, lambda name: not done.append(name), queues=["image-sync cn-north-4"])
    assert done == ["far"]
    theirs = sql("select status::text from procrastinate_jobs where task_name = 'theirs'")
    assert theirs.fetchall() == [("todo",)]


def test_two_jobs_of_a_source_never_run_at_once(settings, sql):
    enqueue(settings, settings.sources[:1])
    sql("update procrastinate_jobs set status = 'doing'")
    enqueue(settings, settings.sources[:1])
    assert jobs(sql) == [("one", "doing"), ("one", "todo")]
    sql("insert into procrastinate_workers default values")  # it lives
    sql("update procrastinate_jobs set worker_id = 1 where status = 'doing'")
    assert work(settings, lambda name: True) == 0


def test_the_driver_keeps_cancellations(head_url):
    """Or a worker that is to end never does: on Python 3.11 psycopg 3.3.5 lost one in four."""

    async def ask(connection):
        for _ in range(50):
            await connection.execute("select 1")

    async def lost():
        count = 0
        async with await psycopg.AsyncConnection.connect(conninfo(head_url)) as connection:
            for turn in range(100):
                task = asyncio.create_task(ask(connection))
                for _ in range(1 + turn % 40):
                    await asyncio.sleep(0)
                task.cancel()
                (end,) = await asyncio.gather(task, return_exceptions=True)
                count += not isinstance(end, asyncio.CancelledError)
        return count

    assert asyncio.run(lost()) == 0


def stalled(settings, sql):
    """A job in the hands of a worker that nobody knows any more."""
    enqueue(settings, settings.sources[:1])
    sql("update procrastinate_jobs set status = 'doing', worker_id = null")


def test_the_job_of_a_silent_worker_is_executed_by_another(settings, sql, capfd):
    stalled(settings, sql)
    done = []
    assert work(settings, lambda name: not done.append(name)) == 1
    assert (done, jobs(sql)) == (["one"], [("one", "succeeded")])


def test_the_job_of_a_silent_worker_fails_if_a_newer_one_waits(settings, sql):
    stalled(settings, sql)
    enqueue(settings, settings.sources[:1])
    assert work(settings, lambda name: True) == 1
    assert jobs(sql) == [("one", "failed"), ("one", "succeeded")]


def test_a_job_fails_after_too_many_attempts(settings, sql):
    stalled(settings, sql)
    sql(f"update procrastinate_jobs set attempts = {scale.MAX_ATTEMPTS - 1}")
    assert work(settings, lambda name: True) == 0
    assert jobs(sql) == [("one", "failed")]


def test_stalled_jobs_of_other_programs_are_left_alone(settings, sql):
    sql(
        "insert into procrastinate_jobs (queue_name, task_name, status) "
        "values ('default', 'theirs', 'doing'), "
        "('image-sync housekeeping', 'image-sync requeue stalled', 'doing')"
    )
    work(settings, lambda name: True)
    left = sql("select task_name, status::text from procrastinate_jobs where status = 'doing'")
    assert left.fetchall() == [("theirs", "doing")]


def test_finished_jobs_are_kept_for_a_month(settings, sql):
    enqueue(settings, settings.sources[:2])
    assert work(settings, lambda name: True) == 2
    sql(
        "update procrastinate_events e set at = at - interval '31 days' from procrastinate_jobs j "
        "where j.id = e.job_id and j.args ->> 'source' = 'one'"
    )
    work(settings, lambda name: True)
    assert jobs(sql) == [("two", "succeeded")]


def test_a_signal_lets_running_jobs_finish(settings, sql):
    enqueue(settings, settings.sources[:2])
    done = []

    def sync(name):
        os.kill(os.getpid(), signal.SIGTERM)
        ended.wait(10)
        done.append(name)
        return True

    ended = threading.Event()
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(0.5, ended.set).start()
    try:
        assert work(settings, sync, is_once=False, concurrency=1) == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (done, jobs(sql)) == (["one"], [("one", "succeeded"), ("two", "todo")])


def test_a_long_job_sends_heartbeats(settings, sql):
    enqueue(settings, settings.sources[:1])

    def sync(name):
        silence = "select last_heartbeat from procrastinate_workers"
        first = sql(silence).fetchall()
        while sql(silence).fetchall() == first:
            threading.Event().wait(0.05)
        return True

    assert work(settings, sync, silent_seconds=1) == 1


def test_a_worker_that_lost_its_database_fails(settings, monkeypatch):
    async def ends(self, **_how):
        await asyncio.sleep(0)

    monkeypatch.setattr("procrastinate.App.run_worker_async", ends)
    with pytest.raises(DatabaseUnavailable, match="lost its database"):
        work(settings, lambda name: True, is_once=False)


def test_a_database_error_ends_the_worker(settings, sql):
    sql("drop table procrastinate_workers cascade")
    with pytest.raises(DatabaseUnavailable, match="procrastinate_workers"):
        work(settings, lambda name: True)


def test_without_the_queues_tables(head_url):
    bare = Settings(database=DatabaseSettings(url=head_url), sources=(source("one"),))
    with pytest.raises(SchemaNotAtHead, match="scale init"), open_queue(bare):
        pass


def test_sqlite_has_no_queue(tmp_path):
    lite = Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/a.db"))
    with pytest.raises(UsageError, match="requires PostgreSQL"):
        make_tables(lite)
    assert list(tmp_path.iterdir()) == []


SOURCES = """
[[source]]
name = "one"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"

[[source]]
name = "off"
endpoint = "http://127.0.0.1:9"
project_id = "0123456789abcdef0123456789abcdef"
[source.auth]
method = "token"
token = "canary-of-the-token"
[source.http]
max_retries = 0
"""


@pytest.fixture
def typed(tmp_path, monkeypatch, postgres_url):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", postgres_url)
    (tmp_path / "config.toml").write_text(SOURCES)
    (tmp_path / "config.toml").chmod(0o600)


@pytest.mark.usefixtures("typed")
def test_the_commands(capsys, postgres_url):
    assert run(["scale", "init"]) == 0
    assert run(["scale", "init"]) == 0
    assert (
        capsys.readouterr().out == "created the queue's tables\nthe queue's tables exist already\n"
    )
    assert run(["scale", "enqueue"]) == 0
    assert run(["scale", "enqueue", "--source", "one"]) == 0
    assert (
        capsys.readouterr().out == "2 enqueued, 0 waiting already\n0 enqueued, 1 waiting already\n"
    )
    assert run(["scale", "worker", "--once", "--region", "sample"]) == 0
    assert capsys.readouterr().out.startswith("Run 1 succeeded: one, ")
    assert run(["scale", "worker", "--once", "-c", "2"]) == 11
    output = capsys.readouterr()
    assert (output.out, "image-sync: Run 2 failed: off: " in output.err) == ("", True)
    assert "Traceback" not in output.err
    assert run(["scale", "status"]) == 0
    rows = [line.lower().split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["queue", "todo", "doing", "succeeded", "failed"],
        ["image-sync", "127.0.0.1:9", "0", "0", "0", "1"],
        ["image-sync", "sample", "0", "0", "1", "0"],
    ]
    assert run(["scale", "status", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        "queue": "image-sync sample", "todo": 0, "doing": 0, "succeeded": 1, "failed": 0,
    }  # fmt: skip
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("select j::text from procrastinate_jobs j").fetchall()
    assert SECRET not in str(rows)


@pytest.mark.usefixtures("typed")
def test_the_commands_print_json(capsys):
    for command, options in (
        ("init", []),
        ("enqueue", ["--source", "one"]),
        ("worker", ["--once"]),
    ):
        capsys.readouterr()
        assert run(["scale", command, *options, "--output", "json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        schema = files("etl").joinpath("schemas", f"scale-{command}.json").read_text("utf-8")
        jsonschema.Draft202012Validator(json.loads(schema)).validate(printed)
    assert [each["name"] for each in printed["sources"]] == ["one"]


@pytest.mark.usefixtures("typed")
def test_quiet_commands_print_nothing_on_success(capsys):
    for arguments in (["init"], ["enqueue", "--source", "one"], ["worker", "--once"]):
        assert run(["-q", "scale", *arguments]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("typed")
def test_a_worker_reports_errors_without_an_outcome(capsys, monkeypatch, tmp_path):
    assert run(["scale", "init", "-q"]) == 0
    assert run(["scale", "enqueue", "-q", "--source", "one"]) == 0
    (tmp_path / "config.toml").write_text(SOURCES.replace('"one"', '"other"'))
    assert run(["scale", "worker", "--once"]) == 2
    assert "image-sync: one: unknown source 'one'" in capsys.readouterr().err
    assert run(["scale", "enqueue", "-q", "--source", "other"]) == 0
    monkeypatch.setattr("etl.run.run_sync", lambda *_args, **_how: 1 / 0)
    assert run(["scale", "worker", "--once"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.usefixtures("typed")
def test_without_the_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    monkeypatch.delitem(sys.modules, "etl.scale")
    assert run(["scale", "init"]) == 2
    assert "pip install 'modelarts-image-sync[scale]'" in capsys.readouterr().err


@pytest.mark.usefixtures("typed")
def test_discovered_sources_are_enqueued(capsys, monkeypatch, tmp_path):
    projects = [{"id": "1" * 32, "name": "cn-north-4"}, {"id": "2" * 32, "name": "cn-north-4_team"}]
    with FakeApi(catalogue(3), projects=projects) as api:
        (tmp_path / "config.toml").write_text(
            f'[[discover]]\niam_endpoint = "{api.url}"\nregions = ["cn-north-4"]\n'
            f'[discover.source]\nendpoint = "{api.url}"\nhttp.max_retries = 0\n'
        )
        assert run(["scale", "init"]) == 0
        assert run(["scale", "enqueue"]) == 0
        assert run(["scale", "worker", "--once"]) == 0
        output = capsys.readouterr().out.splitlines()
        assert output[1] == "2 enqueued, 0 waiting already"
        assert sorted(line.split(": ")[1] for line in output[2:]) == [
            "cn-north-4, 3 images seen",
            "cn-north-4_team, 3 images seen",
        ]
        asked = [each for each in api.requests if each.path == "/v3/auth/projects"]
        assert len(asked) == 1
        api.before_request = lambda request: Response(503)
        assert run(["scale", "enqueue"]) == 3
        output = capsys.readouterr()
        assert (output.out, "discover default: " in output.err) == (
            "2 enqueued, 0 waiting already\n",
            True,
        )
