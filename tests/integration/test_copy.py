"""`db copy`: the whole record in another database reads the same, and goes on there."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from etl.cli.main import run
from etl.database.engine import open_engine
from etl.database.views import VIEWS
from etl.load import record_copy
from etl.load.record_copy import plain
from tests.support.databases import BACKENDS, Backend, Databases
from tests.support.history import HOSTILE, History, record, varied
from tests.support.verified import assert_consistent

TABLES = ("image_removals", "held_removals", "sync_runs", "source_runs", "rejects", "source_fields")


@pytest.fixture(params=BACKENDS)
def other_url(request, databases: Databases):
    with databases.empty(request.param) as url:
        yield url


def relations(url: str) -> dict[str, list[tuple[str, ...]]]:
    """Every relation, spelled alike whatever the database."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted(
                tuple(str(plain(each)) for each in row)
                for row in connection.execute(text(f"select * from {name}"))
            )
            for name in (*VIEWS, *TABLES)
        }
    engine.dispose()
    return found


def test_the_copy_says_the_same_and_goes_on(varied_engine, other_url, capsys):
    database_url = varied_engine.url.render_as_string(hide_password=False)
    history = History.resumed(varied_engine)
    history.run([record(f"{n}", name=each, tag=each) for n, each in enumerate(HOSTILE)])
    varied_engine.dispose()
    capsys.readouterr()

    assert run(["--database", database_url, "db", "copy", other_url]) == 0
    copied = capsys.readouterr()
    assert copied.err.endswith("the copy was verified\n")
    assert run(["--database", database_url, "verify"]) == 0
    assert relations(other_url) == relations(database_url)

    engine = open_engine(other_url)
    history.engine = engine
    outcome = history.run([record("new"), b'{"id": 7}'])
    assert (outcome.added, outcome.rejected) == (1, 1)
    with engine.connect() as connection:
        assert_consistent(connection)
    engine.dispose()


def test_a_database_with_a_record_is_left_alone(database_url, other_url, capsys):
    for url in (database_url, other_url):
        engine = open_engine(url)
        if url == other_url:
            run(["-q", "--database", url, "db", "upgrade"])
        History(engine).run([record("a")])
        engine.dispose()
    before = relations(other_url)
    assert run(["--database", database_url, "db", "copy", other_url]) == 20
    assert "the target database is not empty" in capsys.readouterr().err
    assert relations(other_url) == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_copy_that_breaks_off_leaves_nothing(databases: Databases, backend: Backend, monkeypatch):
    def broken(_connection) -> None:
        raise KeyboardInterrupt

    with databases.migrated("sqlite") as url, databases.migrated(backend) as other:
        source, target = open_engine(url), open_engine(other)
        varied(source, runs=3)
        monkeypatch.setattr(record_copy, "repair_sequences", broken)
        with source.connect() as reading, target.connect() as writing:
            with pytest.raises(KeyboardInterrupt):
                record_copy.copy_record(reading, writing)
            assert writing.execute(text("select count(*) from sync_runs")).scalar() == 0
        source.dispose()
        target.dispose()


def test_an_empty_record_is_copied_silently_with_q(database_url, other_url, capsys):
    assert run(["-q", "--database", database_url, "db", "copy", other_url]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_copy_counts_its_rows(database_url, other_url, capsys):
    engine = open_engine(database_url)
    History(engine).run([record("a")])
    engine.dispose()
    assert run(["--database", database_url, "db", "copy", other_url, "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"]["current_images"] == 1
