"""The metrics file as node_exporter reads it: whole, and with the database's own numbers."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url, text

from etl import __version__
from etl.atomic_file import atomic_write
from etl.audit import query
from etl.cli.main import run
from etl.config import DiscoverSettings, Settings
from etl.database.engine import open_engine, snapshot
from etl.database.migrate import open_record
from etl.errors import DatabaseUnavailable, Interrupted
from etl.load.locks import source_lock
from etl.maintenance.decisions import decide_held
from etl.model import RunOutcome
from etl.notify.metrics import FAMILIES, read_sources
from etl.notify.notifier import run_with_notifications
from etl.run import run_sync
from tests.support.fake_api import Quirks
from tests.support.syncing import catalogue, image, place

OPEN = "(select source, image_id from held_removals where released_at is null)"
STRANGE = 'a "quoted" \\ name {x="y"} ü'


def samples(path):
    """(name, labels) → value, as Prometheus' own parser reads them."""
    read = {}
    for family in text_string_to_metric_families(path.read_text("utf-8")):
        assert family.documentation
        assert family.type == "gauge"
        for each in family.samples:
            key = (each.name.removeprefix("image_sync_"), tuple(sorted(each.labels.items())))
            assert key not in read
            read[key] = each.value
    return read


def of(path, family, **labels):
    return samples(path)[family, tuple(sorted(labels.items()))]


def sync(at, path, **how):
    """A run with its metrics file, on the place's own clock."""

    def work():
        return at.run(**how)

    return run_with_notifications(
        "sync", at.settings(), work, metrics_file=str(path), now=lambda: at.now
    )


def database_samples(at):
    """The same numbers by plain SQL over the documented relations."""
    (last,) = at.rows("select * from source_runs order by run_id desc limit 1")
    expected = {
        ("source_last_run_seen", ()): last["seen"],
        ("source_last_run_pages", ()): last["pages"],
        ("source_last_run_requests", ()): last["requests"],
        ("source_last_run_retries", ()): last["retries"],
        ("source_last_run_rejected", ()): last["rejected"],
        ("source_last_run_certified", ()): last["certificate"] != "none",
        ("source_rejects", ()): count(at, "rejects where resolved_at is null"),
        ("source_held", ()): count(at, "held_removals where released_at is null"),
        ("source_missing", ()): count(
            at, f"images where missing_since is not null and (source, image_id) not in {OPEN}"
        ),
        **{
            ("source_last_run_status", (("status", each),)): last["status"] == each
            for each in ("succeeded", "partial", "held", "failed")
        },
        **{
            ("source_last_run_changes", (("kind", each),)): last[each]
            for each in ("added", "changed", "removed", "restored", "in_scope", "out_of_scope")
        },
        **{
            ("source_images", (("state", each),)): count(at, f"images where state = '{each}'")
            for each in ("present", "removed", "out_of_scope")
        },
    }
    for name, where in (
        ("run", "true"),
        ("success", "status = 'succeeded'"),
        ("certified", "certificate <> 'none'"),
    ):
        (row,) = at.rows(f"select max(observed_at) as at from source_runs where {where}")
        expected[f"source_last_{name}_timestamp_seconds", ()] = unix(row["at"])
    return {
        (name, (*labels, ("source", "one"))): value for (name, labels), value in expected.items()
    }


def count(at, what):
    return at.rows(f"select count(*) as n from {what}")[0]["n"]


def unix(at):
    if isinstance(at, str):
        at = datetime.fromisoformat(at.replace("Z", "+00:00"))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.timestamp() if at else 0


def assert_equals_database(path, at):
    found = {key: value for key, value in samples(path).items() if key[0].startswith("source_")}
    sorted_labels = {
        (name, tuple(sorted(labels))): value
        for (name, labels), value in database_samples(at).items()
    }
    assert found == sorted_labels


@pytest.fixture
def sqlite(databases):
    """For what is the same on both."""
    with databases.migrated("sqlite") as url:
        yield url


def test_metrics_equal_the_database(database_url, tmp_path):
    path = tmp_path / "image-sync.prom"
    broken = [*catalogue(40), image(40, size="large")]
    with place(database_url, broken) as at:
        assert sync(at, path).exit_code == 3  # a reject
        assert_equals_database(path, at)
        assert of(path, "source_rejects", source="one") == 1
        at.api.images = [image(1, name="other"), *catalogue(20)[2:], image(99)]
        assert sync(at, path).exit_code == 30  # half of it is gone: held
        assert_equals_database(path, at)
        assert of(path, "source_held", source="one") == 21
        assert of(path, "last_run_exit_code") == 30
        assert sync(at, path, accepts_removals=True).exit_code == 0
        assert_equals_database(path, at)
        assert of(path, "source_images", source="one", state="removed") == 21
        assert of(path, "last_run_id") == 3
        assert of(path, "last_run_timestamp_seconds") == at.now.timestamp()
        at.api.quirks = Quirks(total=lambda n: n + 1)
        at.walk = {"max_walks": 1}
        assert sync(at, path).exit_code == 3  # no certificate
        assert_equals_database(path, at)
        assert of(path, "source_last_run_certified", source="one") == 0
    found = {line.split()[2] for line in path.read_text().splitlines() if line.startswith("# HELP")}
    assert found == {f"image_sync_{name}" for name in FAMILIES}
    assert os.listdir(tmp_path) == [path.name] or database_url.startswith("sqlite")


def test_a_source_that_never_ran_has_time_0(sqlite, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(sqlite) as at:
        first = at.settings()
        both = replace(first, sources=(*first.sources, replace(at.source, name=STRANGE)))
        run_with_notifications("sync", both, at.run, metrics_file=str(path))
        assert of(path, "source_last_certified_timestamp_seconds", source=STRANGE) == 0
        assert of(path, "source_images", source=STRANGE, state="present") == 0
        assert of(path, "source_images", source="one", state="present") == 6


def test_a_certified_time_in_the_future_becomes_0(sqlite, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(sqlite) as at:
        sync(at, path)
        assert of(path, "source_last_certified_timestamp_seconds", source="one") > 0
        at.now = at.now.replace(year=at.now.year - 1)

        def plan_nothing():
            return RunOutcome(
                run_id=None, status="failed", exit_code=1,
                started_at=at.now, finished_at=at.now, is_dry_run=False, sources=(),
            )  # fmt: skip

        run_with_notifications("sync", at.settings(), plan_nothing, metrics_file=str(path))
        assert of(path, "source_last_certified_timestamp_seconds", source="one") == 0


def test_a_decision_changes_held_removals_but_not_the_last_sync(sqlite, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(sqlite, catalogue(20)) as at:
        sync(at, path)
        at.api.images = catalogue(5)
        sync(at, path)
        assert of(path, "source_held", source="one") == 15
        settings = at.settings()
        run_with_notifications(
            "dismiss", settings, lambda: decide_held("dismiss", settings, 2), metrics_file=str(path)
        )
        assert of(path, "last_run_info", command="dismiss", version=__version__) == 1
        assert of(path, "source_held", source="one") == 0
        assert of(path, "source_last_run_status", source="one", status="held") == 1
        assert of(path, "source_last_run_certified", source="one") == 1


def test_discovered_sources_have_metrics_until_they_vanish(sqlite, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(sqlite) as at:
        at.run()
        found = replace(
            at.settings(),
            sources=(),
            discover=(DiscoverSettings(label="all", regions=("cn-north-4",)),),
        )
        write(
            at.url,
            "insert into discovered_sources"
            " (source, label, project_id, project_name, region, first_seen_at)"
            " values ('one', 'all', 'p', 'project', 'cn-north-4', '2026-11-02T09:00:00.000Z')",
        )
        run_with_notifications("sync", found, at.run, metrics_file=str(path))
        assert of(path, "source_images", source="one", state="present") == 6
        write(at.url, "update discovered_sources set vanished_at = '2026-11-02T10:00:00.000Z'")
        run_with_notifications("sync", found, at.run, metrics_file=str(path))
        assert "image_sync_source_images" not in path.read_text()


def write(url, statement):
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_held_lock_is_reported_and_source_metrics_remain(database_url, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(database_url) as at:
        sync(at, path)
        engine = open_engine(database_url)
        with source_lock(engine, "one"):
            outcome = other_process(at, path)
        engine.dispose()
        assert outcome == 22
        assert of(path, "last_run_source_duration_seconds", source="one") > 0
        assert of(path, "last_run_locks_held") == 1
        assert of(path, "last_run_exit_code") == 22
        assert of(path, "last_run_source_lock_wait_seconds", source="one") >= 0
        assert of(path, "source_images", source="one", state="present") == 6


def other_process(at, path):
    """A run that finds the lock taken; SQLite's lock file knows processes, not engines."""
    config = path.with_name("config.toml")
    config.write_text(
        f'[database]\nurl = "{at.url}"\n[[source]]\nname = "one"\nendpoint = "{at.api.url}"\n'
        f'project_id = "{at.source.project_id}"\n'
    )
    command = [sys.executable, "-m", "etl", "-c", str(config), "-q", "sync"]
    process = subprocess.run([*command, "--metrics-file", str(path)], check=False, timeout=60)
    return process.returncode


def test_a_failed_source_is_reported(sqlite, tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(sqlite) as at:
        sync(at, path)
        at.api.quirks = Quirks(total=lambda n: "many")
        assert sync(at, path).exit_code == 12
        assert_equals_database(path, at)
        assert of(path, "source_last_run_status", source="one", status="failed") == 1


def test_without_the_database_source_metrics_keep_their_values(tmp_path):
    path = tmp_path / "image-sync.prom"
    with place(f"sqlite:///{tmp_path}/images.db") as at:
        sync(at, path)
        known = {key: value for key, value in samples(path).items() if "source_" in key[0]}
        off = replace(
            at.settings(), database=replace(at.settings().database, url="sqlite:////no/x")
        )
        at.now = at.now.replace(hour=23)
        with pytest.raises(DatabaseUnavailable):
            run_with_notifications(
                "sync", off, lambda: run_sync(off), metrics_file=str(path), now=lambda: at.now
            )
    assert of(path, "last_run_exit_code") == 20
    assert of(path, "last_run_timestamp_seconds") == at.now.timestamp()
    still = {key: value for key, value in samples(path).items() if "source_" in key[0]}
    assert still == {key: value for key, value in known.items() if key[0].startswith("source_")}


def test_metrics_describe_one_state_of_the_database(database_url, monkeypatch):
    with place(database_url, catalogue(3)) as at:
        if database_url.startswith("sqlite"):  # otherwise no run commits while it is read
            with closing(sqlite3.connect(make_url(database_url).database)) as file:
                file.execute("pragma journal_mode = wal")
        at.run()

        def ask_and_let_a_run_come(connection, name, /, **asked):
            answer = query.read_rows(connection, name, **asked)
            if name == "status":
                at.run()
            return answer

        monkeypatch.setattr("etl.notify.metrics.read_rows", ask_and_let_a_run_come)
        database = at.settings().database
        with open_record(database.url, schema=database.schema) as record, snapshot(record):
            sources = read_sources(record, at.settings())
    source = sources[0]
    assert source.last_sync["run_id"] == source.states["last_run_id"] == 1


def test_an_interruption_and_a_bug_report_their_exit_codes(tmp_path):
    path = tmp_path / "image-sync.prom"
    for error, code in ((Interrupted(15), 143), (RuntimeError("canary"), 1)):
        with pytest.raises(type(error)):
            run_with_notifications("sync", Settings(), raising(error), metrics_file=str(path))
        assert of(path, "last_run_exit_code") == code
    assert "canary" not in path.read_text()


def raising(error):
    def work():
        raise error

    return work


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(
        '[notify]\nmetrics_file = "set.prom"\n'
        '[[source]]\nname = "one"\nendpoint = "sample:"\nproject_id = "p"\n'
    )
    return path


def test_the_option_replaces_the_configured_file(config, tmp_path):
    assert run(["sync"]) == 0
    assert of(tmp_path / "set.prom", "last_run_id") == 1
    assert run(["sync", "--metrics-file", "given.prom"]) == 0
    assert of(tmp_path / "set.prom", "last_run_id") == 1
    assert of(tmp_path / "given.prom", "last_run_id") == 2


def test_the_file_is_readable_by_all_and_no_partial_file_remains(config, tmp_path):
    umask = os.umask(0o077)
    try:
        assert run(["sync"]) == 0
        assert run(["sync"]) == 0
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "set.prom").stat().st_mode) == 0o644
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize("command", [["plan"], ["sync", "--dry-run"]])
def test_a_plan_writes_no_metrics(config, tmp_path, command):
    assert run(command) == 0
    assert not (tmp_path / "set.prom").exists()


def test_an_unwritable_file_is_a_warning(config, tmp_path, capsys):
    (tmp_path / "set.prom").mkdir()
    assert run(["sync"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("Run 1 succeeded")
    assert output.err.count("warning: notification failed metrics_file=") == 1
    assert run(["-q", "sync"]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)


def test_two_threads_of_a_worker_write_the_file(tmp_path):
    path = tmp_path / "image-sync.prom"
    both_at_once = Barrier(2)

    def write_word(word):
        with atomic_write(path) as file:
            both_at_once.wait(timeout=30)
            file.write(word)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write_word, [b"one", b"two"]))
    assert path.read_bytes() in {b"one", b"two"}
    assert os.listdir(tmp_path) == [path.name]
